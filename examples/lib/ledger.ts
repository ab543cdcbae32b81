// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the routes of a server have cost: calls, time on the wall, and CPU time of the process.
 */
import { performance } from "node:perf_hooks";

import { processCpuNs } from "./cpu.js";
import type { Handler } from "./server.js";

export interface Entry {
	function: string;
	route: string;
	calls: number; // that have ended
	cpu_ns: number;
	wall_ns: number;
}

export class Ledger {
	readonly entries: Entry[] = [];
	private readonly open = new Map<Entry, number>(); // calls that have begun
	private calls = 0; // of all of them
	private settledNs = 0;

	/**
	 * A handler that is entered until its answer is there. The CPU time of a moment in which several
	 * are waited for is shared among them: a call's own is exact where one route is asked at a time.
	 */
	measured(route: string, run: Handler): [string, Handler] {
		const entry = this.add(route, run);
		return [
			route,
			(query) => {
				const began = this.begin(entry);
				let reply;
				try {
					reply = run(query);
				} catch (error) {
					this.end(entry, began);
					throw error;
				}
				if (!(reply instanceof Promise)) {
					this.end(entry, began);
					return reply;
				}
				return reply.finally(() => this.end(entry, began));
			},
		];
	}

	/** A handler that is entered until it returns: what it costs the loop, not what threads do for it. */
	measuredLoop(route: string, run: Handler): [string, Handler] {
		const entry = this.add(route, run);
		return [
			route,
			(query) => {
				const began = performance.now();
				const cpu = processCpuNs();
				try {
					return run(query);
				} finally {
					entry.cpu_ns += processCpuNs() - cpu;
					this.count(entry, began);
				}
			},
		];
	}

	truth(): Entry[] {
		return this.entries.map((entry) => ({ ...entry, cpu_ns: Math.round(entry.cpu_ns) }));
	}

	private add(route: string, run: Handler): Entry {
		const entry = { function: run.name, route, calls: 0, cpu_ns: 0, wall_ns: 0 };
		this.entries.push(entry);
		return entry;
	}

	private count(entry: Entry, began: number): void {
		entry.calls++;
		entry.wall_ns += Math.round((performance.now() - began) * 1e6);
	}

	private begin(entry: Entry): number {
		this.settle();
		this.open.set(entry, (this.open.get(entry) ?? 0) + 1);
		this.calls++;
		return performance.now();
	}

	private end(entry: Entry, began: number): void {
		this.settle();
		this.open.set(entry, (this.open.get(entry) ?? 1) - 1);
		this.calls--;
		this.count(entry, began);
	}

	private settle(): void {
		const now = processCpuNs();
		const each = this.calls ? (now - this.settledNs) / this.calls : 0;
		if (each) for (const [entry, calls] of this.open) entry.cpu_ns += each * calls;
		this.settledNs = now;
	}
}

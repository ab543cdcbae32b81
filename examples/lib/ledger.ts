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
	private readonly waiting = new Map<Entry, number>(); // calls whose answer is not there yet
	private calls = 0; // of all of them
	private settledNs = 0;

	/**
	 * A handler that is entered until its answer is there. What the process uses while several are waited
	 * for is shared among them: it is exact where one route is asked at a time.
	 */
	measured(route: string, run: Handler): [string, Handler] {
		const entry = this.add(route, run);
		return [
			route,
			(query) => {
				const began = performance.now();
				this.settle();
				let reply;
				try {
					reply = run(query);
				} catch (error) {
					this.took(entry, began);
					throw error;
				}
				if (!(reply instanceof Promise)) {
					this.took(entry, began);
					return reply;
				}
				this.charge(entry);
				this.open(entry, 1);
				return reply.finally(() => {
					this.settle();
					this.open(entry, -1);
					this.count(entry, began);
				});
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

	private open(entry: Entry, calls: 1 | -1): void {
		this.waiting.set(entry, (this.waiting.get(entry) ?? 0) + calls);
		this.calls += calls;
	}

	/** All since the last look is this one's. */
	private charge(entry: Entry): void {
		const now = processCpuNs();
		entry.cpu_ns += now - this.settledNs;
		this.settledNs = now;
	}

	private took(entry: Entry, began: number): void {
		this.charge(entry);
		this.count(entry, began);
	}

	/** All since the last look is shared by those that are waited for. */
	private settle(): void {
		const now = processCpuNs();
		const each = this.calls ? (now - this.settledNs) / this.calls : 0;
		if (each) for (const [entry, calls] of this.waiting) entry.cpu_ns += each * calls;
		this.settledNs = now;
	}
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a loop knows of itself, on the clock that tracers use: process.hrtime is CLOCK_MONOTONIC.
 *
 * A log of the loop that leaves nothing out and does not change it: an immediate that is unref'd
 * runs once in each iteration that happens anyhow, after the poll and what came of it, and keeps no
 * poll from sleeping. (An immediate that is not makes every poll return at once; a timer wakes an
 * idle loop, and is late once for a stall that delays many: both are not what is wanted.) Each time
 * it notes the hour and how long the loop has been idle so far, as libuv counts it: asleep in a
 * poll that was allowed to sleep. Between two notes the loop was busy for what passed less what it
 * was idle. That is the end of one poll gap and the beginning of the next, so a gap is known from
 * the calls in it and bounded from above by the notes around it.
 */
import { readlinkSync } from "node:fs";
import { performance, PerformanceObserver } from "node:perf_hooks";

const NOTES_MAX = 1 << 20;
const CALLS_MAX = 1 << 16;

interface Call {
	kind: string;
	began_ns: number; // exact up to 2^53: 104 days after the boot
	ended_ns: number;
	slept_ns: number; // at least; 0: not known
	process_cpu_ns: number; // of all threads: Node 20 has no clock for one
}

interface Collection {
	began_ns: number;
	ended_ns: number;
}

const noteTimes = new Float64Array(NOTES_MAX);
const noteIdle = new Float64Array(NOTES_MAX);
let notes = 0;
const calls: Call[] = [];
const asyncCalls: Call[] = [];
const collections: Collection[] = [];
let leftOut = 0;

export function nowNs(): number {
	return Number(process.hrtime.bigint());
}

function idleNs(): number {
	return Math.round(performance.nodeTiming.idleTime * 1e6);
}

function note(): void {
	if (notes < NOTES_MAX) {
		noteTimes[notes] = nowNs();
		noteIdle[notes] = idleNs();
		notes++;
	} else leftOut++;
}

function noteEachIteration(): void {
	note();
	setImmediate(noteEachIteration).unref();
}

/** Begins the log of the calling thread's loop. */
export function startLog(): void {
	const originNs = nowNs() - performance.now() * 1e6;
	new PerformanceObserver((list) => {
		for (const entry of list.getEntries()) {
			const began_ns = Math.round(originNs + entry.startTime * 1e6);
			if (collections.length < CALLS_MAX)
				collections.push({ began_ns, ended_ns: began_ns + Math.round(entry.duration * 1e6) });
			else leftOut++;
		}
	}).observe({ entryTypes: ["gc"] });
	noteEachIteration();
}

function enter(log: Call[], call: Call): Call {
	if (log.length < CALLS_MAX) log.push(call);
	else leftOut++;
	return call;
}

/** Runs a stall, and enters what it was. */
export function logged(kind: string, run: (ms: number) => number, ms: number): Call {
	const cpu = process.cpuUsage();
	const began_ns = nowNs();
	const slept_ns = run(ms) * 1e6;
	const ended_ns = nowNs();
	const used = process.cpuUsage(cpu);
	return enter(calls, { kind, began_ns, ended_ns, slept_ns, process_cpu_ns: (used.user + used.system) * 1000 });
}

/** The same of a control: the loop goes on meanwhile. */
export async function loggedControl(kind: string, run: (ms: number) => Promise<void>, ms: number): Promise<Call> {
	const cpu = process.cpuUsage();
	const began_ns = nowNs();
	await run(ms);
	const ended_ns = nowNs();
	const used = process.cpuUsage(cpu);
	const process_cpu_ns = (used.user + used.system) * 1000;
	return enter(asyncCalls, { kind, began_ns, ended_ns, slept_ns: 0, process_cpu_ns });
}

/** Two of these, less each other, are the loop's utilisation between their times. */
export function utilization(): object {
	return { monotonic_ns: nowNs(), ...performance.eventLoopUtilization() };
}

/** The thread's number: what /proc/thread-self is, is the thread that asks. */
function threadId(): number {
	return Number(readlinkSync("/proc/thread-self").split("/").pop());
}

export function truth(): object {
	note(); // what came since the last one is between two as well
	return {
		tid: threadId(),
		left_out: leftOut,
		calls,
		controls: asyncCalls,
		collections,
		notes: Array.from({ length: notes }, (_, i) => [noteTimes[i], noteIdle[i]]),
	};
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A Node server whose garbage is known: so much made for each request, so much of it alive for a
 * while, so much kept for ever. It can make its own requests (--rate). /truth is what it made and
 * kept, and each collection as Node itself tells of it.
 */
import { performance, PerformanceObserver } from "node:perf_hooks";
import * as v8 from "node:v8";
import { isMainThread, threadId, Worker, workerData } from "node:worker_threads";

import { collectHeap, heapArray } from "../lib/heap.js";
import { parseOptions, type Option } from "../lib/options.js";
import { numberIn } from "../lib/query.js";
import { json, text, type Reply } from "../lib/reply.js";
import { Server, type Handler } from "../lib/server.js";

const PIECE_BYTES = 1024;
const GENERATIONS = 64; // requests that what survives lives for
const TICK_MS = 10;
const MAX_BYTES = 1 << 30;
const KINDS = new Map([
	[1, "minor"],
	[4, "major"],
	[8, "incremental"],
	[16, "weak callbacks"],
]);

interface Load {
	garbage: number; // bytes a request
	survive: number; // per cent of it that lives for GENERATIONS requests
	leak: number; // bytes a request, kept for ever
}

interface Options extends Load {
	port: number;
	rate: number; // requests a second that it makes itself
	full: number; // ms between full collections that it asks for
	poll: number; // ms between its looks at its own heap
	workers: number;
}

// --- the work -----------------------------------------------------------------------------------------

const leaked: number[][] = [];
const surviving: number[][][] = [];
const made = { requests: 0, garbage_bytes: 0, leaked_bytes: 0 };

function leakSome(bytes: number): void {
	if (!bytes) return;
	leaked.push(heapArray(bytes, made.requests));
	made.leaked_bytes += bytes;
}

function makeGarbage(load: Load): void {
	const kept: number[][] = [];
	for (let left = load.garbage; left > 0; left -= PIECE_BYTES) {
		const piece = heapArray(Math.min(left, PIECE_BYTES), left);
		if (((left / PIECE_BYTES) * 37) % 100 < load.survive) kept.push(piece);
	}
	made.garbage_bytes += load.garbage;
	surviving[made.requests % GENERATIONS] = kept;
}

function handleRequest(load: Load): void {
	makeGarbage(load);
	leakSome(load.leak);
	made.requests++;
}

// --- what it knows of itself ----------------------------------------------------------------------------

const collections: { kind: string; began_ms: number; ms: number }[] = [];
const asked = { polls: 0, fulls: 0 };

function observe(): void {
	new PerformanceObserver((list) => {
		for (const entry of list.getEntries()) {
			const { kind } = (entry as unknown as { detail: { kind: number } }).detail;
			collections.push({
				kind: KINDS.get(kind) ?? String(kind),
				began_ms: performance.timeOrigin + entry.startTime,
				ms: entry.duration,
			});
		}
	}).observe({ entryTypes: ["gc"] });
}

function collectFull(): void {
	asked.fulls++;
	collectHeap();
}

function heap(): object {
	asked.polls++;
	return { ...v8.getHeapStatistics(), spaces: v8.getHeapSpaceStatistics() };
}

function truth(): object {
	const counts: Record<string, number> = {};
	const sums: Record<string, number> = {};
	for (const { kind, ms } of collections) {
		counts[kind] = (counts[kind] ?? 0) + 1;
		sums[kind] = (sums[kind] ?? 0) + ms;
	}
	return { thread: threadId, ...made, ...asked, counts, sums_ms: sums, uptime_ms: performance.now() };
}

// --- load without a client ------------------------------------------------------------------------------

/** So many requests a second on average, however late the timer is. */
function startLoad(options: Options): void {
	const began = performance.now();
	let done = 0;
	const tick = (): void => {
		const due = ((performance.now() - began) / 1000) * options.rate;
		for (; done < due; done++) handleRequest(options);
		setTimeout(tick, TICK_MS);
	};
	if (options.rate) tick();
	if (options.full) setInterval(collectFull, options.full);
	if (options.poll) setInterval(heap, options.poll);
}

// --- routes -------------------------------------------------------------------------------------------

/** The load of the command line, or what the query says. */
function work(options: Options, query: URLSearchParams): Reply {
	handleRequest({
		garbage: numberIn(query, "garbage", options.garbage, MAX_BYTES),
		survive: numberIn(query, "survive", options.survive, 100),
		leak: numberIn(query, "leak", options.leak, MAX_BYTES),
	});
	return text("ok\n");
}

function routesOf(options: Options): Map<string, Handler> {
	return new Map<string, Handler>([
		["/", (query) => work(options, query)],
		["/collections", () => json({ collections })],
		["/heap", () => json(heap())],
		["/gc", () => (collectFull(), text("collected\n"))],
	]);
}

// --- life ---------------------------------------------------------------------------------------------

const OPTIONS: Option[] = [
	{ name: "garbage", value: "BYTES", help: "made for each request", fallback: "65536" },
	{ name: "survive", value: "PCT", help: `so much of it lives for ${GENERATIONS} requests`, fallback: "10" },
	{ name: "leak", value: "BYTES", help: "kept for ever, of each request", fallback: "0" },
	{ name: "rate", value: "N", help: "requests a second that it makes itself", fallback: "0" },
	{ name: "full", value: "MS", help: "asks for a full collection so often; 0: never", fallback: "0" },
	{ name: "poll", value: "MS", help: "asks V8 for the size of its heap so often; 0: never", fallback: "0" },
	{ name: "workers", value: "N", help: "threads that do the same, with a heap each", fallback: "0" },
];

function optionsOf(): Options {
	const values = parseOptions({
		name: "gc-server",
		summary: "A Node server whose garbage is known.",
		options: OPTIONS,
		notes: ["routes: /?garbage=BYTES&survive=PCT&leak=BYTES /health /ready /truth /collections /heap /gc"],
	});
	return {
		port: values.port,
		garbage: values.number("garbage", MAX_BYTES),
		survive: values.number("survive", 100),
		leak: values.number("leak", MAX_BYTES),
		rate: values.number("rate", 1000000),
		full: values.number("full", 3600000),
		poll: values.number("poll", 3600000),
		workers: values.number("workers", 16),
	};
}

function main(): void {
	const options = optionsOf();
	observe();
	const server = new Server({ name: "gc-server", routes: routesOf(options), truth });
	server.drainOnSignals();
	server.listen(options.port);
	startLoad(options);
	for (let i = 0; i < options.workers; i++) new Worker(__filename, { workerData: options });
}

if (isMainThread) main();
else startLoad(workerData as Options);

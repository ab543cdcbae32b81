// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A Node server whose garbage is known: so much made for each request, so much of it alive for a
 * while, so much kept for ever. It can make its own requests (--rate). /truth is what it made and
 * kept, and each collection as Node itself tells of it.
 */
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { performance, PerformanceObserver } from "node:perf_hooks";
import { parseArgs } from "node:util";
import * as v8 from "node:v8";
import { runInNewContext } from "node:vm";
import { isMainThread, threadId, Worker, workerData } from "node:worker_threads";

const PIECE_BYTES = 1024;
const SLOT_BYTES = 8; // of an array's element
const HEAD_BYTES = 32; // an array and the header of its elements
const GENERATIONS = 64; // requests that what survives lives for
const TICK_MS = 10;
const DRAIN_MS = 10000;
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

/** A packed array of small integers takes so many bytes of the heap. */
function arrayOf(bytes: number, value: number): number[] {
	return new Array<number>(Math.max(1, Math.floor((bytes - HEAD_BYTES) / SLOT_BYTES))).fill(value);
}

function leakSome(bytes: number): void {
	if (!bytes) return;
	leaked.push(arrayOf(bytes, made.requests));
	made.leaked_bytes += bytes;
}

function makeGarbage(load: Load): void {
	const kept: number[][] = [];
	for (let left = load.garbage; left > 0; left -= PIECE_BYTES) {
		const piece = arrayOf(Math.min(left, PIECE_BYTES), left);
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
	const collect = globalThis.gc ?? exposed();
	asked.fulls++;
	void collect();
}

function exposed(): () => void {
	v8.setFlagsFromString("--expose-gc");
	globalThis.gc = runInNewContext("gc") as NodeJS.GCFunction;
	return globalThis.gc as () => void;
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

interface Reply {
	status: number;
	body: string;
}

function json(value: object): Reply {
	return { status: 200, body: `${JSON.stringify(value)}\n` };
}

function bytesOf(query: URLSearchParams, name: string, other: number): number {
	const text = query.get(name);
	return text && /^\d{1,9}$/.test(text) ? Math.min(Number(text), MAX_BYTES) : other;
}

/** The load of the command line, or what the query says. */
function work(options: Options, query: URLSearchParams): Reply {
	handleRequest({
		garbage: bytesOf(query, "garbage", options.garbage),
		survive: Math.min(bytesOf(query, "survive", options.survive), 100),
		leak: bytesOf(query, "leak", options.leak),
	});
	return { status: 200, body: "ok\n" };
}

function answer(options: Options, request: http.IncomingMessage): Reply {
	const url = new URL(request.url ?? "/", "http://localhost");
	if (request.method !== "GET") return { status: 405, body: "this path takes GET\n" };
	switch (url.pathname) {
		case "/":
			return work(options, url.searchParams);
		case "/health":
			return { status: 200, body: "ok\n" };
		case "/truth":
			return json(truth());
		case "/collections":
			return json({ collections });
		case "/heap":
			return json(heap());
		case "/gc":
			collectFull();
			return { status: 200, body: "collected\n" };
		default:
			return { status: 404, body: "no such path\n" };
	}
}

// --- life ---------------------------------------------------------------------------------------------

let isDraining = false;

function end(status: number): never {
	process.stderr.write(`${JSON.stringify(truth())}\n`);
	process.exit(status);
}

function serve(options: Options): void {
	const server = http.createServer((request, response) => {
		request.resume(); // no route takes a body
		const { status, body } = answer(options, request);
		response.writeHead(status, { "Content-Type": body.startsWith("{") ? "application/json" : "text/plain" });
		response.end(body);
	});
	const drain = (): void => {
		if (isDraining) end(1);
		isDraining = true;
		server.close(() => end(0));
		server.closeIdleConnections();
		setTimeout(() => end(1), DRAIN_MS).unref();
	};
	process.on("SIGTERM", drain);
	process.on("SIGINT", drain);
	server.listen(options.port, "127.0.0.1", () => {
		console.log(`listening on 127.0.0.1:${(server.address() as AddressInfo).port}`);
	});
}

const USAGE = `usage: gc-server [--port PORT] [OPTION...]
A Node server whose garbage is known.

      --port PORT      on 127.0.0.1; 0 takes a free one (default 8080)
      --garbage BYTES  made for each request (default 65536)
      --survive PCT    so much of it lives for ${GENERATIONS} requests (default 10)
      --leak BYTES     kept for ever, of each request (default 0)
      --rate N         requests a second that it makes itself (default 0)
      --full MS        asks for a full collection so often (default 0: never)
      --poll MS        asks V8 for the size of its heap so often (default 0: never)
      --workers N      threads that do the same, with a heap each (default 0)
      --help           this text

routes: /?garbage=BYTES&survive=PCT&leak=BYTES /health /truth /collections /heap /gc
`;

function misuse(): never {
	process.stderr.write(USAGE);
	process.exit(2);
}

function numberOf(text: string | undefined, max: number): number {
	if (!text || !/^\d{1,10}$/.test(text) || Number(text) > max) return misuse();
	return Number(text);
}

function parse(): Record<string, string | boolean | undefined> {
	const number = (value: string): { type: "string"; default: string } => ({ type: "string", default: value });
	try {
		const { values } = parseArgs({
			options: {
				port: number("8080"),
				garbage: number("65536"),
				survive: number("10"),
				leak: number("0"),
				rate: number("0"),
				full: number("0"),
				poll: number("0"),
				workers: number("0"),
				help: { type: "boolean", default: false },
			},
		});
		return values;
	} catch {
		return misuse();
	}
}

function optionsOf(): Options {
	const values = parse();
	const number = (name: string, max: number): number => numberOf(values[name] as string | undefined, max);
	if (values["help"]) {
		process.stdout.write(USAGE);
		process.exit(0);
	}
	return {
		port: number("port", 65535),
		garbage: number("garbage", MAX_BYTES),
		survive: number("survive", 100),
		leak: number("leak", MAX_BYTES),
		rate: number("rate", 1000000),
		full: number("full", 3600000),
		poll: number("poll", 3600000),
		workers: number("workers", 16),
	};
}

function main(): void {
	const options = optionsOf();
	observe();
	serve(options);
	startLoad(options);
	for (let i = 0; i < options.workers; i++) new Worker(__filename, { workerData: options });
}

if (isMainThread) main();
else startLoad(workerData as Options);

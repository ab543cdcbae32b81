// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A Node server whose loop is held up, by one kind of stall per route, or by itself with --mix: the
 * twin of stalling-server. /truth is when each stall began and ended, and what the loop did in each
 * of its iterations. With --worker a second thread has a loop with the same routes.
 */
import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { isMainThread, Worker, workerData } from "node:worker_threads";

import { controls, makeFiles, stalls } from "./loop-kinds.js";
import { logged, loggedControl, startLog, truth, utilization } from "./loop-log.js";

const MS_DEFAULT = 100;
const MS_MAX = 4000;
const DRAIN_MS = 10000;
const SHORTEST_MS = 5;
const LONGEST_MS = 500;
const OCTAVES = 7; // 5 to 640 ms: as many stalls from 5 to 10 ms as from 160 to 320
const REST_MS_MAX = 40;
const COUNT_MAX = 100000;
const ASKED_AGAIN_MS = 10;

interface Options {
	port: number;
	mix: { seed: number; count: number } | undefined;
	hold: boolean;
	worker: boolean;
	truth: string | undefined;
	dir: string;
}

interface Reply {
	status: number;
	body: string;
}

function json(value: object): Reply {
	return { status: 200, body: `${JSON.stringify(value)}\n` };
}

// --- the mix: stalls without a client -----------------------------------------------------------------

let isHeld = false;
const mixState = { asked: 0, done: 0 };

/** mulberry32: the same numbers for the same seed. */
function randomOf(seed: number): (below: number) => number {
	let state = seed >>> 0;
	return (below) => {
		state = (state + 0x6d2b79f5) >>> 0;
		let t = Math.imul(state ^ (state >>> 15), state | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return ((t ^ (t >>> 14)) >>> 0) % below;
	};
}

function startMix(seed: number, count: number): void {
	const random = randomOf(seed);
	const kinds = [...stalls];
	mixState.asked = count;
	const next = (): void => {
		if (isHeld) {
			setTimeout(next, ASKED_AGAIN_MS);
			return;
		}
		const [kind, run] = kinds[random(kinds.length)]!;
		const base = SHORTEST_MS << random(OCTAVES);
		logged(kind, run, Math.min(base + random(base), LONGEST_MS));
		mixState.done++;
		if (mixState.done < count) setTimeout(next, 1 + random(REST_MS_MAX));
		else console.log("done");
	};
	setTimeout(next, ASKED_AGAIN_MS);
}

// --- routes -------------------------------------------------------------------------------------------

async function answerKind(kind: string, query: URLSearchParams): Promise<Reply | undefined> {
	const text = query.get("ms") ?? String(MS_DEFAULT);
	const ms = /^\d{1,4}$/.test(text) ? Number(text) : MS_MAX + 1;
	const stall = stalls.get(kind);
	const control = controls.get(kind);
	if (!stall && !control) return undefined;
	if (ms > MS_MAX) return { status: 400, body: `ms is 0 to ${MS_MAX}\n` };
	return json(stall ? logged(kind, stall, ms) : await loggedControl(kind, control!, ms));
}

function wholeTruth(): object {
	return { mix: mixState.asked ? { ...mixState, is_done: mixState.done === mixState.asked } : null, ...truth() };
}

const others = new Map<string, () => Reply>([
	["/health", () => ({ status: 200, body: "ok\n" })],
	["/truth", () => json(wholeTruth())],
	["/elu", () => json(utilization())],
	["/go", () => ((isHeld = false), { status: 200, body: "going\n" })],
]);

async function answer(request: http.IncomingMessage): Promise<Reply> {
	const url = new URL(request.url ?? "/", "http://localhost");
	const other = others.get(url.pathname);
	const kind = url.pathname.slice(1);
	if (!other && !stalls.has(kind) && !controls.has(kind)) return { status: 404, body: "no such path\n" };
	if (request.method !== "GET") return { status: 405, body: "this path takes GET\n" };
	return other ? other() : ((await answerKind(kind, url.searchParams)) ?? { status: 404, body: "\n" });
}

const server = http.createServer((request, response) => {
	request.resume(); // no route takes a body
	answer(request)
		.catch((error: unknown): Reply => ({ status: 500, body: `${String(error)}\n` }))
		.then(({ status, body }) => {
			response.writeHead(status, { "Content-Type": body.startsWith("{") ? "application/json" : "text/plain" });
			response.end(body);
		});
});

// --- life ---------------------------------------------------------------------------------------------

let truthFile: string | undefined;
let isDraining = false;

function end(status: number): never {
	if (truthFile) fs.writeFileSync(truthFile, `${JSON.stringify(wholeTruth())}\n`);
	process.exit(status);
}

function drain(): void {
	if (isDraining) end(1);
	isDraining = true;
	server.close(() => end(0));
	server.closeIdleConnections();
	setTimeout(() => end(1), DRAIN_MS).unref();
}

function serve(options: Options, name: string): void {
	makeFiles(options.dir);
	isHeld = options.hold;
	server.on("error", (error) => {
		process.stderr.write(`event-loop-stalls: port ${options.port}: ${error.message}\n`);
		end(1);
	});
	server.listen(options.port, "127.0.0.1", () => {
		startLog();
		if (options.mix) startMix(options.mix.seed, options.mix.count);
		console.log(`${name}listening on 127.0.0.1:${(server.address() as AddressInfo).port}`);
	});
}

const USAGE = `usage: event-loop-stalls [--port PORT] [OPTION...]
A Node server whose loop is held up, by one kind of stall per route.

      --port PORT  on 127.0.0.1; 0 takes a free one (default 8080)
      --mix SEED,COUNT
                   the loop stalls COUNT times by itself, then "done" is printed
      --hold       the mix begins at /go
      --worker     a second loop in a worker thread, with the same routes on a free port
      --truth FILE all stalls and iterations, written at the end
      --dir DIRECTORY
                   where the files are that are read and synced (default /var/tmp)
      --help       this text

routes: /health /truth /elu /go
stalls: ${[...stalls.keys()].map((kind) => `/${kind}`).join(" ")}
no stalls: ${[...controls.keys()].map((kind) => `/${kind}`).join(" ")}
`;

function misuse(): never {
	process.stderr.write(USAGE);
	process.exit(2);
}

function mixOf(text: string | undefined): Options["mix"] {
	if (text === undefined) return undefined;
	const [, seed, count] = /^(\d{1,9}),(\d{1,6})$/.exec(text) ?? [];
	if (!Number(count) || Number(count) > COUNT_MAX) misuse();
	return { seed: Number(seed), count: Number(count) };
}

function optionsOf(): Options {
	try {
		const { values } = parseArgs({
			options: {
				port: { type: "string", default: "8080" },
				mix: { type: "string" },
				hold: { type: "boolean", default: false },
				worker: { type: "boolean", default: false },
				truth: { type: "string" },
				dir: { type: "string", default: "/var/tmp" },
				help: { type: "boolean", default: false },
			},
		});
		if (values.help) {
			process.stdout.write(USAGE);
			process.exit(0);
		}
		if (!/^\d{1,5}$/.test(values.port ?? "") || Number(values.port) > 65535) misuse();
		return {
			port: Number(values.port),
			mix: mixOf(values.mix),
			hold: values.hold ?? false,
			worker: values.worker ?? false,
			truth: values.truth,
			dir: values.dir ?? "/var/tmp",
		};
	} catch {
		return misuse();
	}
}

function main(): void {
	const options = optionsOf();
	process.on("SIGTERM", drain);
	process.on("SIGINT", drain);
	truthFile = options.truth;
	serve(options, "");
	// It has no mix of its own, and ends with the process.
	if (options.worker) new Worker(__filename, { workerData: { ...options, port: 0, mix: undefined } });
}

if (isMainThread) main();
else serve(workerData as Options, "worker ");

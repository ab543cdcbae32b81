// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A Node server whose loop is held up, by one kind of stall per route, or by itself with --mix: the
 * twin of stalling-server. /truth is when each stall began and ended, and what the loop did in each
 * of its iterations. With --worker a second thread has a loop with the same routes.
 */
import * as fs from "node:fs";
import { isMainThread, Worker, workerData } from "node:worker_threads";

import { parseOptions, type Option, type Values } from "../lib/options.js";
import { numberIn } from "../lib/query.js";
import { json, text, type Reply } from "../lib/reply.js";
import { Server, type Handler } from "../lib/server.js";
import { controls, makeFiles, stalls } from "./loop-kinds.js";
import { logged, loggedControl, startLog, truth, utilization } from "./loop-log.js";

const MS_DEFAULT = 100;
const MS_MAX = 4000;
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

function msIn(query: URLSearchParams): number {
	return numberIn(query, "ms", MS_DEFAULT, MS_MAX);
}

function wholeTruth(): object {
	return { mix: mixState.asked ? { ...mixState, is_done: mixState.done === mixState.asked } : null, ...truth() };
}

function stallOf(kind: string, run: (ms: number) => number): [string, Handler] {
	return [`/${kind}`, (query) => json(logged(kind, run, msIn(query)))];
}

function controlOf(kind: string, run: (ms: number) => Promise<void>): [string, Handler] {
	return [`/${kind}`, async (query) => json(await loggedControl(kind, run, msIn(query)))];
}

function go(): Reply {
	isHeld = false;
	return text("going\n");
}

const routes = new Map<string, Handler>([
	["/elu", () => json(utilization())],
	["/go", go],
	...[...stalls].map(([kind, run]) => stallOf(kind, run)),
	...[...controls].map(([kind, run]) => controlOf(kind, run)),
]);

// --- life ---------------------------------------------------------------------------------------------

function serve(options: Options, name: string): Server {
	makeFiles(options.dir);
	isHeld = options.hold;
	const server = new Server({
		name: "event-loop-stalls",
		routes,
		truth: wholeTruth,
		isQuiet: true,
		atEnd: () => {
			if (options.truth) fs.writeFileSync(options.truth, `${JSON.stringify(wholeTruth())}\n`);
		},
	});
	server.listen(options.port, name, () => {
		startLog();
		if (options.mix) startMix(options.mix.seed, options.mix.count);
	});
	return server;
}

const OPTIONS: Option[] = [
	{ name: "mix", value: "SEED,COUNT", help: 'the loop stalls COUNT times by itself, then "done" is printed' },
	{ name: "hold", help: "the mix begins at /go" },
	{ name: "worker", help: "a second loop in a worker thread, with the same routes on a free port" },
	{ name: "truth", value: "FILE", help: "all stalls and iterations, written at the end" },
	{ name: "dir", value: "DIRECTORY", help: "where the files are that are read and synced", fallback: "/var/tmp" },
];

function mixOf(values: Values): Options["mix"] {
	const given = values.text("mix");
	if (given === undefined) return undefined;
	const [, seed, count] = /^(\d{1,9}),(\d{1,6})$/.exec(given) ?? [];
	if (!Number(count) || Number(count) > COUNT_MAX) values.misuse();
	return { seed: Number(seed), count: Number(count) };
}

function optionsOf(): Options {
	const kinds = (map: Map<string, unknown>): string => [...map.keys()].map((kind) => `/${kind}`).join(" ");
	const values = parseOptions({
		name: "event-loop-stalls",
		summary: "A Node server whose loop is held up, by one kind of stall per route.",
		options: OPTIONS,
		notes: ["routes: /health /ready /truth /elu /go", `stalls: ${kinds(stalls)}`, `no stalls: ${kinds(controls)}`],
	});
	return {
		port: values.port,
		mix: mixOf(values),
		hold: values.flag("hold"),
		worker: values.flag("worker"),
		truth: values.text("truth"),
		dir: values.text("dir") ?? "/var/tmp",
	};
}

function main(): void {
	const options = optionsOf();
	serve(options, "").drainOnSignals();
	// It has no mix of its own, and ends with the process.
	if (options.worker) new Worker(__filename, { workerData: { ...options, port: 0, mix: undefined, truth: undefined } });
}

if (isMainThread) main();
else serve(workerData as Options, "worker ");

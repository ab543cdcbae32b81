// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A server to aim load at: small answers, work of a known length, and, with --slowdown, the same server
 * as a change for the worse would make it. What a load test finds can be held against that.
 */
import { spinCpu } from "../lib/cpu.js";
import { Ledger } from "../lib/ledger.js";
import { runExample } from "../lib/main.js";
import type { Values } from "../lib/options.js";
import { numberIn } from "../lib/query.js";
import { json, text, type Reply } from "../lib/reply.js";

const US_DEFAULT = 100;
const US_MAX = 1000000;
const SLOWDOWN_MAX = 1000; // per cent

const ledger = new Ledger();
let workUs = 0; // of each request
let slowdownPct = 0;

/** The slowdown makes it more. */
function work(us: number): void {
	spinCpu(us + (us * slowdownPct) / 100);
}

function answerText(): Reply {
	work(workUs);
	return text("Hello, World!\n");
}

function answerJson(): Reply {
	work(workUs);
	return json({ message: "Hello, World!" });
}

function answerCompute(query: URLSearchParams): Reply {
	const us = numberIn(query, "us", US_DEFAULT, US_MAX);
	work(workUs + us);
	return text(`computed for ${us} us\n`);
}

function takeLoad(values: Values): void {
	workUs = values.number("work-us", US_MAX);
	slowdownPct = values.number("slowdown", SLOWDOWN_MAX);
}

runExample({
	name: "benchmark-server",
	summary: "A server to aim load at, whose work has a known length.",
	options: [
		{ name: "work-us", value: "N", help: "CPU time of each request, in microseconds", fallback: "0" },
		{ name: "slowdown", value: "PCT", help: "so much more of that and of /compute's", fallback: "0" },
	],
	notes: ["routes: /health /ready /truth /text /json /compute?us=N"],
	routes: [
		ledger.measured("/text", answerText),
		ledger.measured("/json", answerJson),
		ledger.measured("/compute", answerCompute),
	],
	start: takeLoad,
	truth: () => ({ routes: ledger.truth(), work_us: workUs, slowdown_pct: slowdownPct }),
});

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A server that watches its own memory: it samples its RSS, fits a line through the last samples, and
 * warns, once, when growth persists or the limit comes near. /grow gives it something to see.
 */
import { Growth } from "../lib/growth.js";
import { runExample } from "../lib/main.js";
import type { Values } from "../lib/options.js";
import { numberIn } from "../lib/query.js";
import { json, Refusal, text, type Reply } from "../lib/reply.js";

const NAME = "memory-monitor";
const MB = 1024 * 1024;
const GROW_MB_MAX = 256;
const LIMIT_MB_MAX = 0xffffffff;
const INTERVAL_MIN_MS = 10;
const PERSISTS = 3; // verdicts "growing" in a row
const NEAR_SHARE = 0.9; // of the limit
const NEAR_MS = 10000; // the line's way to it
const MS_PER_MINUTE = 60000;

const growth = new Growth();
const grown: Buffer[] = [];
const warned = { growth: false, limit: false };
let grownBytes = 0;
let intervalMs = 0;
let limitBytes = 0; // 0: none
let growingInARow = 0;

function isNearLimit(): boolean {
	return limitBytes > 0 && growth.nears(NEAR_SHARE * limitBytes, NEAR_MS);
}

function verdict(): string {
	return isNearLimit() ? "near-limit" : growth.verdict;
}

function warn(line: string): true {
	process.stderr.write(`${NAME}: warning: ${line}\n`);
	return true;
}

function takeSample(): void {
	const rss_bytes = process.memoryUsage.rss();
	const mb = Math.floor(rss_bytes / MB);
	growth.add({ at_ms: Math.round(performance.now()), rss_bytes });
	growingInARow = growth.verdict === "growing" ? growingInARow + 1 : 0;
	if (growingInARow >= PERSISTS && !warned.growth) {
		const rate = ((growth.bytesPerSecond / MB) * MS_PER_MINUTE) / 1000;
		warned.growth = warn(`memory keeps growing, ${rate.toFixed(1)} MB a minute, at ${mb} MB`);
	}
	if (isNearLimit() && !warned.limit) warned.limit = warn(`${mb} MB, the limit of ${limitBytes / MB} MB is near`);
}

function grow(query: URLSearchParams): Reply {
	const mb = numberIn(query, "mb", 1, GROW_MB_MAX);
	if (!mb) throw new Refusal(400, `mb is 1 to ${GROW_MB_MAX}`);
	grown.push(Buffer.alloc(mb * MB, "g")); // what is not touched is not resident
	grownBytes += mb * MB;
	return text(`${grownBytes} bytes more\n`);
}

function answerSamples(): Reply {
	return json({
		interval_ms: intervalMs,
		limit_bytes: limitBytes,
		verdict: verdict(),
		bytes_per_second: Math.round(growth.bytesPerSecond),
		samples: growth.samples,
	});
}

function start(values: Values): void {
	intervalMs = values.time("interval");
	limitBytes = values.number("limit", LIMIT_MB_MAX) * MB;
	if (intervalMs < INTERVAL_MIN_MS) values.misuse();
	takeSample();
	setInterval(takeSample, intervalMs).unref();
}

runExample({
	name: NAME,
	summary: "A server that watches its own memory and warns when it grows.",
	options: [
		{ name: "interval", value: "TIME", help: "between samples, as 500ms or 1s", fallback: "1s" },
		{ name: "limit", value: "MB", help: "warns when this comes near; 0: none", fallback: "0" },
	],
	notes: ["routes: /health /ready /truth /grow?mb=N /samples"],
	routes: [
		["/grow", grow],
		["/samples", answerSamples],
	],
	start,
	truth: () => ({
		grown_bytes: grownBytes,
		samples_taken: growth.taken,
		verdict: verdict(),
		warned_growth: warned.growth,
		warned_limit: warned.limit,
	}),
});

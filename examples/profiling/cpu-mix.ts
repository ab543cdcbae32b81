// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A server under load without a client: four functions in fixed shares of CPU time, all the CPU
 * that the process gets, and what each has really used.
 *
 * They are hot, so V8 optimises them, and they keep their own frames: all four are called from one
 * place (runPart), which by then has seen more than one target, and V8 inlines a call only when it
 * knows its one target. What they call (hashBlock, renderRow, ...) is inlined into them, and runPart
 * and handleRequest into burnSlice: V8's own profiler still names those, whoever walks native stacks
 * cannot. --trace-turbo-inlining shows both.
 */
import { performance } from "node:perf_hooks";

const BODY_BYTES = 65536;
const BODY_ROUNDS = 24;
const BLOCK_BYTES = 4096;
const RESULTS = 6000;
const REQUEST_ROUNDS = 800;
const ROWS_RENDERED = 4000;
const SLICE_MS = 5; // then the loop looks at its clients

interface Result {
	id: number;
	score: number;
}

interface Part {
	readonly name: string;
	readonly run: () => number;
	askedPct: number;
	calls: number;
	cpuUs: number;
}

export interface MixTruth {
	wall_ns: number;
	process_cpu_ns: number;
	other_cpu_ns: number;
	functions: {
		function: string;
		asked_pct: number;
		calls: number;
		cpu_ns: number;
		share_pct: number;
	}[];
}

function pseudoRandom(n: number): number {
	return Math.imul(n, 2654435761) >>> 0;
}

const body = Uint8Array.from({ length: BODY_BYTES }, (_, i) => pseudoRandom(i) >>> 24);
const results: Result[] = Array.from({ length: RESULTS }, (_, id) => ({ id, score: pseudoRandom(id) }));
const requestHead = [
	"GET /articles?page=7&order=price&filter=in-stock HTTP/1.1",
	"Host: shop.example",
	"User-Agent: cpu-blocking/1.0",
	"Accept: application/json",
	"Accept-Language: en",
	"Cookie: session=0123456789abcdef0123456789abcdef; theme=dark",
	"X-Request-Id: 7d3c9a52-0f8e-4c1b-9d61-2b1f0e6a7c34",
	"",
].join("\n");

// --- the functions; each returns something of its result, so that it has to be computed ----------

function hashBlock(hash: number, from: number, to: number): number {
	for (let i = from; i < to; i++) hash = Math.imul(hash ^ (body[i] ?? 0), 16777619);
	return hash;
}

function hashBody(): number {
	let hash = 0x811c9dc5 | 0;
	for (let round = 0; round < BODY_ROUNDS; round++) {
		for (let at = 0; at < BODY_BYTES; at += BLOCK_BYTES) hash = hashBlock(hash, at, at + BLOCK_BYTES);
	}
	return hash;
}

function compareScores(a: Result, b: Result): number {
	return a.score - b.score;
}

function sortResults(): number {
	return results.slice().sort(compareScores)[0]?.id ?? 0;
}

function parseHeader(line: string): number {
	let sum = 0;
	for (let i = 0; i < line.length; i++) {
		const c = line.charCodeAt(i);
		if (c === 0x3a /* : */) break;
		sum = (Math.imul(sum, 31) + (c | 0x20)) | 0; // names have no case
	}
	return sum;
}

function parseRequest(): number {
	let sum = 0;
	for (let round = 0; round < REQUEST_ROUNDS; round++) {
		for (const line of requestHead.split("\n")) sum = (sum + parseHeader(line)) | 0;
	}
	return sum;
}

function renderRow(row: Result): string {
	return JSON.stringify({ id: row.id, score: row.score, unit: "points" });
}

function renderJson(): number {
	let bytes = 0;
	for (let i = 0; i < ROWS_RENDERED; i++) {
		const row = results[i % RESULTS];
		if (row) bytes += renderRow(row).length;
	}
	return bytes;
}

// --- the mix --------------------------------------------------------------------------------------

const parts: Part[] = [hashBody, sortResults, parseRequest, renderJson].map((run) => ({
	name: run.name,
	run,
	askedPct: 0,
	calls: 0,
	cpuUs: 0,
}));

let totalUs = 0;
let startedAt = 0;
let startedCpu: NodeJS.CpuUsage | undefined;
let seen = 0;

/** "NAME=SHARE,..." in whole per cent that add up to 100; undefined when it is not. */
export function parseMix(text: string): Map<string, number> | undefined {
	const mix = new Map<string, number>();
	for (const item of text.split(",")) {
		const [, name, share] = /^(\w+)=(\d{1,3})$/.exec(item) ?? [];
		if (!name || !Number(share) || mix.has(name) || !parts.some((part) => part.name === name))
			return undefined;
		mix.set(name, Number(share));
	}
	const sum = [...mix.values()].reduce((a, b) => a + b, 0);
	return sum === 100 ? mix : undefined;
}

/** The one place that calls the functions: see the head of this file. */
function runPart(part: Part): number {
	return part.run();
}

/** The part that lacks most of its share. */
function mostBehind(): Part {
	const behind = (part: Part): number => (totalUs * part.askedPct) / 100 - part.cpuUs;
	return parts.filter((part) => part.askedPct > 0).reduce((a, b) => (behind(b) > behind(a) ? b : a));
}

/**
 * One call, 1 to 2 ms; the clock resolves 1 us. It counts the whole process (Node 20 has no clock
 * for one thread): what V8's helper threads do meanwhile is in it, which is little once it is warm.
 */
function handleRequest(): void {
	const part = mostBehind();
	const before = process.cpuUsage();
	seen = (seen + runPart(part)) | 0;
	const used = process.cpuUsage(before);
	part.calls++;
	part.cpuUs += used.user + used.system;
	totalUs += used.user + used.system;
}

function burnSlice(): void {
	const end = performance.now() + SLICE_MS;
	while (performance.now() < end) handleRequest();
	setImmediate(burnSlice);
}

/** Burns from now on, in slices between which the loop serves clients. */
export function startMix(mix: Map<string, number>): void {
	for (const part of parts) {
		part.askedPct = mix.get(part.name) ?? 0;
		for (let i = 0; i < 20; i++) seen = (seen + runPart(part)) | 0; // compiled, and all four seen
	}
	startedAt = performance.now();
	startedCpu = process.cpuUsage();
	setImmediate(burnSlice);
}

export function mixTruth(): MixTruth | null {
	if (!startedCpu) return null;
	const used = process.cpuUsage(startedCpu);
	const processUs = used.user + used.system;
	return {
		wall_ns: Math.round((performance.now() - startedAt) * 1e6),
		process_cpu_ns: processUs * 1000,
		other_cpu_ns: (processUs - totalUs) * 1000,
		functions: parts
			.filter((part) => part.askedPct > 0)
			.map((part) => ({
				function: part.name,
				asked_pct: part.askedPct,
				calls: part.calls,
				cpu_ns: part.cpuUs * 1000,
				share_pct: totalUs ? (100 * part.cpuUs) / totalUs : 0,
			})),
	};
}

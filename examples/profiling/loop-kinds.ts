// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Ways to hold up Node's event loop, and controls that look as if they did. A stall takes @ms and a
 * little more: it ends after the first step that is over by then. Each says for how many
 * milliseconds its thread was asleep at least, 0 when that is not known.
 */
import { execFileSync } from "node:child_process";
import { pbkdf2, pbkdf2Sync } from "node:crypto";
import { lookup } from "node:dns/promises";
import * as fs from "node:fs";
import * as path from "node:path";
import { performance } from "node:perf_hooks";
import { promisify } from "node:util";

const MIB = 1024 * 1024;
const FILE_BYTES = 4 * MIB;
const PIECE_BYTES = 256 * 1024;
const PAGE_BYTES = 4096;
const TOUCHED_BYTES = 128 * MIB;
const RECORDS = 1000;
const LETTERS = 15; // of a text that takes a millisecond or two
const ROUNDS = 2000; // of the hash, about a millisecond
const SURVIVORS = 100000;
const STOP = -1; // of a step: the last one

export type Stall = (ms: number) => number;
export type Control = (ms: number) => Promise<void>;

const catalog = JSON.stringify(
	Array.from({ length: RECORDS }, (_, id) => ({ id, name: `article number ${id}`, tags: ["new", "in stock"] })),
);

let listFile = "";
let logFd = -1;
let seen = 0; // the compiler may not leave the work out

/** The files that are read and synced, in @parent: on a disk, where /tmp may be memory. They have no names. */
export function makeFiles(parent: string): void {
	const directory = fs.mkdtempSync(path.join(parent, "event-loop-stalls."));
	try {
		const listFd = fs.openSync(path.join(directory, "list"), "w+");
		fs.writeSync(listFd, Buffer.alloc(FILE_BYTES, "7"));
		listFile = `/proc/self/fd/${listFd}`;
		logFd = fs.openSync(path.join(directory, "log"), "w");
	} finally {
		fs.rmSync(directory, { recursive: true });
	}
}

function until(ms: number, step: () => number): number {
	const end = performance.now() + ms;
	let result;
	do seen = (seen + (result = step())) | 0;
	while (result !== STOP && performance.now() < end);
	return 0;
}

// --- computing --------------------------------------------------------------------------------------

function parseCatalog(ms: number): number {
	return until(ms, () => (JSON.parse(catalog) as unknown[]).length);
}

function hashPassword(ms: number): number {
	return until(ms, () => pbkdf2Sync("secret", "salt", ROUNDS, 32, "sha256").length);
}

function matchBacktracking(ms: number): number {
	const text = `${"a".repeat(LETTERS)}!`; // it fails at its last byte
	return until(ms, () => Number(/^(a+)+$/.test(text)));
}

interface Link {
	next: Link | undefined;
	payload: number[];
}

/** Most of it lives for a while: there is something to mark and to move. */
function makeGarbage(ms: number): number {
	let first: Link | undefined;
	let count = 0;
	return until(ms, () => {
		for (let i = 0; i < 1000; i++) first = { next: first, payload: [i, i + 1, i + 2] };
		count += 1000;
		if (count < SURVIVORS) return 1;
		count = 0;
		first = undefined;
		return 2;
	});
}

/** Memory that nobody has touched before, page by page; where 128 MiB take less time than @ms, it ends then. */
function touchMemory(ms: number): number {
	const fresh = new Uint8Array(TOUCHED_BYTES);
	let at = 0;
	return until(ms, () => {
		const end = Math.min(at + PIECE_BYTES, TOUCHED_BYTES);
		for (; at < end; at += PAGE_BYTES) fresh[at] = 1;
		return end < TOUCHED_BYTES ? 1 : STOP;
	});
}

// --- waiting ----------------------------------------------------------------------------------------

/** From memory for the most part: Node has no way to ask the kernel to forget a file. */
function readList(ms: number): number {
	return until(ms, () => fs.readFileSync(listFile).length);
}

function syncLog(ms: number): number {
	const piece = Buffer.alloc(PIECE_BYTES, "7");
	return until(ms, () => {
		const written = fs.writeSync(logFd, piece, 0, piece.length, 0);
		fs.fsyncSync(logFd);
		return written;
	});
}

/** A lock that nobody gives back: the time is the time-out. */
function waitForLock(ms: number): number {
	Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
	return ms;
}

/** Node waits for it in an epoll instance of its own, on the same thread. */
function runChild(ms: number): number {
	execFileSync("/bin/sleep", [String(ms / 1000)], { stdio: "ignore" });
	return ms;
}

// --- controls: the loop is not held up --------------------------------------------------------------

async function untilAsync(ms: number, step: () => Promise<unknown>): Promise<void> {
	const end = performance.now() + ms;
	do await step();
	while (performance.now() < end);
}

/** getaddrinfo, which blocks: in a thread of libuv's pool. */
function resolveName(ms: number): Promise<void> {
	return untilAsync(ms, () => lookup("localhost"));
}

const hashPasswordInPool = promisify(pbkdf2);

function hashInPool(ms: number): Promise<void> {
	return untilAsync(ms, () => hashPasswordInPool("secret", "salt", 10 * ROUNDS, 32, "sha256"));
}

/** The loop is busy all the time, and looks at the kernel between any two of them. */
function stormImmediates(ms: number): Promise<void> {
	return untilAsync(ms, () => new Promise((resolve) => setImmediate(resolve)));
}

export const stalls = new Map<string, Stall>([
	["json", parseCatalog],
	["pbkdf2", hashPassword],
	["regex", matchBacktracking],
	["gc", makeGarbage],
	["faults", touchMemory],
	["read", readList],
	["fsync", syncLog],
	["lock", waitForLock],
	["child", runChild],
]);

export const controls = new Map<string, Control>([
	["dns", resolveName],
	["pool", hashInPool],
	["immediates", stormImmediates],
]);

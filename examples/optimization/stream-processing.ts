// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A file of lines is transformed, and the result digested. /slow holds all of it in memory: the file, its
 * text, its lines, the result. /fast holds a piece of the file, and the loop is free between two pieces.
 */
import * as fs from "node:fs";
import * as path from "node:path";

import { Digest } from "../lib/digest.js";
import { HeldBytes } from "../lib/held.js";
import { Ledger } from "../lib/ledger.js";
import { runExample } from "../lib/main.js";
import type { Values } from "../lib/options.js";
import { text, type Reply } from "../lib/reply.js";

const MB = 1024 * 1024;
const MB_MAX = 256;
const PIECE_BYTES = 64 * 1024;

let linesFile = "";
let fileBytes = 0;
const wholeHeld = new HeldBytes();
const piecesHeld = new HeldBytes();

// --- the file: there while the server runs, without a name ------------------------------------------------

function lineOf(i: number): string {
	const customer = (Math.imul(i, 7919) >>> 0) % 10007;
	return `${i},customer-${customer},${i % 1000}.${String(i % 100).padStart(2, "0")}\n`;
}

function writeLines(fd: number, bytes: number): void {
	for (let i = 0; fileBytes < bytes; ) {
		let piece = "";
		for (; piece.length < PIECE_BYTES && fileBytes + piece.length < bytes; i++) piece += lineOf(i);
		fs.writeSync(fd, piece);
		fileBytes += piece.length;
	}
}

function makeFile(values: Values): void {
	const bytes = values.number("mb", MB_MAX) * MB || values.misuse();
	const directory = fs.mkdtempSync(path.join(values.text("dir") ?? "", "stream-processing."));
	try {
		const fd = fs.openSync(path.join(directory, "lines"), "w+");
		writeLines(fd, bytes);
		linesFile = `/proc/self/fd/${fd}`;
	} finally {
		fs.rmSync(directory, { recursive: true });
	}
}

// --- the work -------------------------------------------------------------------------------------------

function transformLines(lines: string[]): string {
	return lines.map((line) => `${line.toUpperCase()}\n`).join("");
}

function replyOf(lines: number, bytes: number, digest: Digest): Reply {
	return text(`${lines} lines, ${bytes} bytes, digest ${digest.hex()}\n`);
}

/** The bytes, the text, and the result, which is digested in bytes; lines are parts of the text. */
function bytesHeld(bytes: Buffer, given: string, result: string): number {
	return bytes.length + given.length + 2 * result.length;
}

function transformWhole(): Reply {
	const bytes = fs.readFileSync(linesFile);
	const given = bytes.toString("latin1");
	const lines = given.split("\n");
	lines.pop(); // after the last end of line
	const result = transformLines(lines);
	const held = wholeHeld.take(bytesHeld(bytes, given, result));
	const reply = replyOf(lines.length, result.length, new Digest().text(result));
	wholeHeld.give(held);
	return reply;
}

async function transformPieces(): Promise<Reply> {
	const digest = new Digest();
	const done = { lines: 0, bytes: 0 };
	let cut = ""; // the begin of a line
	for await (const piece of fs.createReadStream(linesFile, { highWaterMark: PIECE_BYTES })) {
		const given = cut + (piece as Buffer).toString("latin1");
		const lines = given.split("\n");
		cut = lines.pop() ?? "";
		const result = transformLines(lines);
		const held = piecesHeld.take(bytesHeld(piece as Buffer, given, result));
		digest.text(result);
		piecesHeld.give(held);
		done.lines += lines.length;
		done.bytes += result.length;
	}
	return replyOf(done.lines, done.bytes, digest);
}

const ledger = new Ledger();

runExample({
	name: "stream-processing",
	summary: "A file transformed: whole in memory (/slow), piece by piece (/fast).",
	options: [
		{ name: "mb", value: "N", help: "size of the file", fallback: "4" },
		{ name: "dir", value: "DIRECTORY", help: "where it is", fallback: "/var/tmp" },
	],
	notes: ["routes: /health /ready /truth /slow /fast"],
	routes: [ledger.measured("/slow", transformWhole), ledger.measured("/fast", transformPieces)],
	start: makeFile,
	truth: () => ({
		routes: ledger.truth(),
		file_bytes: fileBytes,
		peak_bytes: { slow: wholeHeld.peak, fast: piecesHeld.peak },
	}),
});

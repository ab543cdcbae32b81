// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A server that holds memory of three kinds, as much of each as it is asked to, and says what Node calls
 * it: where RSS, V8's heap, external memory and array buffers part.
 */
import { collectHeap, heapArray, memoryUsage } from "../lib/heap.js";
import { runExample } from "../lib/main.js";
import { numberIn, wordIn } from "../lib/query.js";
import { json, Refusal, text, type Reply } from "../lib/reply.js";

const MB = 1024 * 1024;
const MB_DEFAULT = 10;
const MB_MAX = 256; // of one request
const MB_HELD_MAX = 1024; // of one kind
const BLOCK_BYTES = 1024; // of the kind "heap"

class HeldBlocks {
	readonly blocks: number[][] = [];

	constructor(bytes: number) {
		for (let held = 0; held < bytes; held += BLOCK_BYTES) this.blocks.push(heapArray(BLOCK_BYTES, held));
	}
}

class HeldBuffer {
	readonly buffer: Buffer;

	/** Touched, since what is only promised is not resident. */
	constructor(bytes: number) {
		this.buffer = Buffer.alloc(bytes, "b");
	}
}

class HeldArrayBuffer {
	readonly arrayBuffer: ArrayBuffer;

	constructor(bytes: number) {
		this.arrayBuffer = new ArrayBuffer(bytes);
		new Uint8Array(this.arrayBuffer).fill(1);
	}
}

interface Kind {
	kind: string;
	bytes: number;
	held: object[];
	hold: (bytes: number) => object;
}

const kinds: Kind[] = [
	{ kind: "heap", bytes: 0, held: [], hold: (bytes) => new HeldBlocks(bytes) },
	{ kind: "buffer", bytes: 0, held: [], hold: (bytes) => new HeldBuffer(bytes) },
	{ kind: "mapped", bytes: 0, held: [], hold: (bytes) => new HeldArrayBuffer(bytes) },
];

function kindIn(query: URLSearchParams): Kind {
	if (query.get("kind") === "file") throw new Refusal(400, "Node cannot map a file: kind is heap, buffer or mapped");
	const name = wordIn(query, "kind", ["heap", "buffer", "mapped"]);
	return kinds.find(({ kind }) => kind === name)!;
}

function replyOf(kind: Kind): Reply {
	return text(`${kind.kind}: ${kind.bytes} bytes held\n`);
}

function hold(query: URLSearchParams): Reply {
	const kind = kindIn(query);
	const mb = numberIn(query, "mb", MB_DEFAULT, MB_MAX);
	if (!mb) throw new Refusal(400, `mb is 1 to ${MB_MAX}`);
	if (kind.bytes + mb * MB > MB_HELD_MAX * MB) throw new Refusal(503, `no more than ${MB_HELD_MAX} MB of a kind`);
	kind.held.push(kind.hold(mb * MB));
	kind.bytes += mb * MB;
	return replyOf(kind);
}

/** It is not used from here on; its memory is free when the collector has seen that. */
function release(query: URLSearchParams): Reply {
	const kind = kindIn(query);
	kind.held = [];
	kind.bytes = 0;
	return replyOf(kind);
}

function collect(): Reply {
	collectHeap();
	return text("collected\n");
}

runExample({
	name: "memory-usage",
	summary: "A server that holds memory of three kinds, as it is asked to.",
	notes: ["routes: /health /ready /truth /hold?kind=KIND&mb=N /release?kind=KIND /usage /gc"],
	routes: [
		["/hold", hold],
		["/release", release],
		["/usage", () => json(memoryUsage())],
		["/gc", collect],
	],
	truth: () => ({ held: kinds.map(({ kind, bytes }) => ({ kind, bytes })) }),
});

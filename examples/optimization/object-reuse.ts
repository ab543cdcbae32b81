// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Each request works on some messages, each in a buffer. /slow makes the buffers anew and leaves them to
 * the collector, /fast keeps them for the next request.
 */
import { Digest } from "../lib/digest.js";
import { Ledger } from "../lib/ledger.js";
import { runExample } from "../lib/main.js";
import { text, type Reply } from "../lib/reply.js";

const MESSAGES = 64;
const MESSAGE_BYTES = 16384; // room for the longest; most are short
const USED_BYTES = 200;
const LETTERS = 26;
const LETTER_A = 97;

const counts = { made: 0, reused: 0 };

class Message {
	length = 0;
	/** Zeroed: no message shows what was in memory before it. */
	readonly bytes = Buffer.alloc(MESSAGE_BYTES);

	constructor() {
		counts.made++;
	}

	write(number: number): void {
		const head = this.bytes.write(`message ${number}:`, 0, "latin1");
		this.bytes.fill(LETTER_A + (number % LETTERS), head, USED_BYTES);
		this.length = USED_BYTES;
	}
}

/** All are alive at a time, as those of one request are. */
function replyOf(messages: Message[]): Reply {
	const digest = new Digest();
	messages.forEach((message, number) => {
		message.write(number);
		digest.bytes(message.bytes, message.length);
	});
	return text(`${messages.length} messages, digest ${digest.hex()}\n`);
}

function answerAnew(): Reply {
	return replyOf(Array.from({ length: MESSAGES }, () => new Message()));
}

// --- /fast: they have no user between two requests, since the answer is made before one returns -----------

const kept: Message[] = [];

function answerReused(): Reply {
	counts.reused += kept.length;
	while (kept.length < MESSAGES) kept.push(new Message());
	return replyOf(kept);
}

const ledger = new Ledger();

runExample({
	name: "object-reuse",
	summary: "Buffers made anew for each request (/slow), or kept (/fast).",
	notes: ["routes: /health /ready /truth /slow /fast"],
	routes: [ledger.measured("/slow", answerAnew), ledger.measured("/fast", answerReused)],
	truth: () => ({ routes: ledger.truth(), objects: counts }),
});

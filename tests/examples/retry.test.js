// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
const assert = require("node:assert/strict");
const { test } = require("node:test");

const { backoffMs, retry } = require("./lib.js")("retry.js");

const POLICY = { tries: 4, baseMs: 10, capMs: 35 };

/** Fails so many times, then answers. */
function failing(times) {
	const run = async () => {
		run.calls++;
		if (run.calls <= times) throw new Error(`failure ${run.calls}`);
		return "answer";
	};
	run.calls = 0;
	return run;
}

test("the wait doubles up to its bound, and is a random part of that", () => {
	const longest = [1, 2, 3, 4, 50].map((failed) => backoffMs(POLICY, failed, () => 1));
	assert.deepEqual(longest, [10, 20, 35, 35, 35]);
	assert.deepEqual([1, 2, 3].map((failed) => backoffMs(POLICY, failed, () => 0)), [0, 0, 0]);
	assert.equal(backoffMs(POLICY, 2, () => 0.25), 5);
});

test("without a random of one's own it spreads over the whole", () => {
	const waits = Array.from({ length: 1000 }, () => backoffMs(POLICY, 1));
	assert.ok(Math.min(...waits) >= 0 && Math.max(...waits) < 10);
	assert.ok(waits.some((wait) => wait < 2.5) && waits.some((wait) => wait > 7.5));
});

test("the first success ends it; it has waited before each try but the first", async () => {
	const run = failing(2);
	const waits = [];
	let again = 0;
	const hooks = { wait: async (ms) => waits.push(ms), again: () => again++ };
	assert.equal(await retry(POLICY, run, hooks), "answer");
	assert.equal(run.calls, 3);
	assert.equal(again, 2);
	assert.equal(waits.length, 2);
	assert.ok(waits[0] <= 10 && waits[1] <= 20);
});

test("when all fail the last failure is told", async () => {
	const run = failing(100);
	await assert.rejects(retry(POLICY, run, { wait: async () => undefined }), /failure 4/);
	assert.equal(run.calls, 4);
});

test("a failure that is final is not tried again", async () => {
	const run = failing(100);
	const isFinal = (error) => error.message === "failure 2";
	await assert.rejects(retry(POLICY, run, { wait: async () => undefined, isFinal }), /failure 2/);
	assert.equal(run.calls, 2);
});

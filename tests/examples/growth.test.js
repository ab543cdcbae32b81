// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
const assert = require("node:assert/strict");
const { test } = require("node:test");

const { Growth, SAMPLES_KEPT, slopeOf } = require("./lib.js")("growth.js");

const MB = 1024 * 1024;

function grown(count, bytesOf) {
	const growth = new Growth();
	for (let i = 0; i < count; i++) growth.add({ at_ms: 1000000 + 1000 * i, rss_bytes: bytesOf(i) });
	return growth;
}

const saw = (teeth) => (i) => 50 * MB + ((i % teeth) * 20 * MB) / teeth;
const leak = (i) => 50 * MB + i * MB;

test("the line through points is the one they are on", () => {
	const line = [0, 1, 2, 3].map((i) => ({ at_ms: 5000 + i * 10, rss_bytes: 700 + i * 30 }));
	assert.equal(slopeOf(line), 3);
	assert.equal(slopeOf(line.slice(0, 1)), 0);
});

test("a few samples tell nothing", () => {
	assert.equal(grown(5, leak).verdict, "unknown");
});

test("what stays, and what goes up and down, does not grow", () => {
	assert.equal(grown(60, () => 50 * MB).verdict, "steady");
	for (const teeth of [3, 4, 6, 8]) assert.equal(grown(60, saw(teeth)).verdict, "steady", `${teeth} teeth`);
	assert.equal(grown(60, (i) => 50 * MB + i * 1000).verdict, "steady");
});

test("a step is not growth, whenever it is looked at", () => {
	for (let count = 30; count < 60; count++) {
		const growth = grown(count, (i) => (i < 29 ? 50 * MB : 80 * MB));
		assert.equal(growth.verdict, "steady", `after ${count}`);
	}
});

test("a leak grows, alone and below a saw, and its rate is known", () => {
	const growth = grown(60, leak);
	assert.equal(growth.verdict, "growing");
	assert.ok(Math.abs(growth.bytesPerSecond - MB) < 1);
	assert.equal(grown(60, (i) => saw(4)(i) + i * MB).verdict, "growing");
});

test("growth that has ended is none", () => {
	assert.equal(grown(90, (i) => leak(Math.min(i, 40))).verdict, "steady");
});

test("the last samples are kept", () => {
	const { samples, taken } = grown(200, leak);
	assert.equal(samples.length, SAMPLES_KEPT);
	assert.equal(taken, 200);
	assert.equal(samples.at(-1).rss_bytes, leak(199));
});

test("near is where the last sample is, or where the line will be", () => {
	const growth = grown(60, leak); // at 109 MB, 1 MB a second
	assert.equal(growth.nears(109 * MB, 0), true);
	assert.equal(growth.nears(115 * MB, 5000), false);
	assert.equal(growth.nears(115 * MB, 7000), true);
	assert.equal(grown(60, () => 50 * MB).nears(51 * MB, 1e9), false);
	assert.equal(new Growth().nears(1, 1000), false);
});

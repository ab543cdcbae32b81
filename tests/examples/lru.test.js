// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
const assert = require("node:assert/strict");
const { test } = require("node:test");

const { Lru } = require("./lib.js")("lru.js");

test("what was not used for longest makes room", () => {
	const lru = new Lru(2);
	assert.equal(lru.set("a", 1), undefined);
	assert.equal(lru.set("b", 2), undefined);
	assert.equal(lru.get("a"), 1); // now b is the older one
	assert.deepEqual(lru.set("c", 3), ["b", 2]);
	assert.equal(lru.get("b"), undefined);
	assert.equal(lru.get("a"), 1);
	assert.equal(lru.get("c"), 3);
	assert.equal(lru.size, 2);
});

test("a key that is set again is used, and makes nobody leave", () => {
	const lru = new Lru(2);
	lru.set("a", 1);
	lru.set("b", 2);
	assert.equal(lru.set("a", 10), undefined);
	assert.equal(lru.size, 2);
	assert.deepEqual(lru.set("c", 3), ["b", 2]);
	assert.equal(lru.get("a"), 10);
});

test("a miss changes nothing", () => {
	const lru = new Lru(2);
	lru.set("a", 1);
	lru.set("b", 2);
	assert.equal(lru.get("z"), undefined);
	assert.equal(lru.size, 2);
	assert.deepEqual(lru.set("c", 3), ["a", 1]);
});

test("one entry is enough, none is not", () => {
	const lru = new Lru(1);
	lru.set("a", 1);
	assert.deepEqual(lru.set("b", 2), ["a", 1]);
	for (const capacity of [0, -1, 1.5, NaN]) assert.throws(() => new Lru(capacity), RangeError);
});

test("it holds as many as it may, of any number", () => {
	const lru = new Lru(100);
	for (let i = 0; i < 10000; i++) lru.set(i, i);
	assert.equal(lru.size, 100);
	assert.equal(lru.get(9899), undefined);
	assert.equal(lru.get(9900), 9900);
});

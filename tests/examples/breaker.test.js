// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
const assert = require("node:assert/strict");
const { test } = require("node:test");

const { Breaker } = require("./lib.js")("breaker.js");

const POLICY = { failures: 3, openMs: 1000 };

function opened(atMs) {
	const breaker = new Breaker(POLICY);
	for (let i = 0; i < POLICY.failures; i++) breaker.failure(atMs);
	return breaker;
}

test("closed, it admits all", () => {
	const breaker = new Breaker(POLICY);
	for (let i = 0; i < 10; i++) assert.equal(breaker.admits(i), true);
	assert.equal(breaker.state, "closed");
});

test("failures open it when they are in a row", () => {
	const breaker = new Breaker(POLICY);
	breaker.failure(0);
	breaker.failure(1);
	breaker.success();
	breaker.failure(2);
	breaker.failure(3);
	assert.equal(breaker.state, "closed");
	breaker.failure(4);
	assert.equal(breaker.state, "open");
	assert.equal(breaker.opened, 1);
});

test("open, it admits none until its time is over", () => {
	const breaker = opened(50);
	assert.equal(breaker.admits(50), false);
	assert.equal(breaker.admits(1049), false);
	assert.equal(breaker.state, "open");
	assert.equal(breaker.admits(1050), true);
	assert.equal(breaker.state, "half-open");
});

test("half-open, one call tries and the others do not", () => {
	const breaker = opened(0);
	assert.equal(breaker.admits(1000), true);
	for (let i = 0; i < 5; i++) assert.equal(breaker.admits(5000), false);
});

test("a try that goes well closes it, and failures count anew", () => {
	const breaker = opened(0);
	breaker.admits(1000);
	breaker.success();
	assert.equal(breaker.state, "closed");
	breaker.failure(1001);
	breaker.failure(1002);
	assert.equal(breaker.state, "closed");
	assert.equal(breaker.admits(1003), true);
});

test("a try that fails opens it again, for as long", () => {
	const breaker = opened(0);
	breaker.admits(1000);
	breaker.failure(1100);
	assert.equal(breaker.state, "open");
	assert.equal(breaker.opened, 2);
	assert.equal(breaker.admits(2099), false);
	assert.equal(breaker.admits(2100), true);
});

test("what was admitted before it opened neither closes it nor keeps it open for longer", () => {
	const breaker = opened(0);
	breaker.success();
	assert.equal(breaker.state, "open");
	breaker.failure(900);
	assert.equal(breaker.opened, 1);
	assert.equal(breaker.admits(1000), true);
});

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
const assert = require("node:assert/strict");
const { test } = require("node:test");

const { DeadlinePassed, Guard, NotAdmitted } = require("./lib.js")("guard.js");

function guarded() {
	const said = [];
	return { said, guard: new Guard((why) => said.push(why)) };
}

const fails = async () => {
	throw new Error("away");
};

async function failThrice(guard) {
	for (let i = 0; i < 3; i++) await assert.rejects(guard.call(fails), /away/);
}

test("a call that works is passed on", async () => {
	const { said, guard } = guarded();
	assert.equal(await guard.call(async () => 7), 7);
	assert.deepEqual(said, []);
	assert.equal(guard.isUp, true);
});

test("a failure is tried again; one that mends itself is none", async () => {
	const { said, guard } = guarded();
	let calls = 0;
	const mends = async () => {
		if (calls++ < 2) throw new Error("away");
		return "there";
	};
	assert.equal(await guard.call(mends), "there");
	assert.deepEqual([guard.retries, guard.errors, said], [2, 0, []]);
});

test("it says once that the service is away; then the breaker keeps calls back", async () => {
	const { said, guard } = guarded();
	await failThrice(guard);
	assert.deepEqual(said, ["away"]);
	assert.equal(guard.breaker.state, "open");
	let ran = false;
	await assert.rejects(
		guard.call(async () => (ran = true)),
		NotAdmitted,
	);
	assert.equal(ran, false);
	assert.equal(guard.errors, 3); // what was kept back is none
});

test("half-open, one call finds the service back, and says so", async (t) => {
	const { said, guard } = guarded();
	await failThrice(guard);
	const later = performance.now() + 2000;
	t.mock.method(performance, "now", () => later);
	assert.equal(await guard.call(async () => "back"), "back");
	assert.deepEqual(said, ["away", undefined]);
	assert.equal(guard.breaker.state, "closed");
});

test("the breaker's one try is one", async (t) => {
	const { guard } = guarded();
	await failThrice(guard);
	const later = performance.now() + 2000;
	t.mock.method(performance, "now", () => later);
	let calls = 0;
	const counted = async () => {
		calls++;
		throw new Error("still away");
	};
	await assert.rejects(guard.call(counted), /still away/);
	assert.equal(calls, 1);
	assert.equal(guard.breaker.opened, 2);
});

test("who does not answer is not waited for twice, and an answer that is late is nobody's", async () => {
	const { said, guard } = guarded();
	let calls = 0;
	let fail;
	const hangs = () => {
		calls++;
		return new Promise((_, reject) => (fail = reject));
	};
	await assert.rejects(guard.call(hangs), DeadlinePassed);
	assert.equal(calls, 1);
	assert.match(said[0], /no answer/);
	fail(new Error("the connection was closed")); // no unhandled rejection
	await new Promise((resolve) => setImmediate(resolve));
});

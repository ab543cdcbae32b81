// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
const assert = require("node:assert/strict");
const { test } = require("node:test");

const { processCpuNs, spinCpu } = require("./lib.js")("cpu.js");
const { Ledger } = require("./lib.js")("ledger.js");

const query = new URLSearchParams();
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Routes of a ledger by the names of what they run. */
function routesOf(ledger, measure, ...runs) {
	return runs.map((run) => ledger[measure](`/${run.name}`, run)[1]);
}

function entryOf(ledger, name) {
	return ledger.truth().find(({ route }) => route === `/${name}`);
}

test("a call is entered with its function, its route and what it has used", () => {
	const ledger = new Ledger();
	const [spin] = routesOf(ledger, "measured", function spin() {
		spinCpu(3000);
	});
	spin(query);
	spin(query);
	const entry = entryOf(ledger, "spin");
	assert.equal(entry.function, "spin");
	assert.equal(entry.calls, 2);
	assert.ok(entry.cpu_ns >= 6e6 && entry.wall_ns >= 5e6, JSON.stringify(entry));
});

test("what throws and what rejects is a call too", async () => {
	const ledger = new Ledger();
	const [throws, rejects] = routesOf(
		ledger,
		"measured",
		function throws() {
			throw new Error("no");
		},
		async function rejects() {
			await sleep(1);
			throw new Error("no");
		},
	);
	assert.throws(() => throws(query), /no/);
	await assert.rejects(rejects(query), /no/);
	assert.deepEqual(ledger.truth().map(({ calls }) => calls), [1, 1]);
});

test("who waits is not charged for who computes, and the wait is on the wall", async () => {
	const ledger = new Ledger();
	const [waits, spins] = routesOf(
		ledger,
		"measured",
		async function waits() {
			await sleep(60);
		},
		function spins() {
			spinCpu(50000);
		},
	);
	const waiting = waits(query);
	spins(query);
	assert.equal(entryOf(ledger, "waits").calls, 0);
	await waiting;
	const waited = entryOf(ledger, "waits");
	assert.ok(entryOf(ledger, "spins").cpu_ns >= 50e6);
	assert.ok(waited.cpu_ns < 25e6 && waited.wall_ns >= 59e6, JSON.stringify(waited));
});

test("what is used after a wait is the call's, and all together is not more than the process has had", async () => {
	const before = processCpuNs();
	const ledger = new Ledger();
	const [late] = routesOf(ledger, "measured", async function late() {
		await sleep(1);
		spinCpu(20000);
	});
	await Promise.all([late(query), late(query), late(query)]);
	const used = processCpuNs() - before;
	const { calls, cpu_ns } = entryOf(ledger, "late");
	assert.equal(calls, 3);
	assert.ok(cpu_ns >= 60e6 && cpu_ns <= used + 1000, `${cpu_ns} of ${used}`);
});

test("what a call costs the loop ends where it returns", async () => {
	const ledger = new Ledger();
	const [late] = routesOf(ledger, "measuredLoop", async function late() {
		await sleep(1);
		spinCpu(50000);
	});
	await late(query);
	const { calls, cpu_ns } = entryOf(ledger, "late");
	assert.equal(calls, 1);
	assert.ok(cpu_ns < 25e6, String(cpu_ns));
});

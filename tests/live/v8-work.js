// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Functions that are known by name, file and line, for v8-tools.bats: "v8-work.js WHAT". It says "ready PID" when they are warm.
'use strict';

function burn(ms) {
	const end = Date.now() + ms;
	let sum = 0;
	while (Date.now() < end) for (let i = 0; i < 2000; i++) sum = (sum * 31 + i) % 1000003;
	return sum;
}

class Order {
	total(ms) {
		return burn(ms) + 1;
	}
}

function throughBuiltin() {
	return [1, 2].map((n) => burn(10) + n).length;
}

function cpu() {
	new Order().total(20);
	throughBuiltin();
	setImmediate(cpu);
}

const kept = [];

function openStream() {
	const stream = require('zlib').createDeflate();
	stream.write('x');
	kept.push(stream);
	return stream;
}

function leak() {
	openStream();
	setTimeout(leak, 20);
}

// asleep, so that a busy machine does not change whose fault it is
function blockTheLoop() {
	Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
}

function stall() {
	blockTheLoop();
	setTimeout(stall, 50);
}

function inWorker() {
	burn(50);
	setImmediate(inWorker);
}

function workers() {
	const { Worker } = require('worker_threads');
	new Worker(__filename, { argv: ['inWorker'] });
	setInterval(() => {}, 1000);
}

function brief() {
	burn(1500);
}

const what = process.argv[2];
const { isMainThread } = require('worker_threads');
if (isMainThread) {
	burn(300);
	console.log(`ready ${process.pid}`);
}
({ cpu, leak, stall, workers, inWorker, brief })[what]();

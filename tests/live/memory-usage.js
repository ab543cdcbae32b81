// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Holds still between steps: memory-usage.js STEPS MS [WORKER]. Each step takes memory of one more kind (objects, Buffers,
// ArrayBuffers, strings; every fourth one lets objects go), and then, when that has settled, says process.memoryUsage() and
// the time in two lines, of which the last counts. Nothing is done after that until the next step, so that whoever looks
// from outside finds what was said. With WORKER a thread of its own keeps a heap.
'use strict';
const fs = require('node:fs');
const { Worker, isMainThread } = require('node:worker_threads');

const [steps, ms, worker] = [Number(process.argv[2]), Number(process.argv[3]), process.argv[4]];
const kept = { objects: [], buffers: [], arrays: [], texts: [] };

function take(step) {
	switch (step % 4) {
	case 0:
		for (let i = 0; i < 40000; i++) kept.objects.push({ id: i, name: `user ${i}` });
		break;
	case 1:
		kept.buffers.push(Buffer.alloc(3 << 20, 1));
		break;
	case 2:
		kept.arrays.push(new Uint8Array(new ArrayBuffer(2 << 20)).fill(1));
		break;
	default:
		kept.texts.push('x'.repeat(1 << 20) + step);
		kept.objects.length = kept.objects.length / 2;
	}
}

// Twice: what saying it takes is there when it is said last.
function say(step) {
	for (let i = 0; i < 2; i++)
		fs.writeSync(1, `${JSON.stringify({ step, time_ms: Date.now(), ...process.memoryUsage() })}\n`);
	setTimeout(next, ms / 2);
}

let step = 0;
function next() {
	if (step === steps) process.exit(0);
	take(step);
	setTimeout(say, ms / 2, step++);
}

if (isMainThread) {
	if (worker)
		new Worker('const a = []; for (let i = 0; i < 50000; i++) a.push({ i }); setInterval(() => a, 100000)', { eval: true });
	fs.writeSync(1, `ready ${process.pid}\n`);
	setTimeout(next, ms);
}

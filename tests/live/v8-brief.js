// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Functions that live for a moment, by the thousand, while garbage is collected all the time: node --expose-gc. Each is
// called after its place and its batch, so that a name which belongs to another function is seen to be wrong:
//
//	brief_FILE_lineLINE_BATCH	in /brief/FILE.js, in that line; those of a batch call each other only
//
// Says "ready PID". Ended by a signal. GC_MS: how often all garbage is collected (50); each batch is garbage when it is over.
'use strict';

const vm = require('vm');

const GC_MS = Number(process.env.GC_MS ?? 50);
const DEPTH = 5;
const FILES = 17;

// Deterministic, so that each run is the same program.
let seed = 1;
function random(below) {
	seed = Math.imul(seed, 1103515245) + 12345 >>> 0;
	return (seed >>> 8) % below;
}

// A script of functions, each in a line of its own, and the deepest of them works.
function batchOf(serial) {
	const file = `f${random(FILES)}`;
	const lines = [];
	const names = [];
	for (let depth = 0; depth < DEPTH; depth++) {
		for (let blank = random(20); blank > 0; blank--) lines.push(`// ${serial}`);
		names.push(`brief_${file}_line${lines.length + 1}_${serial}`);
		const body = depth ? `return ${names[depth - 1]}(n) + ${serial};` : 'let s = 0; for (let i = 0; i < n; i++) s += Math.imul(i ^ s, 31); return s;';
		lines.push(`function ${names[depth]}(n) { ${body} }`);
	}
	lines.push(`${names[DEPTH - 1]};`);
	return vm.runInThisContext(lines.join('\n'), { filename: `/brief/${file}.js` });
}

const since = (began) => Number(process.hrtime.bigint() - began) / 1e6;

let serial = 0;
let collected = process.hrtime.bigint();
function again() {
	for (const turn = process.hrtime.bigint(); since(turn) < 20;) {
		const run = batchOf(serial++);
		const ms = serial % 8 ? 1.5 : 8; // now and then long enough to be compiled
		for (const began = process.hrtime.bigint(); since(began) < ms;) run(500);
		if (since(collected) > GC_MS) {
			globalThis.gc();
			collected = process.hrtime.bigint();
		}
	}
	if (serial > 100 && !again.isReady) {
		again.isReady = true;
		console.log(`ready ${process.pid}`);
	}
	setImmediate(again);
}
again();

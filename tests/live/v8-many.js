// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// So many distinct functions, called in turn for ever: what names cost (scripts/bench_js.py).
//
//	node v8-many.js COUNT		says "ready PID"
'use strict';

const vm = require('vm');

const COUNT = Number(process.argv[2]);
const PER_SCRIPT = 500;

function scriptOf(first) {
	const lines = ['['];
	for (let i = first; i < Math.min(first + PER_SCRIPT, COUNT); i++) {
		lines.push(`function many${i}(n) {`, '	let s = 0;', '	for (let i = 0; i < n; i++) s += Math.imul(i ^ s, 31);', '	return s;', '},');
	}
	lines.push(']');
	return vm.runInThisContext(lines.join('\n'), { filename: `/many/${first}.js` });
}

const functions = [];
while (functions.length < COUNT) functions.push(...scriptOf(functions.length));

let next = 0;
function again() {
	for (let i = 0; i < 200; i++) functions[next++ % COUNT](1000);
	setImmediate(again);
}
again();
console.log(`ready ${process.pid}`);

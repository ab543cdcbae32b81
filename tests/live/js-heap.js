// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Objects of known classes, for mem-watch --js-heap. usage: js-heap.js OBJECTS [churn]. Lines on standard input:
//	add N		so many more UserSession
//	snapshot FILE	a heap snapshot
//	gap		{"what":"gap"}: the longest time in which this did not run since the last one, ns
// With churn it makes garbage without end, and never keeps more.
"use strict";
const { writeHeapSnapshot } = require("node:v8");
const { createInterface } = require("node:readline");

class UserSession {
	constructor(i) {
		this.id = i;
		this.tags = [i, i + 1];
	}
}
class Shape {
	constructor(i) {
		this.x = i;
	}
}
class Circle extends Shape {
	constructor(i) {
		super(i);
		this.r = i;
	}
}
function Legacy(i) {
	this.i = i;
}

const count = Number(process.argv[2]);
const kept = { sessions: new Map(), list: [] };
let made = 0;
let last = process.hrtime.bigint();
let gap = 0n;

function add(n) {
	for (let i = 0; i < n; i++, made++) kept.sessions.set(made, new UserSession(made));
}

// The newest replace the oldest ones.
function churn() {
	for (let i = 0; i < 500; i++, made++) {
		kept.sessions.set(made % count, new UserSession(made));
		JSON.parse(`{"a":[1,2,3],"s":"${made}"}`);
		const now = process.hrtime.bigint();
		if (now - last > gap) gap = now - last;
		last = now;
	}
	setImmediate(churn);
}

add(count);
for (let i = 0; i < count / 4; i++) {
	kept.list.push(new Circle(i), new Legacy(i), new Date(i), new Uint8Array(8), /x/g, Promise.resolve(i));
	kept.list.push({ i, f: () => i }, Symbol(i), [i + 0.5]);
}
globalThis.kept = kept;

createInterface(process.stdin).on("line", (line) => {
	const [word, value] = line.split(" ");
	if (word === "add") add(Number(value));
	if (word === "snapshot") writeHeapSnapshot(value);
	console.log(JSON.stringify({ what: word, value: Number(gap) }));
	gap = 0n;
});
if (process.argv[3] === "churn") setTimeout(churn, 100);
console.log(`ready ${process.pid}`);

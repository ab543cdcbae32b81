// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Collections of all kinds: churn with slow retention, dropped now and then. usage: gc-churn.js OBJECTS [WORKERS [MS TO WAIT]]
"use strict";
const { Worker, isMainThread, workerData } = require("node:worker_threads");

const objects = Number(isMainThread ? process.argv[2] : workerData);
const kept = [];
let made = 0;

function makeSome() {
	for (let i = 0; i < 3000; i++) {
		const object = { list: [i, i + 1, i + 2], name: `x${i}`, inner: { number: i } };
		if (i % 20 === 0) kept.push(object);
	}
	if (kept.length > 100000) kept.splice(0, 80000);
	made += 3000;
	if (made < objects) setImmediate(makeSome);
}

if (isMainThread) for (let i = 0; i < Number(process.argv[3] ?? 0); i++) new Worker(__filename, { workerData: objects });
setTimeout(makeSome, Number(process.argv[4] ?? 0));

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Functions that an optimising compiler inlines into their only caller, with known work: of each round hash has about
// half, and that one is inlined twice over. The same with --no-turbo-inlining is the truth of their shares, and so is the
// program's own clock: one and the same code works for one function at a time.
//
// Says "ready PID" when they have run for so long that they are optimised. On each line of its input it says what CPU time
// they had since the line before, as JSON. Ended by a signal.
'use strict';

// One multiplication waits for the one before it: no compiler makes more of the loops in one place than in another.
function hash(n, seed) {
	let h = seed;
	for (let i = 0; i < n; i++) h = Math.imul(h ^ i, 0x01000193);
	return h;
}

function mix(n, seed) {
	let h = seed;
	for (let i = 0; i < n; i++) h = Math.imul(h, 0x85ebca6b) + i | 0;
	return h;
}

function fold(n, seed) {
	let h = seed | 0;
	for (let i = 0; i < n; i++) h = Math.imul(h + i | 0, 0xc2b2ae35);
	return h;
}

function digest(n, seed) {
	return hash(n, seed) + 1 | 0;
}

function serve(rounds, hashes, mixes, folds) {
	let sum = 0;
	for (let i = 0; i < rounds; i++) {
		sum = sum + digest(hashes, i) | 0;
		sum = sum + mix(mixes, i) | 0;
		sum = sum + fold(folds, i) | 0;
	}
	return sum;
}

const WARM_MS = 400;
const ROUNDS = 400;
const WORK = { hash: [2000, 0, 0], mix: [0, 1200, 0], fold: [0, 0, 800] };
let isReady = false;
let kept = 0;
let clocks = { hash: 0, mix: 0, fold: 0 };

function again() {
	for (const name of Object.keys(WORK)) {
		const began = process.cpuUsage();
		kept = kept + serve(ROUNDS, ...WORK[name]) | 0;
		const used = process.cpuUsage(began);
		clocks[name] += (used.user + used.system) * 1000;
	}
	if (!isReady && process.cpuUsage().user / 1000 > WARM_MS) {
		isReady = true;
		console.log(`ready ${process.pid}`);
	}
	setImmediate(again);
}
again();

process.stdin.on('data', () => {
	console.log(JSON.stringify(clocks));
	clocks = { hash: 0, mix: 0, fold: 0 };
});

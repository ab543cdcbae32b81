// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Keeps what it is told to: heap-take.js COUNT [own|removed|silent|linked]. So many sessions at the start, 1000 more for each line it
// reads, which it then tells; "end" closes its inspector. "own": it has a handler of its own for SIGUSR1, "removed": it had one.
// "silent": its own handler for SIGUSR2 does nothing, "linked": that writes a snapshot with another name besides.
'use strict';
const fs = require('node:fs');

class Session {
	constructor(id) {
		this.id = id;
		this.user = `user ${id}`;
	}
}

const sessions = [];
const [count, what] = [Number(process.argv[2]), process.argv[3]];

function grow(more) {
	for (let i = 0; i < more; i++) sessions.push(new Session(sessions.length));
}

function own() {
	fs.writeSync(1, '{"what":"own"}\n');
}

function link() {
	const name = `Heap.20250101.000000.${process.pid}.0.001.heapsnapshot`;
	fs.writeFileSync('other', '{"strings":[""]}');
	fs.linkSync('other', name);
	fs.appendFileSync(name, '\n');
}

const atSignal = { silent: () => {}, linked: link }[what];
if (atSignal) process.removeAllListeners('SIGUSR2').on('SIGUSR2', atSignal);
else if (what) process.on('SIGUSR1', own);
if (what === 'removed') process.off('SIGUSR1', own);

// What a line makes node compile and keep is there before the first snapshot.
grow(count);
process.stdin.on('data', (lines) => {
	if (lines.toString() === 'end\n') return process._debugEnd();
	grow(1000);
	fs.writeSync(1, `{"what":"grown","count":${sessions.length}}\n`);
});
setInterval(() => sessions.length, 100000);
fs.writeSync(1, `ready ${process.pid}\n`);

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Buffers whose makers are known: buffers.js WHAT. At each line of its standard input it does one thing and then says what
// process.memoryUsage().arrayBuffers was before it was ready, and is now. Run with --expose-gc.
//	known		functions that keep 500 x 20,000 and 167 x 30,000 bytes, one that drops 3,000, one that fills the pool
//	sockets		data read from a socket and kept, a file read
//	worker		the same as known, by a thread beside it
//	child		another node that does it
'use strict';
const fs = require('node:fs');
const net = require('node:net');
const { Worker, isMainThread, parentPort } = require('node:worker_threads');
const { fork } = require('node:child_process');

const kept = [];

function thumbnails() {
	for (let i = 0; i < 500; i++) kept.push(Buffer.alloc(20000, i));
}

function uploads() {
	for (let i = 0; i < 167; i++) kept.push(new Uint8Array(new ArrayBuffer(30000)));
}

function dropped() {
	for (let i = 0; i < 3000; i++) Buffer.allocUnsafeSlow(10000);
}

// 2,000 slices of 100 bytes: the pool's whole blocks are seen.
function slices() {
	for (let i = 0; i < 2000; i++) kept.push(Buffer.allocUnsafe(100));
}

function known(done) {
	thumbnails();
	uploads();
	dropped();
	slices();
	done();
}

function sockets(done) {
	const server = net.createServer((socket) => socket.end(Buffer.alloc(1 << 20, 1)));
	const file = fs.readFileSync(process.execPath, { flag: 'r' }).length > 0 && __filename;

	server.listen(0, '127.0.0.1', () => {
		net.connect(server.address().port, '127.0.0.1')
			.on('data', (chunk) => kept.push(chunk))
			.on('close', () => server.close(() => fs.readFile(file, (err, data) => done(kept.push(data)))));
	});
}

function worker(done) {
	kept.push(new Worker(__filename, { argv: ['worker'] }).on('message', () => done()));
}

let born;
function child(done) {
	born.once('message', () => done());
	born.stdin.write('\n');
}

// Swept by a thread, after the collection that found them dead.
function settle(then) {
	let last = -1, same = 0;
	const timer = setInterval(() => {
		globalThis.gc?.();
		const now = process.memoryUsage().arrayBuffers;
		same = now === last ? same + 1 : 0;
		last = now;
		if (same < 4) return;
		clearInterval(timer);
		then(now);
	}, 40);
}

if (!isMainThread) {
	known(() => settle(() => parentPort.postMessage('done')));
	parentPort.on('message', () => {});
} else {
	const before = process.memoryUsage().arrayBuffers;
	const kinds = { known, sockets, worker, child };

	process.stdin.on('data', () => kinds[process.argv[2]](() => settle((after) => {
		fs.writeSync(1, `${JSON.stringify({ what: 'made', before, after })}\n`);
		process.send?.('done');
	})));
	process.on('disconnect', () => process.exit());
	process.send?.('up');
	const ready = () => fs.writeSync(1, `ready ${process.pid}\n`);
	if (process.argv[2] === 'child')
		born = fork(__filename, ['known'], { stdio: ['pipe', 'ignore', 'inherit', 'ipc'] }).once('message', ready);
	else
		ready();
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Makes Buffers of 10,000 bytes, for scripts/bench_buffers.py:
//	buffer-server.js serve		one for each request on the port that it says, and sends it
//	buffer-server.js work N		so many, a second after it began, each dropped at once
'use strict';
const http = require('node:http');

const BYTES = 10000;

function make(i) {
	const buffer = Buffer.allocUnsafeSlow(BYTES);

	buffer[i % BYTES] = i;
	return buffer;
}

if (process.argv[2] === 'work') {
	setTimeout(() => {
		for (let i = 0; i < Number(process.argv[3]); i++) make(i);
	}, 1000);
} else {
	let requests = 0;
	const server = http.createServer((request, response) => response.end(make(requests++).fill(1)));

	server.listen(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${server.address().port}`));
}

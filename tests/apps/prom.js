// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A server with the metrics that node services mostly have, to be compared with those from outside:
// tests/live/vitals-exporter.bats.
//
// Says "ready PID PORT"; listens on 127.0.0.1, on any port.
//
//	/block?ms=N	the loop is busy for so long
//	/churn		objects that live for a while
//	/metrics	prom-client's defaults
'use strict';

const http = require('http');
const client = require('prom-client');

if (!process.env.PLAIN) {
	client.collectDefaultMetrics(); // with a timer each 10 ms
	setInterval(() => {}, 20); // what was collected is told when the loop goes round, which an idle one does not
}

const kept = [];

function block(ms) {
	const end = performance.now() + ms;
	while (performance.now() < end);
}

function churn() {
	kept.push(Array.from({ length: 20000 }, (_, i) => ({ i, text: `item ${i}` })));
	if (kept.length > 20) kept.splice(0, 15);
}

http.createServer(async (request, response) => {
	const url = new URL(request.url, 'http://localhost');
	if (url.pathname === '/metrics') {
		response.end(await client.register.metrics());
		return;
	}
	if (url.pathname === '/block') block(Number(url.searchParams.get('ms')));
	if (url.pathname === '/churn') churn();
	response.end('done\n');
}).listen(0, '127.0.0.1', function listening() {
	console.log(`ready ${process.pid} ${this.address().port}`);
});

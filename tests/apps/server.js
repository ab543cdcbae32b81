// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A server as people write them: fastify with schemas, JSON in and out, pages of handlebars. Its functions are profiled from
// outside and by V8, tests/live/v8-app.bats.
//
// Says "ready PID PORT"; listens on 127.0.0.1, on any port. After SIGTERM it ends as a program does that has no more to do,
// so that --cpu-prof writes its profile.
'use strict';

const fastify = require('fastify')();
const handlebars = require('handlebars');

const ORDERS = 40;

const page = handlebars.compile(`<!doctype html><title>{{title}}</title>
<h1>{{upper title}}</h1>
{{#each orders}}
<section class="{{#if late}}late{{else}}ok{{/if}}"><h2>{{id}}: {{customer.name}}</h2>
<ul>{{#each items}}<li>{{count}} &times; {{name}}: {{money cents}}</li>{{/each}}</ul>
<p>{{money total}}{{#if note}} ({{note}}){{/if}}</p></section>
{{/each}}`);
handlebars.registerHelper('upper', function upper(text) { return String(text).toUpperCase(); });
handlebars.registerHelper('money', function money(cents) { return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`; });

function makeItem(order, i) {
	return { name: `item ${order * 31 + i * 7 & 63} <of & "many">`, count: 1 + (order + i) % 5, cents: 99 + (order * i * 17) % 5000 };
}

function makeOrder(id) {
	return {
		id, late: id % 7 === 0, note: id % 5 ? '' : 'to be called back', customer: { name: `Customer ${id % 11}`, city: 'Köln' },
		items: Array.from({ length: 2 + id % 5 }, (_, i) => makeItem(id, i)),
	};
}

// No answer takes as long as the one before it: a profiler whose clock keeps step with the server sees some functions too often.
const all = Array.from({ length: ORDERS }, (_, id) => makeOrder(id));
const stored = all.map((_, last) => JSON.stringify(all.slice(0, last + 1)));

function sumOf(order) {
	return order.items.reduce(function addItem(sum, item) { return sum + item.count * item.cents; }, 0);
}

function loadOrders(query) {
	const orders = JSON.parse(stored[Math.floor(Math.random() * ORDERS)]);
	for (const order of orders) order.total = sumOf(order);
	return orders.filter((order) => !query.city || order.customer.city === query.city);
}

function byTotal(a, b) {
	return b.total - a.total || a.id - b.id;
}

// No two words need the same number of steps; none is ever the same object.
function rankWords(orders) {
	const counts = new Map();
	for (const order of orders) {
		for (const item of order.items) {
			for (const word of item.name.split(/\W+/)) counts.set(word, (counts.get(word) ?? 0) + item.count);
		}
	}
	return [...counts].sort((a, b) => b[1] - a[1]).slice(0, 10).map(([word, count]) => ({ word, count }));
}

const schema = {
	response: {
		200: {
			type: 'object',
			properties: {
				orders: {
					type: 'array',
					items: {
						type: 'object',
						properties: {
							id: { type: 'integer' }, total: { type: 'integer' }, note: { type: 'string' },
							customer: { type: 'object', properties: { name: { type: 'string' }, city: { type: 'string' } } },
							items: { type: 'array', items: { type: 'object', properties: { name: { type: 'string' }, cents: { type: 'integer' } } } },
						},
					},
				},
				words: { type: 'array', items: { type: 'object', properties: { word: { type: 'string' }, count: { type: 'integer' } } } },
			},
		},
	},
};

fastify.get('/', async function showPage(request, reply) {
	const orders = loadOrders(request.query).sort(byTotal);
	reply.type('text/html').send(page({ title: 'orders of today', orders }));
});
fastify.get('/orders', { schema }, async function listOrders(request) {
	const orders = loadOrders(request.query).sort(byTotal);
	return { orders, words: rankWords(orders) };
});

fastify.listen({ port: 0, host: '127.0.0.1' }, (error) => {
	if (error) throw error;
	console.log(`ready ${process.pid} ${fastify.server.address().port}`);
});
process.on('SIGTERM', () => process.exit(0));

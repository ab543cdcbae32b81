// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Loads a package that people use, works with it a little, and writes heap snapshots before and after.
// usage: app.cjs PACKAGE FOLDER FROM    FROM: a folder whose node_modules has it
'use strict';
const { createRequire } = require('node:module');
const { writeHeapSnapshot } = require('node:v8');

const [name, folder, from] = process.argv.slice(2);
const load = createRequire(`${from}/x.js`);

const works = {
	async fastify(fastify) {
		const app = fastify();

		app.get('/', async () => ({ hello: 'world' }));
		for (let i = 0; i < 50; i++)
			await app.inject('/');
		return app;
	},
	handlebars: (handlebars) =>
		Array.from({ length: 20 }, (_, i) => handlebars.compile(`<p>${i} {{name}}</p>`)).map((t) => [t, t({ name: 'x' })]),
	typescript: (ts) => ts.transpileModule('class A<T> { constructor(private a: T) {} }', {}),
	'ajv/dist/2020.js': (ajv) => new ajv.default().compile({ type: 'object', properties: { a: { type: 'integer' } } }),
	'@memlab/core': (core) => Object.keys(core),
};

(async () => {
	const loaded = load(name);

	writeHeapSnapshot(`${folder}/0.heapsnapshot`);
	globalThis.kept = [await works[name](loaded)];
	writeHeapSnapshot(`${folder}/1.heapsnapshot`);
	process.exit(0);
})();

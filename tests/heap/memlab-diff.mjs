// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The question of heap-diff put to memlab's library, to be timed: both snapshots with their dominators, one after the other;
// per class what is new, gone and kept by id, and retained sizes.
// usage: memlab-diff.mjs BEFORE AFTER
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(process.env.NODE_PATH, 'x.js'));
const { getFullHeapFromFile } = require('@memlab/heap-analysis');


console.log = () => {}; // it tells of its progress
async function read(file) {
	const heap = await getFullHeapFromFile(file);
	const classes = new Map();

	heap.nodes.forEach((node) => {
		if (!node.self_size)
			return;
		const name = `${node.type} ${node.type === 'object' || node.type === 'native' ? node.name : ''}`;
		let row = classes.get(name);

		if (!row)
			classes.set(name, row = { ids: new Set(), size: 0, retained: 0 });
		row.ids.add(node.id);
		row.size += node.self_size;
		row.retained += node.retainedSize;
	});
	return classes;
}

const before = await read(process.argv[2]), after = await read(process.argv[3]);
const rows = {};
for (const [name, { ids, size, retained }] of after) {
	const old = before.get(name)?.ids ?? new Set();
	let fresh = 0;

	for (const id of ids)
		fresh += !old.has(id);
	rows[name] = [fresh, old.size - (ids.size - fresh), size, retained];
}
process.stdout.write(`${JSON.stringify(rows)}\n`, () => process.exit(0));

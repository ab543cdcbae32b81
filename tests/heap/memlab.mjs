// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What memlab says of a heap snapshot: sizes as V8 wrote them, and what the COUNT objects that retain most retain.
// usage: memlab.mjs FILE [COUNT]
// One JSON object: "classes": {NAME: [count, size]}, "retained": {ID: bytes}.
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(process.env.NODE_PATH, 'x.js'));
const { getFullHeapFromFile } = require('@memlab/heap-analysis');

const NAMES = { hidden: '(system)', code: '(compiled code)', closure: 'Function', regexp: 'RegExp' };
const log = console.log;

console.log = () => {}; // it tells of its progress
const heap = await getFullHeapFromFile(process.argv[2]);
console.log = log;

const classes = {}, largest = [];
heap.nodes.forEach((node) => {
	const named = node.type === 'object' || node.type === 'native';
	const detached = node.type === 'native' && node.is_detached && !node.name.startsWith('Detached ');
	const name = NAMES[node.type] ?? (named ? (detached ? 'Detached ' : '') + node.name : `(${node.type})`);

	if (!node.self_size)
		return;
	classes[name] ??= [0, 0];
	classes[name][0]++;
	classes[name][1] += node.self_size;
	if (node.type === 'object' || node.type === 'closure')
		largest.push([node.retainedSize, node.id]);
});
largest.sort((a, b) => b[0] - a[0] || a[1] - b[1]);
process.stdout.write(`${JSON.stringify({
	classes,
	retained: Object.fromEntries(largest.slice(0, Number(process.argv[3] ?? 30)).map(([bytes, id]) => [id, bytes])),
})}\n`, () => process.exit(0));

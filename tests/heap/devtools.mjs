// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What Chrome's DevTools say of heap snapshots: their own code (npm's chrome-devtools-frontend), put together by esbuild.
// Classes are told by name alone, as heap-diff does: DevTools also split them by where the constructor stands, and plain
// objects by what properties they have.
// usage: devtools.mjs BUNDLE FILE [LATER]    BUNDLE: where that code is put when it is not there yet
// One JSON object: "classes": {NAME: [count, size, retained]} of the last one, and with LATER "diff":
// {NAME: [new, deleted, new size, deleted size]}.
import { createReadStream, existsSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(join(process.env.NODE_PATH, 'x.js'));

async function bundle(out) {
	const folder = join(dirname(require.resolve('chrome-devtools-frontend/package.json')), 'front_end');
	const worker = join(folder, 'entrypoints/heap_snapshot_worker');

	await require('esbuild').build({
		stdin: {
			contents: `export * from '${worker}/HeapSnapshot.ts'; export * from '${worker}/HeapSnapshotLoader.ts';`,
			resolveDir: folder,
		},
		bundle: true,
		platform: 'node',
		format: 'esm',
		outfile: `${out}.${process.pid}.mjs`,
		logLevel: 'error',
		plugins: [{ // generated when DevTools are built
			name: 'locales',
			setup(build) {
				build.onResolve({ filter: /\/locales\.js$/ }, () => ({ path: 'locales', namespace: 'empty' }));
				build.onLoad({ filter: /.*/, namespace: 'empty' }, () => ({
					contents: 'export const LOCALES = [], BUNDLED_LOCALES = [], DEFAULT_LOCALE = "en-US", REMOTE_FETCH_PATTERN = "", LOCAL_FETCH_PATTERN = "";',
				}));
			},
		}],
	});
	renameSync(`${out}.${process.pid}.mjs`, out);
}

async function load(devtools, file) {
	const progress = new devtools.HeapSnapshotProgress();
	const loader = new devtools.HeapSnapshotLoader({ sendEvent() {} });
	const channel = new MessageChannel();

	new devtools.SecondaryInitManager(channel.port2);
	for await (const chunk of createReadStream(file, { encoding: 'utf8', highWaterMark: 1 << 20 }))
		loader.write(chunk);
	loader.close();
	void progress;
	const snapshot = await loader.buildSnapshot(channel.port1);
	channel.port1.close();
	channel.port2.close();
	return snapshot;
}

const [out, first, later] = process.argv.slice(2);

if (!existsSync(out))
	await bundle(out);
const devtools = await import(pathToFileURL(resolve(out)));
devtools.JSHeapSnapshot.prototype.inferInterfaceDefinitions = () => [];
devtools.HeapSnapshot.prototype.inferInterfaceDefinitions = () => [];
for (const type of [devtools.HeapSnapshotNode, devtools.JSHeapSnapshotNode]) {
	type.prototype.classKeyInternal = function () {
		return this.classIndex();
	};
}

const before = await load(devtools, first);
const last = later ? await load(devtools, later) : before;
const result = { classes: {} };

for (const a of Object.values(last.getAggregatesByClassKey(false, 'allObjects')))
	result.classes[a.name] = [a.count, a.self, a.maxRet];
if (later) {
	result.diff = {};
	for (const d of Object.values(last.calculateSnapshotDiff(1, before.aggregatesForDiff('[]'))))
		result.diff[d.name] = [d.addedCount, d.removedCount, d.addedSize, d.removedSize];
}
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));

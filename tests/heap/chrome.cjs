// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A page that keeps what it should not, in known numbers, in headless Chromium, and its heap snapshots over DevTools' protocol.
// usage: chrome.cjs FOLDER COUNT...    a snapshot after each COUNT more: FOLDER/0.heapsnapshot, ...
'use strict';
const fs = require('node:fs');
const { open } = require('../browser/browser.js');

const page = `<!DOCTYPE html><ul id="list"></ul><script>
class ChatMessage {
	constructor(id) {
		this.id = id;
		this.words = [id, 'hello'];
	}
}
const messages = new Map(), removed = [];
const bus = new EventTarget();
function grow(count) {
	for (let i = 0; i < count; i++) {
		const id = messages.size, item = document.createElement('li');
		messages.set('message ' + id, new ChatMessage(id));
		document.querySelector('#list').append(item);
		item.remove();
		removed.push(item);
		bus.addEventListener('news', function onNews() { return id; });
	}
}
function shrink() {
	messages.clear();
	removed.length = 0;
}
</script>`;

async function take(session, file) {
	const out = fs.openSync(file, 'w');
	const keep = ({ chunk }) => fs.writeSync(out, chunk);

	session.on('HeapProfiler.addHeapSnapshotChunk', keep);
	await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
	session.off('HeapProfiler.addHeapSnapshotChunk', keep);
	fs.closeSync(out);
}

(async () => {
	const [folder, ...counts] = process.argv.slice(2);
	const { context, close } = await open({});
	try {
		const tab = await context.newPage();
		await tab.setContent(page);
		const session = await context.newCDPSession(tab);
		await session.send('HeapProfiler.enable');
		// What is compiled and made the first time is there before the first snapshot.
		await tab.evaluate('grow(10), shrink()');
		for (const [i, count] of counts.entries()) {
			await tab.evaluate(`grow(${Number(count)})`);
			await take(session, `${folder}/${i}.heapsnapshot`);
		}
	} finally {
		await close();
	}
})();

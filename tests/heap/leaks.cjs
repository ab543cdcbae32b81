// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A program that keeps what it should not, in known numbers, or drops it again, and writes heap snapshots of itself.
// usage: leaks.cjs leaking|fixed FOLDER COUNT...    a snapshot after each COUNT more: FOLDER/0.heapsnapshot, ...
'use strict';
const { EventEmitter } = require('node:events');
const { writeHeapSnapshot } = require('node:v8');

class UserSession {
	constructor(id) {
		this.id = id;
		this.user = `user ${id}`;
		this.roles = [id, 'reader'];
	}
}
class Subscriber {
	constructor(id) {
		this.id = id;
	}
}
class CacheEntry {
	constructor(id) {
		this.body = { id, text: `body of ${id}` };
	}
}

const sessions = new Map();
const cache = {};
const bus = new EventEmitter().setMaxListeners(0);
const callbacks = [];
const known = new WeakMap();

function grow(count) {
	for (let i = 0; i < count; i++) {
		const id = callbacks.length;
		const session = new UserSession(id);
		const subscriber = new Subscriber(id);

		sessions.set(`session ${id}`, session);
		known.set(session, { seen: id });
		cache[`/page/${id}`] = new CacheEntry(id);
		bus.on('news', () => subscriber.id);
		callbacks.push(function later() {
			return id;
		});
	}
}

function shrink() {
	sessions.clear();
	for (const key of Object.keys(cache))
		delete cache[key];
	bus.removeAllListeners();
	callbacks.length = 0;
}

const [what, folder, ...counts] = process.argv.slice(2);

// What is compiled and cached the first time is there before the first snapshot.
grow(10);
shrink();
let index = 0;
function step() {
	grow(Number(counts[index]));
	if (what === 'fixed')
		shrink();
	writeHeapSnapshot(`${folder}/${index}.heapsnapshot`);
	if (++index < counts.length)
		setTimeout(step, 10); // from the event loop: nothing of it is on the stack when a snapshot is made
}
setTimeout(step, 10);

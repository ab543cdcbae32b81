// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A cache with a bound: what was not used for longest makes room. A Map keeps the order of insertion. */

export class Lru<K, V> {
	private readonly entries = new Map<K, V>();

	constructor(readonly capacity: number) {
		if (!Number.isInteger(capacity) || capacity < 1) throw new RangeError("an LRU holds at least one entry");
	}

	get size(): number {
		return this.entries.size;
	}

	/** The value, which is the last used by that. */
	get(key: K): V | undefined {
		const value = this.entries.get(key);
		if (value === undefined) return undefined;
		this.entries.delete(key);
		this.entries.set(key, value);
		return value;
	}

	/** Returns what had to make room. */
	set(key: K, value: V): [K, V] | undefined {
		this.entries.delete(key);
		this.entries.set(key, value);
		if (this.entries.size <= this.capacity) return undefined;
		const oldest = this.entries.entries().next().value as [K, V];
		this.entries.delete(oldest[0]);
		return oldest;
	}
}

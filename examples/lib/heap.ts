// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* V8's heap and the process around it: memory of known size, full collections, what is used. */
import * as v8 from "node:v8";
import { runInNewContext } from "node:vm";

const SLOT_BYTES = 8; // of an array's element
const HEAD_BYTES = 32; // an array and the header of its elements

/** A packed array of small integers that takes so many bytes of the heap. */
export function heapArray(bytes: number, value: number): number[] {
	return new Array<number>(Math.max(1, Math.floor((bytes - HEAD_BYTES) / SLOT_BYTES))).fill(value);
}

/** A full collection, also where Node was started without --expose-gc. */
export function collectHeap(): void {
	if (!globalThis.gc) {
		v8.setFlagsFromString("--expose-gc");
		globalThis.gc = runInNewContext("gc") as NodeJS.GCFunction;
	}
	void globalThis.gc();
}

/** What the process uses, as Node says. */
export function memoryUsage(): object {
	const { rss, heapTotal, heapUsed, external, arrayBuffers } = process.memoryUsage();
	return {
		rss_bytes: rss,
		heap_total_bytes: heapTotal,
		heap_used_bytes: heapUsed,
		external_bytes: external,
		array_buffers_bytes: arrayBuffers,
	};
}

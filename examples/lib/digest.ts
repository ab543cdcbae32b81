// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tells one sequence of bytes from another: FNV-1a, 64 bits, in two halves, since a number is exact up
 * to 2^53. The C servers have the same.
 */

const PRIME_LOW = 0x1b3; // and 2^40
const HALF = 2 ** 32;

export class Digest {
	private high = 0xcbf29ce4;
	private low = 0x84222325;

	bytes(bytes: Uint8Array, length = bytes.length): this {
		let { high, low } = this;
		for (let i = 0; i < length; i++) {
			low = (low ^ bytes[i]!) >>> 0;
			const product = low * PRIME_LOW;
			high = (high * PRIME_LOW + Math.floor(product / HALF) + ((low << 8) >>> 0)) >>> 0;
			low = product >>> 0;
		}
		this.high = high;
		this.low = low;
		return this;
	}

	/** Of a text of one byte per character. */
	text(text: string): this {
		return this.bytes(Buffer.from(text, "latin1"));
	}

	hex(): string {
		return [this.high, this.low].map((half) => half.toString(16).padStart(8, "0")).join("");
	}
}

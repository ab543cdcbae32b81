// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Bytes that are held at a time, and the most that ever were. */

export class HeldBytes {
	peak = 0;
	private now = 0;

	take(bytes: number): number {
		this.now += bytes;
		this.peak = Math.max(this.peak, this.now);
		return bytes;
	}

	give(bytes: number): void {
		this.now -= bytes;
	}
}

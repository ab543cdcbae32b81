// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Does a series of sizes grow? A line is fitted through its last samples. They grow when the line rises
 * by enough, the smallest of each third is larger than that of the third before (what only goes up and
 * down comes back to its floor), and both were so for some samples in a row. It knows no clock.
 */

export const SAMPLES_KEPT = 60;
export const SAMPLES_FITTED = 24;
const PERSISTS = 3; // in a row
const RISE_MIN_BYTES = 4 * 1024 * 1024; // within the line: V8's heap breathes
const RISE_MIN_SHARE = 0.02; // of the mean

export interface Sample {
	at_ms: number;
	rss_bytes: number;
}

export type Verdict = "unknown" | "steady" | "growing"; // unknown: fewer samples than the line needs

function meanOf(values: number[]): number {
	return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Least squares: bytes per millisecond. */
export function slopeOf(samples: Sample[]): number {
	const meanAt = meanOf(samples.map(({ at_ms }) => at_ms));
	const mean = meanOf(samples.map(({ rss_bytes }) => rss_bytes));
	let withTime = 0;
	let ofTime = 0;
	for (const { at_ms, rss_bytes } of samples) {
		withTime += (at_ms - meanAt) * (rss_bytes - mean);
		ofTime += (at_ms - meanAt) ** 2;
	}
	return ofTime ? withTime / ofTime : 0;
}

export class Growth {
	readonly samples: Sample[] = []; // the last ones, the oldest first
	taken = 0;
	verdict: Verdict = "unknown";
	bytesPerSecond = 0;
	private rises = 0; // in a row

	/** Times rise. The verdict is of now. */
	add(sample: Sample): void {
		this.taken++;
		this.samples.push(sample);
		if (this.samples.length > SAMPLES_KEPT) this.samples.shift();
		if (this.samples.length < SAMPLES_FITTED) return;
		const fitted = this.samples.slice(-SAMPLES_FITTED);
		const slope = slopeOf(fitted);
		this.bytesPerSecond = slope * 1000;
		const ms = sample.at_ms - (fitted[0]?.at_ms ?? 0);
		this.rises = this.hasRisen(fitted, slope * ms) ? this.rises + 1 : 0;
		this.verdict = this.rises >= PERSISTS ? "growing" : "steady";
	}

	/** Whether the last sample has reached @bytes, or the line will within @ms. */
	nears(bytes: number, ms: number): boolean {
		const last = this.samples.at(-1)?.rss_bytes ?? 0;
		const ahead = this.verdict === "growing" ? (this.bytesPerSecond * ms) / 1000 : 0;
		return last + ahead >= bytes;
	}

	private hasRisen(fitted: Sample[], rise: number): boolean {
		const sizes = fitted.map(({ rss_bytes }) => rss_bytes);
		const third = SAMPLES_FITTED / 3;
		const [first, second, last] = [0, 1, 2].map((i) => Math.min(...sizes.slice(i * third, (i + 1) * third)));
		const floorsRise = first! < second! && second! < last!;
		return floorsRise && rise >= RISE_MIN_BYTES && rise >= RISE_MIN_SHARE * meanOf(sizes);
	}
}

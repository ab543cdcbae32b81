// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A circuit breaker: pure, the time is given. Closed, calls pass; after so many failures in a row it
 * is open, and none passes for a while. Then it is half-open: one call passes, and closes it or opens
 * it again.
 */

export type BreakerState = "closed" | "open" | "half-open";

export interface BreakerPolicy {
	failures: number; // in a row, that open it
	openMs: number;
}

export class Breaker {
	private failed = 0;
	private openedMs: number | undefined;
	private isProbing = false;

	constructor(private readonly policy: BreakerPolicy) {}

	state(nowMs: number): BreakerState {
		if (this.openedMs === undefined) return "closed";
		return nowMs - this.openedMs < this.policy.openMs ? "open" : "half-open";
	}

	/** Whether a call may pass now. If so, its outcome has to be told. */
	admits(nowMs: number): boolean {
		const state = this.state(nowMs);
		if (state === "closed") return true;
		if (state === "open" || this.isProbing) return false;
		this.isProbing = true;
		return true;
	}

	/** One that passed before the breaker opened does not close it. */
	success(nowMs: number): void {
		if (this.state(nowMs) === "open") return;
		this.failed = 0;
		this.openedMs = undefined;
		this.isProbing = false;
	}

	failure(nowMs: number): void {
		const state = this.state(nowMs);
		if (state === "open") return;
		this.failed++;
		if (state === "closed" && this.failed < this.policy.failures) return;
		this.openedMs = nowMs;
		this.isProbing = false;
	}
}

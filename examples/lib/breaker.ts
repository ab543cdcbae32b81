// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A circuit breaker: pure, the time is given. Closed, calls pass. After so many failures in a row it
 * is open, and none passes for a while; then one does, half-open, and closes it or opens it again.
 */

export type BreakerState = "closed" | "open" | "half-open";

export interface BreakerPolicy {
	failures: number; // in a row, that open it
	openMs: number;
}

export class Breaker {
	state: BreakerState = "closed";
	opened = 0; // how often
	private failures = 0; // in a row
	private untilMs = 0; // open

	constructor(private readonly policy: BreakerPolicy) {}

	/** Whether a call may pass. If so, how it went has to be told. */
	admits(nowMs: number): boolean {
		if (this.state === "open" && nowMs >= this.untilMs) {
			this.state = "half-open";
			return true;
		}
		return this.state === "closed";
	}

	/** A call that passed before it opened tells nothing of now. */
	success(): void {
		if (this.state === "open") return;
		this.state = "closed";
		this.failures = 0;
	}

	failure(nowMs: number): void {
		if (this.state === "open") return;
		this.failures++;
		if (this.state === "closed" && this.failures < this.policy.failures) return;
		this.state = "open";
		this.untilMs = nowMs + this.policy.openMs;
		this.opened++;
	}
}

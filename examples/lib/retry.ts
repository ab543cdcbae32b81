// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Trying again: the wait before a try doubles each time up to a bound, and a try waits a random part
 * of it (full jitter), so that clients that failed together do not come back together.
 */
import { setTimeout as sleep } from "node:timers/promises";

export interface RetryPolicy {
	tries: number;
	baseMs: number;
	capMs: number;
}

/** Before the try after @failed failed ones (1 and up); @random is from 0 to 1. */
export function backoffMs(policy: Omit<RetryPolicy, "tries">, failed: number, random = Math.random): number {
	return random() * Math.min(policy.capMs, policy.baseMs * 2 ** (failed - 1));
}

export interface RetryHooks {
	isFinal?: (error: unknown) => boolean; // trying again is of no use
	again?: () => void; // before each try but the first
	wait?: (ms: number) => Promise<unknown>;
}

/** The first result; when all tries failed, the last one's error. */
export async function retry<T>(policy: RetryPolicy, run: () => Promise<T>, hooks: RetryHooks = {}): Promise<T> {
	for (let failed = 1; ; failed++) {
		try {
			return await run();
		} catch (error) {
			if (failed >= policy.tries || hooks.isFinal?.(error)) throw error;
		}
		await (hooks.wait ?? sleep)(backoffMs(policy, failed));
		hooks.again?.();
	}
}

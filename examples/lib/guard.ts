// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Calls to a service that may be away or slow: each has a deadline, is tried again, and passes a
 * circuit breaker. Whether the last call went well is known, and said when it changes.
 */
import { Breaker } from "./breaker.js";
import { retry, type RetryPolicy } from "./retry.js";

const CALL_MS = 250;
const BREAKER = { failures: 3, openMs: 1000 };
const RETRY: RetryPolicy = { tries: 3, baseMs: 2, capMs: 10 };

/** The service has not answered in time, and may do so yet. */
export class DeadlinePassed extends Error {}
export class NotAdmitted extends Error {}

/** The result, unless it takes longer than a call may. */
async function inTime<T>(call: Promise<T>): Promise<T> {
	let timer;
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(() => reject(new DeadlinePassed(`no answer in ${CALL_MS} ms`)), CALL_MS);
	});
	try {
		return await Promise.race([call, late]);
	} finally {
		clearTimeout(timer);
	}
}

export class Guard {
	readonly breaker = new Breaker(BREAKER);
	errors = 0; // calls that failed, not those that the breaker kept back
	retries = 0;
	isUp = true;

	/** @say is told each time the service goes (why) or comes back (undefined). */
	constructor(private readonly say: (why: string | undefined) => void) {}

	async call<T>(run: () => Promise<T>): Promise<T> {
		if (!this.breaker.admits(performance.now())) throw new NotAdmitted("the circuit breaker is open");
		try {
			const result = await retry(RETRY, () => inTime(run()), {
				// what waited in vain does not wait twice, and the breaker's one try is one
				isFinal: (error) => error instanceof DeadlinePassed || this.breaker.state !== "closed",
				again: () => this.retries++,
			});
			this.breaker.success();
			this.turn(undefined);
			return result;
		} catch (error) {
			this.errors++;
			this.breaker.failure(performance.now());
			this.turn((error as Error).message);
			throw error;
		}
	}

	private turn(why: string | undefined): void {
		const isUp = why === undefined;
		if (isUp !== this.isUp) this.say(why);
		this.isUp = isUp;
	}
}

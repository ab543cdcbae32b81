// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What requests of leak-example and leak-fixed make. A heap snapshot shows the names of these classes. */
import { Account } from "../lib/account.js";
import { heapArray } from "../lib/heap.js";

const SESSION_BYTES = 512;
const LISTENER_BYTES = 1024;
const REPORT_BYTES = 4096;
const CONTEXT_BYTES = 1024;
const PAGE_BYTES = 1024;
const WORK_BYTES = 2048;

export class UserSession {
	readonly visited = heapArray(SESSION_BYTES, 1);
}

export class ConfigListener {
	private readonly settings = heapArray(LISTENER_BYTES, 2);
	changes = 0;

	/** Bound: an emitter that has it has the listener. */
	readonly onChange = (): void => {
		this.changes += this.settings.length;
	};
}

export class ReportLines {
	readonly lines = heapArray(REPORT_BYTES, 3);
}

export class PollContext {
	private readonly state = heapArray(CONTEXT_BYTES, 4);
	polls = 0;

	poll(): void {
		this.polls += this.state.length;
	}
}

export class CachedPage {
	private readonly content = heapArray(PAGE_BYTES, 5);

	constructor(readonly key: string) {}

	get size(): number {
		return this.content.length;
	}
}

export class RequestWork {
	private readonly rows = heapArray(WORK_BYTES, 6);

	get size(): number {
		return this.rows.length;
	}
}

export const accounts = {
	session: new Account("rememberSession", "/global", SESSION_BYTES),
	listener: new Account("addListener", "/listener", LISTENER_BYTES),
	report: new Account("makeReport", "/closure", REPORT_BYTES),
	poller: new Account("startPolling", "/timer", CONTEXT_BYTES),
	page: new Account("cachePage", "/cache", PAGE_BYTES),
	work: new Account("workCleanly", "/clean", WORK_BYTES),
};

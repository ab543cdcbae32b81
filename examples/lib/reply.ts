// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a route answers, and how it refuses. */

export interface Reply {
	status: number;
	body: string | Buffer;
	type?: string;
	allow?: string; // of a 405
}

export function text(body: string, status = 200): Reply {
	return { status, body };
}

/** A document that is written already. */
export function document(body: string | Buffer, status = 200): Reply {
	return { status, body, type: "application/json" };
}

export function json(value: object, status = 200): Reply {
	return document(`${JSON.stringify(value)}\n`, status);
}

/** Thrown by a handler: the request is answered with this status and line. */
export class Refusal extends Error {
	constructor(
		readonly status: number,
		message: string,
	) {
		super(message);
	}
}

/** The answer to a request whose handler has thrown. */
export function replyOfError(error: unknown): Reply {
	return error instanceof Refusal ? text(`${error.message}\n`, error.status) : text(`${String(error)}\n`, 500);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The parameters of a request. What is not as a route wants it is refused with 400. */
import { Refusal } from "./reply.js";

/** A whole number of 0 to @max. */
export function numberIn(query: URLSearchParams, name: string, fallback: number, max: number): number {
	const given = query.get(name);
	if (given === null) return fallback;
	if (!/^\d{1,10}$/.test(given) || Number(given) > max) throw new Refusal(400, `${name} is 0 to ${max}`);
	return Number(given);
}

export function wordIn<T extends string>(query: URLSearchParams, name: string, words: readonly T[]): T {
	const given = query.get(name);
	const word = words.find((one) => one === given);
	if (word === undefined) throw new Refusal(400, `${name} is one of ${words.join(" ")}`);
	return word;
}

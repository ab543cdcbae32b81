// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A value that costs its origin some milliseconds: /slow asks the origin each time, /fast looks into its
 * own memory first, then into Redis, which other processes share. Redis may be away: it answers all the
 * same, only slower, and says so.
 */
import { spinCpu } from "../lib/cpu.js";
import { Digest } from "../lib/digest.js";
import { Ledger } from "../lib/ledger.js";
import { Lru } from "../lib/lru.js";
import { runExample } from "../lib/main.js";
import type { Values } from "../lib/options.js";
import { numberIn } from "../lib/query.js";
import { Redis } from "../lib/redis.js";
import { text, type Reply } from "../lib/reply.js";

const NAME = "caching-example";
const ORIGIN_US = 2000;
const ID_MAX = 0xffffffff;
const LRU_ENTRIES = 1000;
const KEPT_S = 60; // in Redis

const lru = new Lru<string, string>(LRU_ENTRIES);
const counts = { lru_hits: 0, redis_hits: 0, origin_calls: 0 };
let redis: Redis | undefined;
let isRequired = false;

function keyIn(query: URLSearchParams): string {
	return `${NAME}:${numberIn(query, "id", 1, ID_MAX)}`;
}

function valueFromOrigin(key: string): string {
	counts.origin_calls++;
	spinCpu(ORIGIN_US);
	return `value ${new Digest().text(key).hex()}`;
}

/** Undefined when Redis has not got it, or is away. */
async function valueFromRedis(key: string): Promise<string | undefined> {
	try {
		const found = await redis?.get(key);
		if (typeof found !== "string") return undefined;
		counts.redis_hits++;
		return found;
	} catch {
		return undefined; // counted and said by then
	}
}

async function valueNotKept(key: string): Promise<string> {
	let value = await valueFromRedis(key);
	if (value === undefined) {
		value = valueFromOrigin(key);
		redis?.set(key, value, KEPT_S).catch(() => undefined); // nobody waits for it
	}
	lru.set(key, value);
	return value;
}

function answerComputed(query: URLSearchParams): Reply {
	return text(`${valueFromOrigin(keyIn(query))}\n`);
}

function answerCached(query: URLSearchParams): Reply | Promise<Reply> {
	const key = keyIn(query);
	const kept = lru.get(key);
	if (kept === undefined) return valueNotKept(key).then((value) => text(`${value}\n`));
	counts.lru_hits++;
	return text(`${kept}\n`);
}

const ledger = new Ledger();

function redisWord(): string {
	if (!redis) return "none";
	return redis.guard.isUp ? "up" : "away";
}

function truth(): object {
	return {
		routes: ledger.truth(),
		cache: {
			lru_entries: lru.size,
			...counts,
			redis_errors: redis?.guard.errors ?? 0,
			retries: redis?.guard.retries ?? 0,
			redis: redisWord(),
			breaker: redis?.guard.breaker.state ?? "closed",
			breaker_opened: redis?.guard.breaker.opened ?? 0,
		},
	};
}

async function connectRedis(values: Values): Promise<void> {
	const address = values.address("redis");
	isRequired = values.flag("require-redis");
	if (!address) {
		if (isRequired) values.misuse();
		return;
	}
	const at = `${NAME}: Redis at ${address.host}:${address.port}`;
	redis = new Redis(address, (why) => {
		process.stderr.write(why === undefined ? `${at} is back\n` : `${at} is away, serving without it: ${why}\n`);
	});
	await redis.tried;
}

runExample({
	name: NAME,
	summary: "A costly value: each time from its origin (/slow), cached (/fast).",
	options: [
		{ name: "redis", value: "HOST:PORT", help: "where Redis is (default: none)" },
		{ name: "require-redis", help: "not ready while Redis is away" },
	],
	notes: ["routes: /health /ready /truth /slow?id=N /fast?id=N"],
	routes: [ledger.measured("/slow", answerComputed), ledger.measured("/fast", answerCached)],
	start: connectRedis,
	truth,
	notReady: () => (isRequired && !redis?.guard.isUp ? "Redis is away" : undefined),
});

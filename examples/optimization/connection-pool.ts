// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Calls to other servers: an HTTP one, of its own, in a thread, and Redis. /slow/... connects for each
 * call, /fast/... takes a kept connection: an agent's, or one of a pool.
 */
import { createClient, createClientPool } from "@redis/client";
import * as diagnostics from "node:diagnostics_channel";
import { once } from "node:events";
import * as http from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { isMainThread, parentPort, Worker } from "node:worker_threads";

import { Guard } from "../lib/guard.js";
import { Ledger } from "../lib/ledger.js";
import { runExample } from "../lib/main.js";
import type { Values } from "../lib/options.js";
import { beginConnecting, clientOptions, type Address } from "../lib/redis.js";
import { Refusal, text, type Reply } from "../lib/reply.js";

const ANSWER = "the answer of the server behind";
const KEY = "connection-pool:answer";
const HTTP_CONNECTIONS = 16; // kept, at most
const REDIS_CONNECTIONS = 8;
const ACQUIRE_MS = 200; // for a connection of the pool
const GIVEN_UP_MS = 1000; // a connection on which nothing comes

// --- connections, counted where they are made -----------------------------------------------------------

const connects = { http: 0, redis: 0 };
let upstreamPort = 0;

function countConnects(): void {
	diagnostics.subscribe("net.client.socket", (message) => {
		const { socket } = message as { socket: Socket };
		socket.once("connect", () => {
			if (socket.remotePort === upstreamPort) connects.http++;
			else connects.redis++;
		});
	});
}

// --- HTTP -----------------------------------------------------------------------------------------------

const upstream = new Guard(() => undefined);
const keptAgent = new http.Agent({ keepAlive: true, maxSockets: HTTP_CONNECTIONS });

/** Without an agent it connects for this one request. */
function httpGet(agent: http.Agent | false): Promise<string> {
	return new Promise((resolve, reject) => {
		const request = http.get({ host: "127.0.0.1", port: upstreamPort, path: "/answer", agent }, (response) => {
			let body = "";
			response.setEncoding("utf8");
			response.on("data", (piece: string) => (body += piece));
			response.on("end", () => resolve(body));
			response.on("error", reject);
		});
		request.on("error", reject);
	});
}

async function answerHttp(agent: http.Agent | false): Promise<Reply> {
	try {
		return text(`${await upstream.call(() => httpGet(agent))}\n`);
	} catch (error) {
		throw new Refusal(503, (error as Error).message);
	}
}

function answerHttpAnew(): Promise<Reply> {
	return answerHttp(false);
}

function answerHttpKept(): Promise<Reply> {
	return answerHttp(keptAgent);
}

// --- Redis ----------------------------------------------------------------------------------------------

let address: Address | undefined;
let pool: ReturnType<typeof poolOf> | undefined;
const guards = { anew: new Guard(() => undefined), kept: new Guard(() => undefined) };

interface Commands {
	get(key: string): Promise<string | null>;
	set(key: string, value: string): Promise<unknown>;
}

function poolOf(at: Address) {
	return createClientPool(clientOptions(at), { maximum: REDIS_CONNECTIONS, acquireTimeout: ACQUIRE_MS });
}

/** The first to come here finds nothing. */
async function readAnswer(client: Commands): Promise<string> {
	const found = await client.get(KEY);
	if (found !== null) return found;
	await client.set(KEY, ANSWER);
	return ANSWER;
}

async function readAnew(at: Address): Promise<string> {
	const options = clientOptions(at);
	const socket = { ...options.socket, reconnectStrategy: false as const, socketTimeout: GIVEN_UP_MS };
	const client = createClient({ ...options, socket });
	client.on("error", () => undefined); // connect and calls tell
	try {
		await client.connect();
		return await readAnswer(client);
	} finally {
		if (client.isOpen) client.destroy();
	}
}

async function answerRedis(guard: Guard, run: () => Promise<string>): Promise<Reply> {
	try {
		return text(`${await guard.call(run)}\n`);
	} catch {
		throw new Refusal(503, "Redis is away");
	}
}

function answerRedisAnew(): Promise<Reply> {
	const at = address;
	if (!at) throw new Refusal(503, "no Redis: start with --redis HOST:PORT");
	return answerRedis(guards.anew, () => readAnew(at));
}

function answerRedisKept(): Promise<Reply> {
	const clients = pool;
	if (!clients) throw new Refusal(503, "no Redis: start with --redis HOST:PORT");
	return answerRedis(guards.kept, () => readAnswer(clients));
}

// --- life -----------------------------------------------------------------------------------------------

const ledger = new Ledger();

/** The server behind: it closes no connection by itself. */
function serveBehind(): void {
	const server = http.createServer({ keepAliveTimeout: 0 }, (request, response) => {
		request.resume();
		response.end(ANSWER);
	});
	server.listen(0, "127.0.0.1", () => parentPort?.postMessage((server.address() as AddressInfo).port));
}

async function start(values: Values): Promise<void> {
	address = values.address("redis");
	const [port] = (await once(new Worker(__filename), "message")) as [number];
	upstreamPort = port;
	countConnects();
	if (!address) return;
	pool = poolOf(address);
	await beginConnecting(pool);
}

function main(): void {
	runExample({
		name: "connection-pool",
		summary: "Calls that connect anew (/slow/...), calls on kept connections (/fast/...).",
		options: [{ name: "redis", value: "HOST:PORT", help: "where Redis is (default: none)" }],
		notes: ["routes: /health /ready /truth /slow/http /fast/http /slow/redis /fast/redis"],
		routes: [
			ledger.measured("/slow/http", answerHttpAnew),
			ledger.measured("/fast/http", answerHttpKept),
			ledger.measured("/slow/redis", answerRedisAnew),
			ledger.measured("/fast/redis", answerRedisKept),
		],
		start,
		truth: () => ({ routes: ledger.truth(), connects }),
	});
}

if (isMainThread) main();
else serveBehind();

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A Node server with the four classic CPU problems of event loops, one per route, and their repairs
 * below /fixed. With --burn or --mix it is busy by itself, with functions in fixed shares. What
 * everything has really cost the loop is its /truth.
 */
import { createHash, pbkdf2, pbkdf2Sync } from "node:crypto";
import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { parseArgs, promisify } from "node:util";

import { mixTruth, parseMix, startMix } from "./cpu-mix.js";

const ARTICLES = 20000;
const PRICES_BYTES = 4 * 1024 * 1024;
const PASSWORD_ROUNDS = 20000;
const LETTERS = 22;
const LETTERS_MAX = 26; // twice the time for each letter more
const DRAIN_MS = 10000;
const DEFAULT_MIX = "hashBody=40,sortResults=30,parseRequest=20,renderJson=10";

interface Article {
	id: number;
	name: string;
	price: number;
	tags: string[];
}

interface Reply {
	status: number;
	body: string;
	type?: string;
}

/** What a route has cost the loop: for an asynchronous one, the part before its first await. */
interface Entry {
	function: string;
	route: string;
	calls: number;
	cpu_ns: number;
	wall_ns: number;
}

type Handler = (query: URLSearchParams) => Reply | Promise<Reply>;

// --- the data ---------------------------------------------------------------------------------------

const records = Array.from({ length: ARTICLES }, (_, id) =>
	JSON.stringify({ id, name: `article number ${id}`, price: id * 7 + 100, tags: ["new", "in stock"] }),
);
const catalog = `[${records.join(",")}]`;
const articles = JSON.parse(catalog) as Article[];
const articlesVersion = 1; // whoever changes the articles counts it up

let filesIn: string | undefined;
let pricesFile = "";

function makeFiles(): void {
	filesIn = fs.mkdtempSync("/var/tmp/cpu-blocking."); // on a disk, where /tmp may be memory
	pricesFile = path.join(filesIn, "prices");
	fs.writeFileSync(pricesFile, Buffer.alloc(PRICES_BYTES, "7"));
}

// --- /sync-io: blocking calls in the loop -----------------------------------------------------------

function readPricesSync(): number {
	return fs.readFileSync(pricesFile).length;
}

function hashPasswordSync(): string {
	return pbkdf2Sync("secret", "salt", PASSWORD_ROUNDS, 32, "sha256").toString("hex");
}

function answerSyncIo(): Reply {
	return { status: 200, body: `${readPricesSync()} bytes, ${hashPasswordSync()}\n` };
}

const hashPassword = promisify(pbkdf2);

/** The same work in libuv's threads: it costs as much CPU, and the loop is free meanwhile. */
async function answerAsyncIo(): Promise<Reply> {
	const [prices, hash] = await Promise.all([
		fs.promises.readFile(pricesFile),
		hashPassword("secret", "salt", PASSWORD_ROUNDS, 32, "sha256"),
	]);
	return { status: 200, body: `${prices.length} bytes, ${hash.toString("hex")}\n` };
}

// --- /json?id=N: a large document parsed for one field -----------------------------------------------

function numberOf(query: URLSearchParams, name: string, fallback: number): number | undefined {
	const text = query.get(name) ?? String(fallback);
	return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function priceReply(article: Article | undefined): Reply {
	if (!article) return { status: 404, body: "no such article\n" };
	return { status: 200, body: `price ${article.price}, catalogue of ${catalog.length} bytes\n` };
}

function parseCatalog(query: URLSearchParams): Reply {
	const id = numberOf(query, "id", 1);
	return priceReply((JSON.parse(catalog) as Article[]).find((article) => article.id === id));
}

/** The document is kept as records: one is parsed. */
function parseRecord(query: URLSearchParams): Reply {
	const record = records[numberOf(query, "id", 1) ?? ARTICLES];
	return priceReply(record === undefined ? undefined : (JSON.parse(record) as Article));
}

// --- /regex?n=LETTERS: a pattern that backtracks -----------------------------------------------------

function answerMatch(query: URLSearchParams, pattern: RegExp): Reply {
	const letters = numberOf(query, "n", LETTERS);
	if (letters === undefined || letters > LETTERS_MAX) return { status: 400, body: `n is 0 to ${LETTERS_MAX}\n` };
	const text = `${"a".repeat(letters)}!`; // it fails at its last byte
	return { status: 200, body: pattern.test(text) ? "match\n" : "no match\n" };
}

function matchBacktracking(query: URLSearchParams): Reply {
	return answerMatch(query, /^(a+)+$/);
}

/** Matches the same texts: a run of runs of a letter is a run of it. */
function matchLinear(query: URLSearchParams): Reply {
	return answerMatch(query, /^a+$/);
}

// --- /compute: the same answer computed for each request ---------------------------------------------

function rankArticles(): Article[] {
	return articles.slice().sort((a, b) => b.price - a.price || a.id - b.id);
}

function digestArticles(ranked: Article[]): string {
	const hash = createHash("sha1");
	for (const article of ranked) hash.update(`${article.id}:${article.price};`);
	return hash.digest("hex");
}

function rankAgain(): Reply {
	return { status: 200, body: `tag ${digestArticles(rankArticles())}\n` };
}

let ranking: { version: number; tag: string } | undefined;

function rankCached(): Reply {
	if (ranking?.version !== articlesVersion)
		ranking = { version: articlesVersion, tag: digestArticles(rankArticles()) };
	return { status: 200, body: `tag ${ranking.tag}\n` };
}

// --- the truth ----------------------------------------------------------------------------------------

const entries = new Map<string, Entry>();
const delay = monitorEventLoopDelay({ resolution: 10 });

/** Runs @run and enters what it cost until it returned; what an async one does later is not in it. */
function measured(entry: Entry, run: Handler, query: URLSearchParams): Reply | Promise<Reply> {
	const startedCpu = process.cpuUsage();
	const startedAt = performance.now();
	try {
		return run(query);
	} finally {
		const used = process.cpuUsage(startedCpu);
		entry.calls++;
		entry.wall_ns += Math.round((performance.now() - startedAt) * 1e6);
		entry.cpu_ns += (used.user + used.system) * 1000;
	}
}

function measuredRoute(route: string, run: Handler): [string, Handler] {
	const entry: Entry = { function: run.name, route, calls: 0, cpu_ns: 0, wall_ns: 0 };
	entries.set(route, entry);
	return [route, (query) => measured(entry, run, query)];
}

function truth(): string {
	const ms = (ns: number): number => Math.round(ns / 1e4) / 100;
	const loop = { p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max) };
	return `${JSON.stringify({ routes: [...entries.values()], mix: mixTruth(), loop_delay_ms: loop })}\n`;
}

// --- the server ---------------------------------------------------------------------------------------

const routes = new Map<string, Handler>([
	measuredRoute("/sync-io", answerSyncIo),
	measuredRoute("/fixed/sync-io", answerAsyncIo),
	measuredRoute("/json", parseCatalog),
	measuredRoute("/fixed/json", parseRecord),
	measuredRoute("/regex", matchBacktracking),
	measuredRoute("/fixed/regex", matchLinear),
	measuredRoute("/compute", rankAgain),
	measuredRoute("/fixed/compute", rankCached),
	["/health", () => ({ status: 200, body: "ok\n" })],
	["/truth", () => ({ status: 200, body: truth(), type: "application/json" })],
]);

async function answer(request: http.IncomingMessage): Promise<Reply> {
	const url = new URL(request.url ?? "/", "http://localhost");
	const handler = routes.get(url.pathname);
	if (!handler) return { status: 404, body: "no such path\n" };
	if (request.method !== "GET") return { status: 405, body: "this path takes GET\n" };
	return handler(url.searchParams);
}

const server = http.createServer((request, response) => {
	request.resume(); // no route takes a body
	answer(request)
		.catch((error: unknown): Reply => ({ status: 500, body: `${String(error)}\n` }))
		.then(({ status, body, type }) => {
			response.writeHead(status, { "Content-Type": type ?? "text/plain" });
			response.end(body);
		});
});

function end(status: number): never {
	if (filesIn) fs.rmSync(filesIn, { recursive: true, force: true });
	fs.writeSync(process.stderr.fd, truth());
	process.exit(status);
}

let isDraining = false;

function drain(): void {
	if (isDraining) end(1);
	isDraining = true;
	server.close(() => end(0));
	server.closeIdleConnections();
	setTimeout(() => end(1), DRAIN_MS).unref();
}

const USAGE = `usage: cpu-blocking [--port PORT] [--burn | --mix NAME=SHARE,...]
A Node server with four classic CPU problems, one per route.

      --port PORT  on 127.0.0.1; 0 takes a free one (default 8080)
      --burn       busy by itself: ${DEFAULT_MIX}
      --mix NAME=SHARE,...
                   the same with these shares, in whole per cent
      --help       this text

routes: ${[...routes.keys()].join(" ")}
`;

function misuse(): never {
	process.stderr.write(USAGE);
	process.exit(2);
}

function options(): { port: number; mix: Map<string, number> | undefined } {
	try {
		const { values } = parseArgs({
			options: {
				port: { type: "string", default: "8080" },
				burn: { type: "boolean", default: false },
				mix: { type: "string" },
				help: { type: "boolean", default: false },
			},
		});
		if (values.help) {
			process.stdout.write(USAGE);
			process.exit(0);
		}
		const text = values.mix ?? (values.burn ? DEFAULT_MIX : undefined);
		const mix = text === undefined ? undefined : parseMix(text);
		if (!/^\d{1,5}$/.test(values.port ?? "") || Number(values.port) > 65535) misuse();
		if (text !== undefined && !mix) misuse();
		return { port: Number(values.port), mix };
	} catch {
		return misuse();
	}
}

function main(): void {
	const { port, mix } = options();
	makeFiles();
	process.on("SIGTERM", drain);
	process.on("SIGINT", drain);
	server.on("error", (error) => {
		process.stderr.write(`cpu-blocking: port ${port}: ${error.message}\n`);
		end(1);
	});
	server.listen(port, "127.0.0.1", () => {
		delay.enable();
		if (mix) startMix(mix);
		console.log(`listening on 127.0.0.1:${(server.address() as AddressInfo).port}`);
	});
}

main();

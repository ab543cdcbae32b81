// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A Node server with the four classic CPU problems of event loops, one per route, and their repairs
 * below /fixed. With --burn or --mix it is busy by itself, with functions in fixed shares. What
 * everything has really cost the loop is its /truth.
 */
import { createHash, pbkdf2, pbkdf2Sync } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { promisify } from "node:util";

import { Ledger } from "../lib/ledger.js";
import { parseOptions } from "../lib/options.js";
import { numberIn } from "../lib/query.js";
import { Refusal, text, type Reply } from "../lib/reply.js";
import { Server, type Handler } from "../lib/server.js";
import { mixTruth, parseMix, startMix } from "./cpu-mix.js";

const ARTICLES = 20000;
const PRICES_BYTES = 4 * 1024 * 1024;
const PASSWORD_ROUNDS = 20000;
const LETTERS = 22;
const LETTERS_MAX = 26; // twice the time for each letter more
const DEFAULT_MIX = "hashBody=40,sortResults=30,parseRequest=20,renderJson=10";

interface Article {
	id: number;
	name: string;
	price: number;
	tags: string[];
}

// --- the data ---------------------------------------------------------------------------------------

const records = Array.from({ length: ARTICLES }, (_, id) =>
	JSON.stringify({ id, name: `article number ${id}`, price: id * 7 + 100, tags: ["new", "in stock"] }),
);
const catalog = `[${records.join(",")}]`;
const articles = JSON.parse(catalog) as Article[];
const articlesVersion = 1; // whoever changes the articles counts it up

let filesIn = "";
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
	return text(`${readPricesSync()} bytes, ${hashPasswordSync()}\n`);
}

const hashPassword = promisify(pbkdf2);

/** The same work in libuv's threads: it costs as much CPU, and the loop is free meanwhile. */
async function answerAsyncIo(): Promise<Reply> {
	const [prices, hash] = await Promise.all([
		fs.promises.readFile(pricesFile),
		hashPassword("secret", "salt", PASSWORD_ROUNDS, 32, "sha256"),
	]);
	return text(`${prices.length} bytes, ${hash.toString("hex")}\n`);
}

// --- /json?id=N: a large document parsed for one field -----------------------------------------------

function idIn(query: URLSearchParams): number {
	return numberIn(query, "id", 1, 999999999);
}

function priceReply(article: Article | undefined): Reply {
	if (!article) throw new Refusal(404, "no such article");
	return text(`price ${article.price}, catalogue of ${catalog.length} bytes\n`);
}

function parseCatalog(query: URLSearchParams): Reply {
	const id = idIn(query);
	return priceReply((JSON.parse(catalog) as Article[]).find((article) => article.id === id));
}

/** The document is kept as records: one is parsed. */
function parseRecord(query: URLSearchParams): Reply {
	const record = records[idIn(query)];
	return priceReply(record === undefined ? undefined : (JSON.parse(record) as Article));
}

// --- /regex?n=LETTERS: a pattern that backtracks -----------------------------------------------------

function answerMatch(query: URLSearchParams, pattern: RegExp): Reply {
	const word = `${"a".repeat(numberIn(query, "n", LETTERS, LETTERS_MAX))}!`; // it fails at its last byte
	return text(pattern.test(word) ? "match\n" : "no match\n");
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
	return text(`tag ${digestArticles(rankArticles())}\n`);
}

let ranking: { version: number; tag: string } | undefined;

function rankCached(): Reply {
	if (ranking?.version !== articlesVersion)
		ranking = { version: articlesVersion, tag: digestArticles(rankArticles()) };
	return text(`tag ${ranking.tag}\n`);
}

// --- the truth ----------------------------------------------------------------------------------------

const ledger = new Ledger();
const delay = monitorEventLoopDelay({ resolution: 10 });

function truth(): object {
	const ms = (ns: number): number => Math.round(ns / 1e4) / 100;
	const loop = { p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max) };
	return { routes: ledger.truth(), mix: mixTruth(), loop_delay_ms: loop };
}

// --- the server ---------------------------------------------------------------------------------------

const routes = new Map<string, Handler>([
	ledger.measuredLoop("/sync-io", answerSyncIo),
	ledger.measuredLoop("/fixed/sync-io", answerAsyncIo),
	ledger.measuredLoop("/json", parseCatalog),
	ledger.measuredLoop("/fixed/json", parseRecord),
	ledger.measuredLoop("/regex", matchBacktracking),
	ledger.measuredLoop("/fixed/regex", matchLinear),
	ledger.measuredLoop("/compute", rankAgain),
	ledger.measuredLoop("/fixed/compute", rankCached),
]);

function main(): void {
	const values = parseOptions({
		name: "cpu-blocking",
		summary: "A Node server with four classic CPU problems, one per route.",
		options: [
			{ name: "burn", help: `busy by itself: ${DEFAULT_MIX}` },
			{ name: "mix", value: "NAME=SHARE,...", help: "the same with these shares, in whole per cent" },
		],
		notes: [`routes: /health /ready /truth ${[...routes.keys()].join(" ")}`],
	});
	const given = values.text("mix") ?? (values.flag("burn") ? DEFAULT_MIX : undefined);
	const mix = given === undefined ? undefined : parseMix(given);
	if (given !== undefined && !mix) values.misuse();
	const { port } = values;
	makeFiles();
	const server = new Server({
		name: "cpu-blocking",
		routes,
		truth,
		atEnd: () => {
			if (filesIn) fs.rmSync(filesIn, { recursive: true, force: true });
		},
	});
	server.drainOnSignals();
	server.listen(port, "", () => {
		delay.enable();
		if (mix) startMix(mix);
	});
}

main();

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * leak-example.ts without its leaks: the same routes and the same objects, each with the place where it
 * ends. Compare the two with diff. A comment that starts with FIXED says what ends it.
 */
import { EventEmitter } from "node:events";

import { accounts, CachedPage, ConfigListener, PollContext, ReportLines, UserSession } from "./leak-objects.js";
import { keyIn, runLeak } from "./leak-routes.js";
import { Lru } from "../lib/lru.js";
import { text, type Reply } from "../lib/reply.js";

const POLL_MS = 1000;
const SESSIONS_KEPT = 1000;
const TITLES_KEPT = 1000;
const PAGES_KEPT = 1000;

// --- /global: a list with an end ----------------------------------------------------------------------

const sessions: UserSession[] = [];

function rememberSession(): Reply {
	sessions.push(new UserSession());
	accounts.session.made();
	// FIXED: the oldest makes room
	if (sessions.length > SESSIONS_KEPT) accounts.session.gone(sessions.splice(0, 1).length);
	return text("");
}

// --- /listener: registered per request, removed with it --------------------------------------------------

const config = new EventEmitter();

function addListener(): Reply {
	const { onChange } = new ConfigListener();
	config.on("change", onChange);
	accounts.listener.made();
	config.off("change", onChange); // FIXED: the end of the request removes what it has registered
	accounts.listener.gone();
	return text("");
}

// --- /closure: what is kept is made where there is nothing else -------------------------------------------

const titles: (() => string)[] = [];
let reports = 0;

/** FIXED: its context has the id and no more. */
function titleOf(id: number): () => string {
	return () => `report ${id}`;
}

function makeReport(): Reply {
	const report = new ReportLines();
	const id = reports++;
	const summarise = (): string => `report ${id}: ${report.lines.length} lines\n`;
	const summary = summarise();
	accounts.report.made();
	titles.push(titleOf(id));
	if (titles.length > TITLES_KEPT) titles.shift();
	accounts.report.gone();
	return text(summary);
}

// --- /timer: started per request, stopped with it ---------------------------------------------------------

function startPolling(): Reply {
	const context = new PollContext();
	const timer = setInterval(() => context.poll(), POLL_MS);
	accounts.poller.made();
	clearInterval(timer); // FIXED: the end of the request stops its timer
	accounts.poller.gone();
	return text("");
}

// --- /cache?key=...: the pages asked for last stay -------------------------------------------------------

const pages = new Lru<string, CachedPage>(PAGES_KEPT);

function cachePage(query: URLSearchParams): Reply {
	const key = keyIn(query);
	if (pages.get(key)) return text("hit\n");
	accounts.page.made();
	if (pages.set(key, new CachedPage(key))) accounts.page.gone(); // FIXED: the one not used for longest makes room
	return text("miss\n");
}

runLeak({
	name: "leak-fixed",
	summary: "The routes of leak-example with each of its five memory leaks fixed.",
	handlers: { rememberSession, addListener, makeReport, startPolling, cachePage },
});

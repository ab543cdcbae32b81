// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A server with the five classic leaks, one per route; leak-fixed.ts is the same server without them. A
 * comment that starts with LEAK says what keeps an object, and why that never ends.
 */
import { EventEmitter } from "node:events";

import { accounts, CachedPage, ConfigListener, PollContext, ReportLines, UserSession } from "./leak-objects.js";
import { keyIn, runLeak } from "./leak-routes.js";
import { text, type Reply } from "../lib/reply.js";

const POLL_MS = 1000;

// --- /global: a list that only grows -----------------------------------------------------------------

const sessions: UserSession[] = [];

function rememberSession(): Reply {
	sessions.push(new UserSession()); // LEAK: the list has no end
	accounts.session.made();
	return text("");
}

// --- /listener: registered per request, never removed ---------------------------------------------------

const config = new EventEmitter();

function addListener(): Reply {
	config.on("change", new ConfigListener().onChange); // LEAK: the emitter lives for ever, and has it
	accounts.listener.made();
	return text("");
}

// --- /closure: two functions share a context --------------------------------------------------------------

const titles: (() => string)[] = [];

function makeReport(): Reply {
	const report = new ReportLines();
	const id = titles.length;
	const summarise = (): string => `report ${id}: ${report.lines.length} lines\n`;
	const summary = summarise();
	// LEAK: it needs the id alone, but functions made in one place share what any of them uses
	titles.push(() => `report ${id}`);
	accounts.report.made();
	return text(summary);
}

// --- /timer: started per request, never stopped -----------------------------------------------------------

function startPolling(): Reply {
	const context = new PollContext();
	setInterval(() => context.poll(), POLL_MS); // LEAK: nobody has what would stop it
	accounts.poller.made();
	return text("");
}

// --- /cache?key=...: a page for each key ------------------------------------------------------------------

const pages = new Map<string, CachedPage>();

function cachePage(query: URLSearchParams): Reply {
	const key = keyIn(query);
	if (pages.has(key)) return text("hit\n");
	pages.set(key, new CachedPage(key)); // LEAK: the cache has no bound
	accounts.page.made();
	return text("miss\n");
}

runLeak({
	name: "leak-example",
	summary: "A server with five classic memory leaks, one per route.",
	handlers: { rememberSession, addListener, makeReport, startPolling, cachePage },
});

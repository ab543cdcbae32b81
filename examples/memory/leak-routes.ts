// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What leak-example and leak-fixed have in common: their routes, and one that leaks in neither. */
import { accounts, RequestWork } from "./leak-objects.js";
import { truthOf } from "../lib/account.js";
import { collectHeap, memoryUsage } from "../lib/heap.js";
import { runExample } from "../lib/main.js";
import { json, Refusal, text, type Reply } from "../lib/reply.js";
import type { Handler } from "../lib/server.js";

const PIECES = 4;

export interface Leak {
	name: string;
	summary: string;
	handlers: Record<"rememberSession" | "addListener" | "makeReport" | "startPolling" | "cachePage", Handler>;
}

export function keyIn(query: URLSearchParams): string {
	const key = query.get("key");
	if (!key) throw new Refusal(400, "ask for /cache?key=NAME");
	return key;
}

/** Objects that nobody keeps. */
function workCleanly(): Reply {
	for (let i = 0; i < PIECES; i++) {
		const { size } = new RequestWork();
		accounts.work.made();
		if (size) accounts.work.gone();
	}
	return text("");
}

function collect(): Reply {
	collectHeap();
	return text("collected\n");
}

export function runLeak({ name, summary, handlers }: Leak): void {
	runExample({
		name,
		summary,
		notes: ["routes: /health /ready /truth /global /listener /closure /timer /cache?key=NAME /clean /usage /gc"],
		routes: [
			["/global", handlers.rememberSession],
			["/listener", handlers.addListener],
			["/closure", handlers.makeReport],
			["/timer", handlers.startPolling],
			["/cache", handlers.cachePage],
			["/clean", workCleanly],
			["/usage", () => json(memoryUsage())],
			["/gc", collect],
		],
		truth: () => truthOf(Object.values(accounts)),
	});
}

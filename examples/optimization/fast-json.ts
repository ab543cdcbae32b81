// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A list of articles as JSON: by JSON.stringify, which looks at each object (/slow), or by a function
 * made for their schema (/fast). The same bytes.
 */
import buildStringify = require("fast-json-stringify");

import { Ledger } from "../lib/ledger.js";
import { runExample } from "../lib/main.js";
import { document, type Reply } from "../lib/reply.js";

const ARTICLES = 24;
const NAMES = ["tea pot, 1.5 l", '"best" cup', "back\\slash", "two\nlines", "tab\tand \x01", "café crème"];

const articles = Array.from({ length: ARTICLES }, (_, i) => ({
	id: i + 1,
	name: NAMES[i % NAMES.length],
	price_cents: (7919 * i) % 10007,
	in_stock: i % 3 !== 0,
	sizes: [i, 10 * i, 1000 * i],
}));

const stringifyArticles = buildStringify({
	type: "array",
	items: {
		type: "object",
		properties: {
			id: { type: "integer" },
			name: { type: "string" },
			price_cents: { type: "integer" },
			in_stock: { type: "boolean" },
			sizes: { type: "array", items: { type: "integer" } },
		},
		required: ["id", "name", "price_cents", "in_stock", "sizes"],
	},
});

/** In bytes: what a string is made of is put together when somebody needs them, and that is part of the work. */
function documentOf(articlesJson: string): Reply {
	return document(Buffer.from(articlesJson));
}

function answerNative(): Reply {
	return documentOf(JSON.stringify(articles));
}

function answerBySchema(): Reply {
	return documentOf(stringifyArticles(articles));
}

const ledger = new Ledger();

runExample({
	name: "fast-json",
	summary: "A list of articles as JSON, by JSON.stringify or by a function made for their schema.",
	notes: ["routes: /health /ready /truth /slow /fast"],
	routes: [ledger.measured("/slow", answerNative), ledger.measured("/fast", answerBySchema)],
	truth: () => ({ routes: ledger.truth() }),
});

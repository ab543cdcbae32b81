/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names of code that a runtime makes while it runs, as it writes them to /tmp/perf-PID.map: a line
 * "START SIZE name" for each piece of code, numbers in hexadecimal, the name up to the newline.
 * Source: tools/perf/Documentation/jit-interface.txt of Linux; written by V8 (--perf-basic-prof),
 * the JVM's agents, .NET, CPython 3.12. The file is the target's, so hostile (rule S6 of
 * docs/architecture.md): it gives names, and nothing else is believed of it.
 *
 * The text is fed as it grows, in pieces of any size. Code is thrown away and its place taken by
 * other code, so of the lines that cover an address the last one counts.
 *
 * Memory: names at most PERFMAP_MAX_NAME_BYTES; beside them 48 bytes for each line, and the same
 * again for a moment while lines are ordered: 448 MiB for the worst of files. node's lines take
 * some 100 bytes each, all together.
 */
#ifndef SYMBOL_PERFMAP_H
#define SYMBOL_PERFMAP_H

#include "base/bytes.h"
#include "base/text.h"

#include <stdbool.h>

#define PERFMAP_MAX_LINES      2000000
#define PERFMAP_MAX_BYTES      (256u << 20) /* of text, in all */
#define PERFMAP_MAX_NAME_BYTES (256u << 20)
#define PERFMAP_MAX_RUNS       40
/* What is kept of a line; a name that long is cut to TEXT_MAX anyway. */
#define PERFMAP_LINE_BYTES 2048

struct perfmap_segment;
struct perfmap_block;

/* What some consecutive lines say, the last word only. */
struct perfmap_run {
	struct perfmap_segment *at; /* ascending, not overlapping */
	size_t len;
	size_t line_count; /* that it is made of */
};

/* Zeroed at birth. Only the counts are for reading. */
struct perfmap {
	uint64_t line_count;	  /* complete lines seen */
	uint64_t malformed_count; /* of them, skipped */
	uint64_t byte_count;	  /* of text seen */
	uint64_t name_bytes;	  /* memory held for names */
	int err;		  /* why it takes no more text, 0 when it does */
	size_t run_count;
	struct perfmap_run runs[PERFMAP_MAX_RUNS]; /* the oldest first */
	struct perfmap_block *names;
	size_t pending_len;
	uint8_t pending[PERFMAP_LINE_BYTES]; /* a last line without its newline yet */
};

/* Back to an empty map. */
void perfmap_done(struct perfmap *map);

/*
 * The next @text of the file. 0; -E2BIG (a cap is reached) or -ENOMEM, and then for ever: what was
 * read until then can still be found. Malformed lines are counted and skipped: no hexadecimal
 * numbers with one blank behind each, over 64 bits, of size 0, beyond the end of memory, no name, a
 * NUL in it.
 */
int perfmap_add(struct perfmap *map, struct bytes text);

/*
 * The newest code that covers @addr: its name, clean and valid until perfmap_done, and its start.
 * False when there is none.
 */
bool perfmap_find(const struct perfmap *map, uint64_t addr, const char **ret_name,
		  uint64_t *ret_start);

/* A JavaScript function. */
struct perfmap_js {
	char tier; /* '*' optimised (TurboFan), '+' Maglev, '^' baseline (Sparkplug), '~' bytecode
		    */
	uint32_t line, column;	 /* from 1; 0 when not told: node 16 and 18 tell no column */
	char function[TEXT_MAX]; /* "(anonymous)", "(top level)" of a script */
	char file[TEXT_MAX];	 /* path, URL or node:... ; "" when none */
};

/*
 * Takes apart a clean @name of V8's, as node 16 to 25 write them:
 *
 *	LazyCompile:*handler /srv/app.js:12	node 16, 18 (Function: Script: Eval: too)
 *	JS:*handler /srv/app.js:12:34		node 20 and later (Script: Eval: too)
 *	JS:+'handler /srv/app.js:12:34		node 24: specialised to its context, not told apart
 *
 * Function and file may hold blanks, of which none is escaped: the file begins where something like
 * a path or URL does, else at the first blank. False when it is no JavaScript function (Builtin:,
 * BytecodeHandler:, RegExp:, Stub:, wasm-function[0]-0-turbofan): show the name as it is.
 */
bool perfmap_js_name(const char *name, struct perfmap_js *ret_js);

#endif

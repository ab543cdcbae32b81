/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the routes of the memory examples allocate, the same in leak-example and its fixed twin. */
#ifndef EXAMPLE_RECORDS_H
#define EXAMPLE_RECORDS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "lru.h"
#include "timers.h"

/* Sizes far enough apart to be told from each other in a report. */
#define VISIT_NOTE_BYTES	200
#define LISTENER_SETTINGS_BYTES 400
#define CLOSURE_CAPTURE_BYTES	1000
#define HEARTBEAT_SESSION_BYTES 700
#define CACHE_KEY_BYTES		64
#define CACHE_PIECE_BYTES	500 /* a value is rendered in pieces, growing by realloc */
#define CACHE_PIECES		3
#define CACHE_VALUE_BYTES	((size_t)CACHE_PIECES * CACHE_PIECE_BYTES)

#define HEARTBEAT_PERIOD_NS	(600 * NS_PER_SEC)

/* /global: one line of the history. */
struct visit {
	STAILQ_ENTRY(visit) next;
	char note[VISIT_NOTE_BYTES];
};

/* /listener: who wants to hear that the configuration changed. */
struct listener {
	LIST_ENTRY(listener) next;
	char *name; /* owned */
	char settings[LISTENER_SETTINGS_BYTES];
};

/* /closure: a callback and what it captured. */
struct closure {
	STAILQ_ENTRY(closure) next;
	void (*call)(struct closure *closure);
	unsigned int calls;
	char captured[CLOSURE_CAPTURE_BYTES];
};

/* /timer: tells the session, now and then, that its request still runs. */
struct heartbeat {
	struct timer timer;
	uint64_t beats;
	char session[HEARTBEAT_SESSION_BYTES];
};

/* /cache?key=...: a rendered value. */
struct cache_entry {
	struct lru_node lru; /* first, as lru.h asks; its key is the one below */
	char *value;	     /* owned */
	char key[CACHE_KEY_BYTES];
};

#endif

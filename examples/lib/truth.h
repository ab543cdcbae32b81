/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the memory examples know about themselves: for every site, that is every function that
 * calls the allocator, the bytes as asked for and the blocks that are not freed. Kept by the sites,
 * at the call itself; the servers have one thread.
 */
#ifndef EXAMPLE_TRUTH_H
#define EXAMPLE_TRUTH_H

#include <stddef.h>
#include <stdio.h>

#include "server.h"
#include "site.h"

enum truth_site {
	SITE_GLOBAL_HISTORY_APPEND,
	SITE_LISTENER_ADD,
	SITE_STRDUP, /* of libc, called by listener_add */
	SITE_CLOSURE_CAPTURE,
	SITE_TIMER_START,
	SITE_CACHE_PUT,
	SITE_CACHE_VALUE_GROW,
	SITE_CLEAN_WORK,
	SITE_COUNT,
};

void truth_alloc(enum truth_site site, size_t bytes);
void truth_free(enum truth_site site, size_t bytes);

/* realloc that worked; @old_bytes 0: there was no block before. */
void truth_realloc(enum truth_site site, size_t old_bytes, size_t new_bytes);

/* GET /truth: the ledger as JSON. */
void truth_route(struct exchange *exchange);

/* The same on @out, as one line. */
void truth_report(FILE *out);

#endif

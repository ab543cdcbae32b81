/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The page as it is sent: the collector's, with what the server itself counts behind it, in two
 * formats, packed or not; each is made at most once for a page. Private to host/metrics_*.c.
 */
#ifndef HOST_METRICS_PAGES_H
#define HOST_METRICS_PAGES_H

#include "host/metrics_link.h"

#include <microhttpd.h>

#define METRICS_CODES  8
#define METRICS_BOUNDS 5

/* What the server counts of its own doing. */
struct metrics_counts {
	struct {
		unsigned int code;
		uint64_t count;
	} codes[METRICS_CODES]; /* answers to /metrics by status; those that never were have code 0
				 */
	uint64_t within[METRICS_BOUNDS], durations; /* a histogram of their times */
	double duration_sum_s;
	uint64_t dropped_full, dropped_slow; /* connections */
};

void metrics_counts_add(struct metrics_counts *counts, unsigned int code, uint64_t duration_ns);

struct metrics_pages {
	char *texts[EXPOSITION_FORMATS];
	size_t lens[EXPOSITION_FORMATS];
	struct MHD_Response *responses[EXPOSITION_FORMATS][2]; /* [1]: by gzip */
	bool is_ready;
	uint64_t made_ns; /* when the page came; 0: there is none */
};

/* Takes what is in @page, which is not needed afterwards, and what was counted so far. 0 or
 * -ENOMEM: the page before stays. */
int metrics_pages_put(struct metrics_pages *pages, const struct metrics_page *page,
		      const struct metrics_counts *counts, uint64_t now_ns);

/* Owned by @pages until the next page; NULL: out of memory. @finish is called once for each new
 * one, to add headers. */
struct MHD_Response *metrics_pages_get(struct metrics_pages *pages, enum exposition_format format,
				       bool is_gzip,
				       void (*finish)(void *ctx, struct MHD_Response *), void *ctx);

void metrics_pages_done(struct metrics_pages *pages);

#endif

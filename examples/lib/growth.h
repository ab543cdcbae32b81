/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Does a series of sizes grow? A line is fitted through its last samples. They grow when the line
 * rises by enough, the smallest of each third is larger than that of the third before (what only
 * goes up and down comes back to its floor), and both were so for some samples in a row. It knows
 * no clock.
 */
#ifndef EXAMPLE_GROWTH_H
#define EXAMPLE_GROWTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GROWTH_SAMPLES	 60	       /* kept */
#define GROWTH_FITTED	 24	       /* looked at */
#define GROWTH_PERSISTS	 3	       /* in a row */
#define GROWTH_MIN_BYTES (1024 * 1024) /* less of a rise within them is no growth */
#define GROWTH_MIN_SHARE 0.02	       /* nor is less than this of their mean */

struct growth_sample {
	uint64_t at_ms;
	uint64_t bytes;
};

enum growth_verdict {
	GROWTH_UNKNOWN, /* fewer samples than are looked at */
	GROWTH_STEADY,
	GROWTH_GROWING,
};

/* Zeroed: no sample. */
struct growth {
	struct growth_sample samples[GROWTH_SAMPLES]; /* a ring */
	size_t count;				      /* ever taken */
	size_t rises;				      /* in a row, now */
	enum growth_verdict verdict;
	double bytes_per_second; /* of the line */
};

/* Times rise. The verdict is of now. */
void growth_add(struct growth *growth, struct growth_sample sample);

/* How many are kept, and the @index-th of them, the oldest first. */
size_t growth_kept(const struct growth *growth);
const struct growth_sample *growth_at(const struct growth *growth, size_t index);

/* Is the line at @limit bytes within @within_ms, or has the last sample reached it? */
bool growth_nears(const struct growth *growth, uint64_t limit, uint64_t within_ms);

/* "unknown", "steady", "growing" */
const char *growth_word(const struct growth *growth);

#endif

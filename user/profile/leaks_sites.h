/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What leaks.c gathers and leak_rows.c ranks; for these two files alone. */
#ifndef PROFILE_LEAKS_SITES_H
#define PROFILE_LEAKS_SITES_H

#include "profile/hist.h"
#include "profile/leaks.h"

/* HASH_ADD that finds no memory leaves the element out, with a NULL hh.tbl. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct site_key {
	uint64_t stack;
	int32_t pid;
	uint32_t kind; /* enum leak_kind; no padding: the key is hashed as bytes */
};
_Static_assert(sizeof(struct site_key) == 16, "padding would be hashed");

/* Ages kept one by one before a histogram is worth its memory. */
#define SITE_FEW 8

struct site { /* one raw stack of one process */
	struct site_key key;
	UT_hash_handle hh;
	uint64_t bytes, blocks; /* of the last walk */
	uint64_t last_bytes;	/* of the walk before */
	uint64_t cohort_bytes;	/* of the last walk, born before leaks->cohort_ns */
	uint64_t oldest_ns;	/* age */
	uint64_t few_ages[SITE_FEW];
	struct hist *ages; /* of all blocks when there are more than SITE_FEW */
	struct {
		uint64_t *at;
		size_t len, cap;
	} series; /* bytes; shorter than struct leaks' samples for a stack first seen later */
};

struct leaks {
	struct site *sites; /* hash table */
	uint64_t now_ns, min_age_ns;
	uint64_t cohort_ns; /* of a sample about half-way; 0 before there is one */
	uint64_t walks;	    /* finished, repeated ones apart */
	uint64_t walked_ns; /* when the last of them was */
	uint64_t stride;    /* every so many walks one is kept as a sample */
	bool is_repeat;	    /* the walk under way comes too soon after the last to count */
	size_t samples;
	uint64_t times_ns[TREND_MAX_SAMPLES];
};

#endif

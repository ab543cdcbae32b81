/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is in a heap of V8, by constructor, from a copy of it: as a heap snapshot counts, without
 * one. An object is called by the function whose prototype it inherits from, nearest first; what is
 * no object of JavaScript's as Chrome's DevTools call it: "(string)", "(array)" ...
 */
#ifndef SYMBOL_V8_CENSUS_H
#define SYMBOL_V8_CENSUS_H

#include "base/strings.h"
#include "symbol/v8_live.h"

struct v8_census_row {
	uint64_t count, bytes;		 /* of the objects themselves */
	uint64_t live_count, live_bytes; /* of them can be reached */
};

struct v8_census {
	struct strings names;	  /* clean */
	struct v8_census_row *at; /* a vector, by name */
	size_t len, cap;
	uint64_t object_count, object_bytes, live_count, live_bytes;
	uint64_t free_bytes, unknown_bytes;
	uint64_t astray_count; /* pointers that a collection under way leaves (symbol/v8_live.h) */
};

/* 0 or -ENOMEM; zeroed at birth, it must not move, and is ended by v8_census_done. */
int v8_census_take(const struct v8_copy *copy, const struct v8_roots *roots, struct v8_census *ret);
void v8_census_done(struct v8_census *c);

#endif

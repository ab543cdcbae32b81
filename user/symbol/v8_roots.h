/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What points into a heap of V8 from outside: the isolate and what it uses, global handles, stacks
 * and registers. All of the memory would be too much: lists of a collection that is long over lie
 * around in it, and would keep alive what is dead.
 */
#ifndef SYMBOL_V8_ROOTS_H
#define SYMBOL_V8_ROOTS_H

#include "symbol/v8_objects.h"

/* Copied memory of the process, without its heap. Borrowed. */
struct v8_outside {
	struct v8_copy memory;	    /* its pages; the rest is not used */
	const struct v8_gap *seeds; /* ranges of it that are roots in any case */
	size_t seed_count;
};

struct v8_roots { /* a vector of words that may be pointers */
	uint64_t *at;
	size_t len, cap;
};

/* Adds what is found. 0 or -ENOMEM. */
int v8_roots_find(const struct v8_outside *outside, struct v8_roots *roots);

/* A word that is a root. 0 or -ENOMEM. */
int v8_roots_add(struct v8_roots *roots, uint64_t word);

#endif

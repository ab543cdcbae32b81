/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Strings that are in the heap more than once. V8 writes the first 1,024 characters of a string: of
 * longer ones, only those of one size count as equal.
 */
#ifndef HEAP_TEXTS_H
#define HEAP_TEXTS_H

#include "heap/snapshot.h"

struct texts_row {
	uint32_t string;
	uint64_t count, bytes;
	uint64_t spare_bytes; /* that one copy would not need */
};

struct texts {
	struct texts_row *at; /* by spare_bytes, then by what they read like */
	size_t len, cap;
	uint64_t count, spare_bytes; /* of all */
};

/* 0 or -ENOMEM; ended by texts_done. Memory meanwhile: 4 bytes per string. */
int texts_find(const struct snapshot *s, struct texts *ret);
void texts_done(struct texts *t);

#endif

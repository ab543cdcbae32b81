/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Strings kept once each, known by a number: 0, 1, 2 ... in the order in which they came. */
#ifndef PROFILE_NAMES_H
#define PROFILE_NAMES_H

#include "base/hash.h"

#include <stddef.h>
#include <stdint.h>

#define NAMES_MAX	(1u << 22)
#define NAMES_MAX_BYTES (256u << 20)

struct name {
	const char *text;
	uint32_t hash;
	uint32_t scratch; /* of whoever owns the names */
};

struct name_block;

/* Zeroed, but for the seed, at birth. */
struct names {
	uint64_t seed; /* of the hash */
	struct name *at;
	size_t len, cap;
	uint32_t *slots; /* number + 1, 0: free; open addressing */
	size_t slot_count;
	struct name_block *block; /* the text, newest block first */
	size_t bytes;
};

/* The number of @text, which is copied when it is new. 0, -ENOMEM, -E2BIG (over a limit above). */
int names_add(struct names *names, const char *text, uint32_t *ret_number);
void names_done(struct names *names);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Strings kept once each, known by a number: 0, 1, 2 ... in the order in which they came. */
#ifndef PROFILE_NAMES_H
#define PROFILE_NAMES_H

#include "base/arena.h"
#include "base/id_table.h"

#include <stddef.h>
#include <stdint.h>

#define NAMES_MAX	(1u << 22)
#define NAMES_MAX_BYTES (256u << 20)

struct name {
	const char *text;
	uint32_t scratch; /* of whoever owns the names */
};

/* Zeroed, but for the seed, at birth. */
struct names {
	uint64_t seed; /* of the hash */
	struct name *at;
	size_t len, cap;
	struct id_table numbers;
	struct arena texts;
	size_t bytes; /* of text */
};

/* The number of @text, which is copied when it is new. 0, -ENOMEM, -E2BIG (over a limit above). */
int names_add(struct names *names, const char *text, uint32_t *ret_number);
void names_done(struct names *names);

#endif

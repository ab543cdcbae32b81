/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Texts, each kept once: equal ones have the same id and the same address, for as long as the
 * pool lives. Zeroed at birth, ended by strings_done; it must not move in between.
 *
 * What is kept is clean (base/text.h) and shorter than TEXT_MAX, whatever came in: a second guard
 * behind the one at the door.
 */
#ifndef BASE_STRINGS_H
#define BASE_STRINGS_H

#include "base/arena.h"
#include "base/id_table.h"

struct strings {
	struct arena arena;
	struct id_table ids;
	const char **at; /* by id, in the order in which they came */
	size_t len, cap;
};

/* 0 or -ENOMEM. */
int strings_add(struct strings *s, const char *text, uint32_t *ret_id);

/* The kept text, or NULL when out of memory. */
const char *strings_keep(struct strings *s, const char *text);

void strings_done(struct strings *s);

#endif

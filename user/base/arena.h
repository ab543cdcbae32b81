/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Memory that is only ever given back as a whole. Zeroed at birth, ended by arena_done. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks;
	char *at;    /* free room of the newest chunk */
	size_t room; /* bytes of it */
};

/* @size bytes, not set to anything, aligned for every type here (8); NULL when out of memory. */
void *arena_alloc(struct arena *a, size_t size);

void arena_done(struct arena *a);

#endif

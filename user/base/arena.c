// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Chunks in a list; what is large gets a chunk of its own. */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>

#define CHUNK_BYTES 65536
#define ALIGNMENT   sizeof(uint64_t)

struct arena_chunk {
	struct arena_chunk *next;
	uint64_t bytes[];
};

static char *add_chunk(struct arena *a, size_t bytes)
{
	struct arena_chunk *chunk = malloc(sizeof(*chunk) + bytes);

	if (!chunk)
		return NULL;
	chunk->next = a->chunks;
	a->chunks = chunk;
	return (char *)chunk->bytes;
}

void *arena_alloc(struct arena *a, size_t size)
{
	char *at;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = size ? (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT;
	if (size > CHUNK_BYTES / 4)
		return add_chunk(a, size);
	if (size > a->room) {
		at = add_chunk(a, CHUNK_BYTES);
		if (!at)
			return NULL;
		a->at = at;
		a->room = CHUNK_BYTES;
	}
	at = a->at;
	a->at += size;
	a->room -= size;
	return at;
}

void arena_done(struct arena *a)
{
	for (struct arena_chunk *chunk = a->chunks, *next; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	*a = (struct arena){ 0 };
}

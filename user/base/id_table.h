/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Finds the index of an element by its content. The elements are the caller's, in an array that may
 * move; the table holds hashes and indices only. Zeroed at birth, ended by id_table_done.
 */
#ifndef BASE_ID_TABLE_H
#define BASE_ID_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ID_NONE UINT32_MAX

struct id_slot {
	uint64_t hash;
	uint32_t id; /* ID_NONE: the slot is free */
};

struct id_table {
	struct id_slot *slots;
	size_t len, cap; /* cap is a power of two, or 0 */
};

/* Is element @id what @key looks for? @ctx is the table's owner. */
typedef bool (*id_equal_fn)(const void *ctx, uint32_t id, const void *key);

/* The id with that hash that is equal to @key, or ID_NONE. */
uint32_t id_table_find(const struct id_table *t, uint64_t hash, id_equal_fn is_equal,
		       const void *ctx, const void *key);

/* An element that is not in it yet; @id is not ID_NONE. 0 or -ENOMEM. */
int id_table_add(struct id_table *t, uint64_t hash, uint32_t id);

/* Elements have changed places: each id becomes new_ids[id]. */
void id_table_renumber(struct id_table *t, const uint32_t *new_ids);

void id_table_done(struct id_table *t);

#endif

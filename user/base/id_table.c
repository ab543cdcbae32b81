// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Open addressing with linear probing, at most three quarters full. */
#include "base/id_table.h"

#include <errno.h>
#include <stdlib.h>

#define CAP_FIRST 64

uint32_t id_table_find(const struct id_table *t, uint64_t hash, id_equal_fn is_equal,
		       const void *ctx, const void *key)
{
	size_t mask = t->cap - 1;

	if (!t->cap)
		return ID_NONE;
	for (size_t i = hash & mask; t->slots[i].id != ID_NONE; i = (i + 1) & mask)
		if (t->slots[i].hash == hash && is_equal(ctx, t->slots[i].id, key))
			return t->slots[i].id;
	return ID_NONE;
}

static void put(struct id_slot *slots, size_t cap, struct id_slot slot)
{
	size_t i = slot.hash & (cap - 1);

	while (slots[i].id != ID_NONE)
		i = (i + 1) & (cap - 1);
	slots[i] = slot;
}

static int grow(struct id_table *t)
{
	size_t cap = t->cap ? 2 * t->cap : CAP_FIRST;
	struct id_slot *slots;

	if (cap > SIZE_MAX / sizeof(*slots))
		return -ENOMEM;
	slots = malloc(cap * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < cap; i++)
		slots[i].id = ID_NONE;
	for (size_t i = 0; i < t->cap; i++)
		if (t->slots[i].id != ID_NONE)
			put(slots, cap, t->slots[i]);
	free(t->slots);
	t->slots = slots;
	t->cap = cap;
	return 0;
}

int id_table_add(struct id_table *t, uint64_t hash, uint32_t id)
{
	if (4 * (t->len + 1) > 3 * t->cap && grow(t))
		return -ENOMEM;
	put(t->slots, t->cap, (struct id_slot){ hash, id });
	t->len++;
	return 0;
}

void id_table_renumber(struct id_table *t, const uint32_t *new_ids)
{
	for (size_t i = 0; i < t->cap; i++)
		if (t->slots[i].id != ID_NONE)
			t->slots[i].id = new_ids[t->slots[i].id];
}

void id_table_done(struct id_table *t)
{
	free(t->slots);
	*t = (struct id_table){ 0 };
}

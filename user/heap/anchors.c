// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Rows are found by shape; classes come one after the other, so a row's last part is looked at. */
#include "heap/anchors.h"

#include "base/hash.h"
#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

static bool is_row(const void *ctx, uint32_t id, const void *key)
{
	const struct anchors *a = ctx;

	return a->at[id].shape == *(const uint32_t *)key;
}

static struct anchors_row *row_of(struct anchors *a, uint32_t shape)
{
	uint64_t hash = hash_mix(hash_seed(a), shape);
	uint32_t id = id_table_find(&a->ids, hash, is_row, a, &shape);
	struct anchors_row *row;

	if (id != ID_NONE)
		return &a->at[id];
	row = vec_push(a);
	if (!row)
		return NULL;
	*row = (struct anchors_row){ .shape = shape };
	if (!id_table_add(&a->ids, hash, (uint32_t)(a->len - 1)))
		return row;
	a->len--;
	return NULL;
}

int anchors_add(struct anchors *a, uint32_t shape, const struct anchors_part *part)
{
	struct anchors_row *row = row_of(a, shape);
	struct anchors_part *last;

	if (!row)
		return -ENOMEM;
	last = row->parts.len ? &row->parts.at[row->parts.len - 1] : NULL;
	if (last && last->class == part->class) {
		last->count += part->count;
		last->bytes += part->bytes;
	} else {
		last = vec_push(&row->parts);
		if (!last)
			return -ENOMEM;
		*last = *part;
	}
	row->bytes += part->bytes;
	return 0;
}

static int by_share(const void *x, const void *y)
{
	const struct anchors_part *a = x, *b = y;
	bool is_a_all = a->count == a->all, is_b_all = b->count == b->all;

	if (is_a_all != is_b_all)
		return is_a_all ? -1 : 1;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return (a->class > b->class) - (a->class < b->class);
}

static int by_bytes(const void *x, const void *y)
{
	const struct anchors_row *a = x, *b = y;

	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	return (a->shape > b->shape) - (a->shape < b->shape);
}

void anchors_order(struct anchors *a)
{
	id_table_done(&a->ids);
	for (size_t i = 0; i < a->len; i++) {
		if (a->at[i].parts.len)
			qsort(a->at[i].parts.at, a->at[i].parts.len, sizeof(*a->at[i].parts.at),
			      by_share);
	}
	if (a->len)
		qsort(a->at, a->len, sizeof(*a->at), by_bytes);
}

void anchors_done(struct anchors *a)
{
	for (size_t i = 0; i < a->len; i++)
		free(a->at[i].parts.at);
	free(a->at);
	id_table_done(&a->ids);
	*a = (struct anchors){ 0 };
}

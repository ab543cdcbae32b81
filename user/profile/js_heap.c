// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What grew stands first. */
#include "profile/js_heap.h"

#include <stdlib.h>
#include <string.h>

int64_t js_heap_count_delta(const struct js_heap_row *row)
{
	return (int64_t)(row->at[1].live_count - row->at[0].live_count);
}

int64_t js_heap_bytes_delta(const struct js_heap_row *row)
{
	return (int64_t)(row->at[1].live_bytes - row->at[0].live_bytes);
}

static int by_name(const struct js_heap_row *a, const struct js_heap_row *b)
{
	return strcmp(a->name, b->name);
}

static int by_size(const void *left, const void *right)
{
	const struct js_heap_row *a = left, *b = right;

	if (a->at[0].live_bytes != b->at[0].live_bytes)
		return a->at[0].live_bytes < b->at[0].live_bytes ? 1 : -1;
	return by_name(a, b);
}

static int by_growth(const void *left, const void *right)
{
	const struct js_heap_row *a = left, *b = right;
	int64_t x = js_heap_bytes_delta(a), y = js_heap_bytes_delta(b);

	if (x != y)
		return x < y ? 1 : -1;
	return by_name(a, b);
}

void js_heap_order(struct js_heap *h)
{
	if (h->row_count)
		qsort(h->rows, h->row_count, sizeof(*h->rows),
		      h->reading_count > 1 ? by_growth : by_size);
}

double js_heap_unknown_pct(const struct js_heap_reading *r)
{
	uint64_t looked_at = r->all.bytes + r->free_bytes + r->unknown_bytes;

	return looked_at ? 100.0 * (double)r->unknown_bytes / (double)looked_at : 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A snapshot has each text once, so equal strings have the same name. */
#include "heap/texts.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int by_spare(const void *x, const void *y, void *ctx)
{
	const struct texts_row *a = x, *b = y;
	const struct snapshot *s = ctx;

	if (a->spare_bytes != b->spare_bytes)
		return a->spare_bytes > b->spare_bytes ? -1 : 1;
	return strcmp(snapshot_string(s, a->string), snapshot_string(s, b->string));
}

static bool is_text(const struct snapshot *s, uint32_t node)
{
	return s->type[node] == NODE_STRING && s->size[node];
}

/* A row for each text that several nodes have; @row_of: by string, one more than the row, or 0. */
static int find_repeated(const struct snapshot *s, struct texts *t, uint32_t *row_of)
{
	for (uint32_t n = 0; n < s->node_count; n++) {
		if (is_text(s, n) && row_of[s->name[n]] < 2)
			row_of[s->name[n]]++;
	}
	for (uint32_t i = 0; i < s->string_count; i++) {
		bool is_repeated = row_of[i] > 1;
		struct texts_row *row;

		row_of[i] = 0;
		if (!is_repeated)
			continue;
		row = vec_push(t);
		if (!row)
			return -ENOMEM;
		*row = (struct texts_row){ .string = i };
		row_of[i] = (uint32_t)t->len;
	}
	return 0;
}

/* The first one of a text says how large it is. */
static void count(const struct snapshot *s, struct texts *t, const uint32_t *row_of)
{
	for (uint32_t n = 0; n < s->node_count; n++) {
		struct texts_row *r;

		if (!is_text(s, n) || !row_of[s->name[n]])
			continue;
		r = &t->at[row_of[s->name[n]] - 1];
		if (r->count && s->size[n] * r->count != r->bytes)
			continue;
		r->count++;
		r->bytes += s->size[n];
	}
}

/* Texts of several nodes that are not of one size go. */
static void settle(struct texts *t)
{
	size_t len = 0;

	for (size_t i = 0; i < t->len; i++) {
		struct texts_row row = t->at[i];

		if (row.count < 2)
			continue;
		row.spare_bytes = row.bytes - row.bytes / row.count;
		t->count += row.count;
		t->spare_bytes += row.spare_bytes;
		t->at[len++] = row;
	}
	t->len = len;
}

int texts_find(const struct snapshot *s, struct texts *ret)
{
	uint32_t *row_of = calloc(s->string_count + 1, sizeof(*row_of));
	struct texts t = { 0 };
	int err = row_of ? find_repeated(s, &t, row_of) : -ENOMEM;

	if (!err)
		count(s, &t, row_of);
	free(row_of);
	if (err) {
		texts_done(&t);
		return err;
	}
	settle(&t);
	if (t.len)
		qsort_r(t.at, t.len, sizeof(*t.at), by_spare, (void *)s);
	*ret = t;
	return 0;
}

void texts_done(struct texts *t)
{
	free(t->at);
	*t = (struct texts){ 0 };
}

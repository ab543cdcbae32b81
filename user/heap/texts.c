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

/* The first one of a text says how large it is. */
static void count(const struct snapshot *s, struct texts_row *rows)
{
	for (uint32_t n = 0; n < s->node_count; n++) {
		struct texts_row *r = &rows[s->name[n]];

		if (s->type[n] != NODE_STRING || !s->size[n])
			continue;
		if (r->count && s->size[n] * r->count != r->bytes)
			continue;
		r->count++;
		r->bytes += s->size[n];
	}
}

int texts_find(const struct snapshot *s, struct texts *ret)
{
	struct texts_row *rows = calloc(s->string_count + 1, sizeof(*rows));
	struct texts t = { 0 };

	if (!rows)
		return -ENOMEM;
	count(s, rows);
	for (uint32_t i = 0; i < s->string_count; i++) {
		struct texts_row *slot;

		if (rows[i].count < 2)
			continue;
		slot = vec_push(&t);
		if (!slot) {
			free(rows);
			texts_done(&t);
			return -ENOMEM;
		}
		*slot = rows[i];
		slot->string = i;
		slot->spare_bytes = slot->bytes - slot->bytes / slot->count;
		t.count += slot->count;
		t.spare_bytes += slot->spare_bytes;
	}
	free(rows);
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

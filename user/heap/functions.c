// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Closures with a place, sorted by it, and counted. */
#include "heap/functions.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int by_place(const void *x, const void *y)
{
	const struct functions_row *a = x, *b = y;

	if (a->script != b->script)
		return a->script < b->script ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return (a->column > b->column) - (a->column < b->column);
}

static int place_order(const void *x, const void *y)
{
	const struct snapshot_place *a = x, *b = y;

	if (a->script != b->script)
		return a->script < b->script ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->column != b->column)
		return a->column < b->column ? -1 : 1;
	return (a->node > b->node) - (a->node < b->node);
}

static bool is_same_place(const struct functions_row *r, const struct snapshot_place *p)
{
	return r->script == p->script && r->line == p->line && r->column == p->column;
}

static int add(const struct heap *h, const struct snapshot_place *p, struct functions *f)
{
	const struct snapshot *s = &h->snapshot;
	struct functions_row *r = f->len ? &f->at[f->len - 1] : NULL;
	const char *file;

	if (!r || !is_same_place(r, p)) {
		r = vec_push(f);
		if (!r)
			return -ENOMEM;
		*r = (struct functions_row){ .script = p->script,
					     .line = p->line,
					     .column = p->column };
		file = heap_script_of(s, p->node);
		r->name = strings_keep(&f->texts, snapshot_name(s, p->node));
		r->file = strings_keep(&f->texts, file ? file : "");
		if (!r->name || !r->file)
			return -ENOMEM;
	}
	r->count++;
	r->bytes += s->size[p->node];
	return 0;
}

int functions_take(const struct heap *h, struct functions *f)
{
	const struct snapshot *s = &h->snapshot;
	size_t len = 0;
	struct snapshot_place *places = reallocarray(NULL, s->place_count + 1, sizeof(*places));
	int err = places ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < s->place_count; i++) {
		if (s->type[s->places[i].node] == NODE_CLOSURE)
			places[len++] = s->places[i];
	}
	if (!err && len)
		qsort(places, len, sizeof(*places), place_order);
	for (size_t i = 0; !err && i < len; i++)
		err = add(h, &places[i], f);
	free(places);
	if (err)
		functions_done(f);
	return err;
}

void functions_done(struct functions *f)
{
	free(f->at);
	strings_done(&f->texts);
	*f = (struct functions){ 0 };
}

static int by_growth(const void *x, const void *y)
{
	const struct functions_row *a = x, *b = y;
	int64_t p = (int64_t)(a->count - a->before_count);
	int64_t q = (int64_t)(b->count - b->before_count);

	if (p != q)
		return p > q ? -1 : 1;
	return by_place(x, y);
}

void functions_order(struct functions *f, const struct functions *before)
{
	for (size_t i = 0; before && before->len && i < f->len; i++) {
		const struct functions_row *r =
			bsearch(&f->at[i], before->at, before->len, sizeof(*r), by_place);

		f->at[i].before_count = r ? r->count : 0;
	}
	if (f->len)
		qsort(f->at, f->len, sizeof(*f->at), by_growth);
}

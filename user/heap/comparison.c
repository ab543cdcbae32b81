// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One merge of two sorted lists of ids. */
#include "heap/comparison.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FEW_NEW 64 /* of so few, none tells much */

struct merge {
	const struct comparison_input *in;
	struct comparison_row *rows; /* by class */
	struct comparison *c;
};

static void count_new(struct merge *m, uint32_t node)
{
	uint32_t id = m->in->last->snapshot.id[node];
	struct comparison_row *row = &m->rows[m->in->last->class[node]];

	row->new_count++;
	row->new_bytes += m->in->last->snapshot.size[node];
	m->c->new_count++;
	m->c->late_count += id % 2 && id <= m->in->before->newest;
	if (m->in->is_new)
		m->in->is_new[node] = true;
}

static void count_deleted(struct merge *m, const struct objects_cursor *old)
{
	struct comparison_row *row = &m->rows[old->class];

	row->deleted_count++;
	row->deleted_bytes += old->bytes;
}

/* The same id in another class is another object. */
static void count_shared(struct merge *m, const struct objects_cursor *old, uint32_t node)
{
	struct comparison_row *row = &m->rows[old->class];

	if (old->class != m->in->last->class[node]) {
		count_deleted(m, old);
		count_new(m, node);
		return;
	}
	m->c->shared_count++;
	row->kept_count++;
	row->kept_bytes_delta += (int64_t)m->in->last->snapshot.size[node] - (int64_t)old->bytes;
}

static void merge(struct merge *m, const uint64_t *keys, size_t len)
{
	struct objects_cursor old = objects_begin(m->in->before);
	bool has_old = objects_next(&old);
	size_t i = 0;

	while (has_old || i < len) {
		uint64_t id = i < len ? keys[i] >> 32 : UINT64_MAX;

		if (!has_old || id < old.id) {
			count_new(m, (uint32_t)keys[i++]);
			continue;
		}
		if (old.id < id)
			count_deleted(m, &old);
		else
			count_shared(m, &old, (uint32_t)keys[i++]);
		has_old = objects_next(&old);
	}
}

static int compare_ids(struct merge *m)
{
	uint64_t *keys = NULL;
	size_t len = 0;
	int err = objects_sort(&m->in->last->snapshot, &keys, &len);

	if (err)
		return err;
	m->c->has_ids = true;
	m->c->old_count = m->in->before->len;
	m->c->last_count = len;
	merge(m, keys, len);
	free(keys);
	return 0;
}

bool comparison_is_growing(const struct comparison_input *in, uint32_t class)
{
	struct census_total first = census_of(&in->series[0], class);
	struct census_total last = census_of(&in->series[in->count - 1], class);

	if (in->count < 2 || classes_is_internal(in->classes, class))
		return false;
	for (size_t i = 1; i < in->count; i++) {
		if (census_of(&in->series[i], class).count <=
		    census_of(&in->series[i - 1], class).count)
			return false;
	}
	return last.count - first.count >= in->limits.min_count ||
	       (last.bytes > first.bytes && last.bytes - first.bytes >= in->limits.min_bytes);
}

static int64_t growth(const struct comparison_row *r)
{
	return (int64_t)r->after.bytes - (int64_t)r->before.bytes;
}

static int by_growth(const void *x, const void *y, void *ctx)
{
	const struct comparison_row *a = x, *b = y;
	const struct classes *classes = ctx;

	if (a->is_growing != b->is_growing)
		return a->is_growing ? -1 : 1;
	if (growth(a) != growth(b))
		return growth(a) > growth(b) ? -1 : 1;
	return strcmp(classes_name(classes, a->class), classes_name(classes, b->class));
}

static bool has_changed(const struct comparison_row *r)
{
	return r->new_count || r->deleted_count || r->before.count != r->after.count ||
	       r->before.bytes != r->after.bytes || r->is_growing;
}

/* Rows without a change go; the others get their totals. */
static size_t settle_rows(const struct comparison_input *in, struct comparison_row *rows,
			  size_t count)
{
	size_t len = 0;

	for (uint32_t class = 0; class < count; class ++) {
		struct comparison_row row = rows[class];

		row.class = class;
		row.before = census_of(&in->series[0], class);
		row.after = census_of(&in->series[in->count - 1], class);
		row.is_growing = comparison_is_growing(in, class);
		if (has_changed(&row))
			rows[len++] = row;
	}
	return len;
}

int comparison_make(const struct comparison_input *in, struct comparison *ret)
{
	size_t count = in->classes->names.len;
	struct comparison c = { 0 };
	struct merge m = { .in = in, .c = &c };
	int err;

	m.rows = calloc(count ? count : 1, sizeof(*m.rows));
	err = !m.rows ? -ENOMEM : in->before ? compare_ids(&m) : 0;
	if (err) {
		free(m.rows);
		return err;
	}
	c.at = m.rows;
	c.len = settle_rows(in, m.rows, count);
	/* ids of classes stay what they are: the order of names decides between equals */
	qsort_r(c.at, c.len, sizeof(*c.at), by_growth, (void *)in->classes);
	*ret = c;
	return 0;
}

void comparison_done(struct comparison *c)
{
	free(c->at);
	*c = (struct comparison){ 0 };
}

enum comparison_trust comparison_trust(const struct comparison *c)
{
	uint64_t smaller = c->old_count < c->last_count ? c->old_count : c->last_count;

	if (!c->has_ids)
		return COMPARISON_TRUSTED;
	if (c->shared_count < (smaller + 1) / 2)
		return COMPARISON_FEW_SHARED;
	if (c->new_count > FEW_NEW && c->late_count > c->new_count / 10)
		return COMPARISON_OLD_IDS;
	return COMPARISON_TRUSTED;
}

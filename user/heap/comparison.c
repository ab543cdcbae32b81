// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One merge of two sorted lists of ids. */
#include "heap/comparison.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FEW_NEW 64 /* of so few, none tells much */

struct merge {
	const struct comparison_input *in;
	const struct census *a, *b;
	struct comparison_row *rows; /* by class */
	struct comparison *c;
	uint32_t newest; /* of the JavaScript objects in a: their ids are odd */
};

static void count_new(struct merge *m, size_t j)
{
	struct comparison_row *row = &m->rows[m->b->class[j]];
	uint32_t id = m->b->id[j];

	row->new_count++;
	row->new_bytes += m->b->bytes[j];
	m->c->new_count++;
	m->c->late_count += id % 2 && id <= m->newest;
	if (m->in->is_new && m->b->node)
		m->in->is_new[m->b->node[j]] = true;
}

static void count_deleted(struct merge *m, size_t i)
{
	struct comparison_row *row = &m->rows[m->a->class[i]];

	row->deleted_count++;
	row->deleted_bytes += m->a->bytes[i];
}

/* The same id in another class is another object. */
static void count_shared(struct merge *m, size_t i, size_t j)
{
	struct comparison_row *row = &m->rows[m->a->class[i]];

	if (m->a->class[i] != m->b->class[j]) {
		count_deleted(m, i);
		count_new(m, j);
		return;
	}
	m->c->shared_count++;
	row->kept_count++;
	row->kept_bytes_delta += (int64_t)m->b->bytes[j] - (int64_t)m->a->bytes[i];
}

static void merge(struct merge *m)
{
	size_t i = 0, j = 0;

	for (size_t k = 0; k < m->a->len; k++) {
		if (m->a->id[k] % 2)
			m->newest = m->a->id[k];
	}
	while (i < m->a->len || j < m->b->len) {
		if (j == m->b->len || (i < m->a->len && m->a->id[i] < m->b->id[j]))
			count_deleted(m, i++);
		else if (i == m->a->len || m->b->id[j] < m->a->id[i])
			count_new(m, j++);
		else
			count_shared(m, i++, j++);
	}
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
	struct merge m = {
		.in = in, .a = &in->series[0], .b = &in->series[in->count - 1], .c = &c
	};

	m.rows = calloc(count ? count : 1, sizeof(*m.rows));
	if (!m.rows)
		return -ENOMEM;
	c.has_ids = m.a->id && m.b->id;
	c.old_count = m.a->len;
	c.last_count = m.b->len;
	if (c.has_ids)
		merge(&m);
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

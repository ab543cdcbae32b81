// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The ranking: raw stacks that read the same become one row; rows get their trend and order. */
#include "base/scope.h"
#include "base/vec.h"
#include "profile/leaks_sites.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Fewer blocks may be buffers that realloc made anew: growing, and always young. */
#define COHORT_MIN_BLOCKS 16

struct named { /* a raw stack with live blocks, and how it reads */
	const struct site *site;
	struct frame *frames;
	size_t depth;
	const char *cut;
};

struct named_list {
	struct named *at;
	size_t len, cap;
};

static void named_list_done(struct named_list *list)
{
	for (size_t i = 0; i < list->len; i++)
		free(list->at[i].frames);
	free(list->at);
}

void leak_rows_done(struct leak_rows *rows)
{
	for (size_t i = 0; i < rows->len; i++)
		free(rows->at[i].frames);
	free(rows->at);
	*rows = (struct leak_rows){ 0 };
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Interned strings are often the same pointer. */
static int compare_text(const char *a, const char *b)
{
	return a == b ? 0 : strcmp(a, b);
}

/* The offset tells apart only what has no name: two calls on one line are one place. */
static int compare_frame(const struct frame *a, const struct frame *b)
{
	int order = compare_text(a->function, b->function);

	if (!order)
		order = compare_text(a->module, b->module);
	if (!order)
		order = compare_text(a->file, b->file);
	if (!order)
		order = compare_u64(a->line, b->line);
	if (!order)
		order = compare_u64(a->is_inlined, b->is_inlined);
	if (!order && !a->function[0])
		order = compare_u64(a->offset, b->offset);
	return order;
}

static int compare_frames(const struct frame *a, size_t a_depth, const struct frame *b,
			  size_t b_depth)
{
	for (size_t i = 0; i < a_depth && i < b_depth; i++) {
		int order = compare_frame(&a[i], &b[i]);

		if (order)
			return order;
	}
	return compare_u64(a_depth, b_depth);
}

static int compare_named(const void *left, const void *right)
{
	const struct named *a = left, *b = right;

	if (a->site->key.pid != b->site->key.pid)
		return a->site->key.pid < b->site->key.pid ? -1 : 1;
	if (a->site->key.kind != b->site->key.kind)
		return a->site->key.kind < b->site->key.kind ? -1 : 1;
	return compare_frames(a->frames, a->depth, b->frames, b->depth);
}

static int name_site(struct named_list *list, const struct site *s, leak_names_fn names, void *ctx)
{
	struct frame frames[LEAK_MAX_DEPTH];
	const char *cut = NULL;
	size_t depth = names(ctx, s->key.pid, s->key.stack, frames, LEAK_MAX_DEPTH, &cut);
	struct named *n = vec_push(list);

	if (!n)
		return -ENOMEM;
	*n = (struct named){ .site = s, .depth = depth, .cut = cut };
	if (!depth)
		return 0;
	n->frames = malloc(depth * sizeof(*frames));
	if (!n->frames)
		return -ENOMEM;
	memcpy(n->frames, frames, depth * sizeof(*frames));
	return 0;
}

struct sums { /* what the stacks of one row add up to */
	uint64_t series[TREND_MAX_SAMPLES];
	uint64_t last_bytes;   /* of the walk before the last */
	uint64_t cohort_bytes; /* leaks_sites.h */
	struct hist ages;
};

static void add_site(struct leak_row *row, struct sums *sums, const struct site *s)
{
	row->bytes += s->bytes;
	row->blocks += s->blocks;
	if (s->oldest_ns > row->age_oldest_ns)
		row->age_oldest_ns = s->oldest_ns;
	sums->last_bytes += s->last_bytes;
	sums->cohort_bytes += s->cohort_bytes;
	for (size_t i = 0; i < s->series.len; i++)
		sums->series[i] += s->series.at[i];
	if (s->ages)
		hist_merge(&sums->ages, s->ages);
	for (size_t i = 0; !s->ages && i < s->blocks; i++)
		hist_add(&sums->ages, s->few_ages[i]);
}

/*
 * The first sample that tells something of a process. At the attach (and when a process is born)
 * everything starts at nothing: the step from there is no growth.
 */
static size_t first_sample(const struct leaks *l, pid_t pid)
{
	size_t first = l->samples;

	for (const struct site *s = l->sites; s; s = s->hh.next)
		for (size_t i = 1; s->key.pid == pid && i < s->series.len && i < first; i++)
			if (s->series.at[i])
				first = i;
	return first;
}

static struct trend trend_of_sums(const struct leaks *l, const struct sums *sums, size_t first,
				  uint64_t blocks, double min_slope_bytes)
{
	struct trend_cohort cohort = { .survived_bytes = sums->cohort_bytes };
	size_t half_way = first;

	while (half_way < l->samples && l->times_ns[half_way] != l->cohort_ns)
		half_way++;
	cohort.index = half_way - first;
	return trend_of(sums->series + first, l->samples - first,
			half_way < l->samples && blocks >= COHORT_MIN_BLOCKS ? &cohort : NULL,
			min_slope_bytes);
}

/* The row of @count stacks that read the same; takes the frames of the first. */
static struct leak_row merge(const struct leaks *l, struct named *same, size_t count, size_t first,
			     double min_slope_bytes)
{
	struct leak_row row = {
		.pid = same->site->key.pid,
		.kind = (enum leak_kind)same->site->key.kind,
		.frames = same->frames,
		.depth = same->depth,
	};
	struct sums sums = { 0 };

	same->frames = NULL;
	for (size_t i = 0; i < count; i++) {
		add_site(&row, &sums, same[i].site);
		row.cut = row.cut ? row.cut : same[i].cut;
	}
	if (l->walks > 1)
		row.growth_last_bytes = (int64_t)(row.bytes - sums.last_bytes);
	if (l->samples)
		row.growth_run_bytes = (int64_t)(row.bytes - sums.series[0]);
	row.age_median_ns = hist_quantile(&sums.ages, 0.5);
	row.trend = trend_of_sums(l, &sums, first, row.blocks, min_slope_bytes);
	return row;
}

static int merge_all(const struct leaks *l, struct named_list *list, double min_slope_bytes,
		     struct leak_rows *rows)
{
	size_t first = 0;

	for (size_t i = 0, next; i < list->len; i = next) {
		pid_t pid = list->at[i].site->key.pid;
		struct leak_row *row = vec_push(rows);

		if (!row)
			return -ENOMEM;
		if (i == 0 || pid != list->at[i - 1].site->key.pid)
			first = first_sample(l, pid);
		for (next = i + 1; next < list->len; next++)
			if (compare_named(&list->at[i], &list->at[next]))
				break;
		*row = merge(l, &list->at[i], next - i, first, min_slope_bytes);
	}
	return 0;
}

/* Rows of one process and kind stand together here, as merge_all left them. */
static void share_out(struct leak_rows *rows)
{
	for (size_t i = 0, next; i < rows->len; i = next) {
		const struct leak_row *first = &rows->at[i];
		double total = 0;

		for (next = i; next < rows->len && rows->at[next].pid == first->pid &&
			       rows->at[next].kind == first->kind;
		     next++)
			total += (double)rows->at[next].bytes;
		for (size_t j = i; j < next && total > 0; j++)
			rows->at[j].share = (double)rows->at[j].bytes / total;
	}
}

/* The larger first: > 0 when @a comes after @b. */
static int compare_by(const struct leak_row *a, const struct leak_row *b, enum leak_sort sort)
{
	switch (sort) {
	case LEAK_BY_COUNT:
		return compare_u64(b->blocks, a->blocks);
	case LEAK_BY_GROWTH:
		return (b->growth_run_bytes > a->growth_run_bytes) -
		       (b->growth_run_bytes < a->growth_run_bytes);
	case LEAK_BY_AGE:
		return compare_u64(b->age_median_ns, a->age_median_ns);
	case LEAK_BY_BYTES:
		break;
	}
	return compare_u64(b->bytes, a->bytes);
}

static int compare_rows(const void *left, const void *right, void *sort)
{
	const struct leak_row *a = left, *b = right;
	int order = (a->kind == LEAK_RUNTIME) - (b->kind == LEAK_RUNTIME);

	if (!order)
		order = compare_by(a, b, *(const enum leak_sort *)sort);
	if (!order)
		order = compare_u64(b->bytes, a->bytes);
	if (!order)
		order = compare_frames(a->frames, a->depth, b->frames, b->depth);
	if (!order)
		order = (a->pid > b->pid) - (a->pid < b->pid);
	return order ? order : (int)a->kind - (int)b->kind;
}

int leaks_rows(struct leaks *l, leak_names_fn names, void *ctx, enum leak_sort sort,
	       double min_slope_bytes, struct leak_rows *ret_rows)
{
	_release_(named_list_done) struct named_list list = { 0 };
	_release_(leak_rows_done) struct leak_rows rows = { 0 };

	for (const struct site *s = l->sites; s; s = s->hh.next)
		if (s->blocks && name_site(&list, s, names, ctx))
			return -ENOMEM;
	if (list.len)
		qsort(list.at, list.len, sizeof(*list.at), compare_named);
	if (merge_all(l, &list, min_slope_bytes, &rows))
		return -ENOMEM;
	share_out(&rows);
	if (rows.len)
		qsort_r(rows.at, rows.len, sizeof(*rows.at), compare_rows, &sort);
	*ret_rows = rows;
	rows = (struct leak_rows){ 0 };
	return 0;
}

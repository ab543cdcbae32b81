// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which parts a plan needs, in which order, and what may go in between. */
#include "heap/findings.h"

#include "base/parse.h"
#include "base/scope.h"
#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Dominators go as soon as they can; who is asked about single objects keeps what these retain. */
static int take_parts(struct findings *f, struct heap *h, bool is_last)
{
	bool is_first = f->count == 0;
	const struct census_input in = {
		.snapshot = &h->snapshot,
		.class = h->class,
		.class_count = f->classes.names.len,
		.dominators = &h->dominators,
	};
	bool keeps_objects = is_first && !is_last && !f->plan.ignore_ids && !f->plan.is_picture;
	int err = census_take(&in, &f->series[f->count]);

	if (!err && f->plan.is_picture && (is_first || is_last))
		err = dominated_make(h, &f->classes, is_last ? &f->now : &f->before);
	if (f->plan.kind == FINDINGS_RETAINERS)
		dominators_drop_tree(&h->dominators);
	else
		dominators_done(&h->dominators);
	if (!err && keeps_objects)
		err = objects_pack(&h->snapshot, h->class, &f->first_objects);
	if (!err && is_first && !is_last && !f->plan.is_picture)
		err = functions_take(h, &f->first_functions);
	return err;
}

int findings_add(struct findings *f, struct json_source source, const char *name, bool is_last,
		 struct snapshot_fault *ret_fault)
{
	const struct heap_input in = { source, &f->classes, f->plan.is_raw };
	struct heap *h = &f->last;
	int err = heap_load(&in, h, ret_fault);

	if (err)
		return err;
	err = take_parts(f, h, is_last);
	if (err) {
		ret_fault->why = "needs more memory than there is";
		heap_done(h);
		return err;
	}
	f->files[f->count++] =
		(struct findings_file){ name, h->snapshot.node_count, h->snapshot.edge_count,
					h->snapshot.node_fields };
	if (!is_last)
		heap_retire(h);
	return 0;
}

/* --- holders ---------------------------------------------------------------------------------- */

static int keep_ways(struct findings *f, struct findings_held *held)
{
	struct holders_list list = { 0 };
	int err = holders_list(&f->holders, &list);

	if (err)
		return err;
	held->ways = reallocarray(NULL, list.len + 1, sizeof(*held->ways));
	for (size_t i = 0; held->ways && i < list.len; i++) {
		const struct holders_shape *s = &f->holders.shapes.at[list.at[i]];

		held->ways[i] = (struct findings_way){ list.at[i], s->count, s->bytes };
	}
	held->way_count = held->ways ? list.len : 0;
	free(list.at);
	return held->ways ? 0 : -ENOMEM;
}

/* Who holds these objects of one class. */
static int hold(struct findings *f, uint32_t class, const uint32_t *nodes, size_t len)
{
	const struct snapshot *s = &f->last.snapshot;
	struct findings_held *held = vec_push(&f->held);
	int err = held ? 0 : -ENOMEM;

	if (err)
		return err;
	*held = (struct findings_held){ .class = class, .node = SNAPSHOT_NONE };
	holders_reset(&f->holders);
	for (size_t i = 0; !err && i < len; i++) {
		held->count++;
		held->bytes += s->size[nodes[i]];
		err = holders_add(&f->holders, nodes[i]);
	}
	return err ? err : keep_ways(f, held);
}

/* Objects class by class: those of class c are at[first[c]] to at[first[c + 1] - 1]. */
struct grouped {
	uint32_t *at;
	size_t *first;
};

static void grouped_done(struct grouped *g)
{
	free(g->at);
	free(g->first);
}

/* @is_asked: by class; @is_new: by node, NULL: all. */
static int group(const struct findings *f, const bool *is_asked, const uint8_t *is_new,
		 struct grouped *ret)
{
	const struct snapshot *s = &f->last.snapshot;
	size_t class_count = f->classes.names.len, sum = 0;
	struct grouped g = { .first = calloc(class_count + 2, sizeof(*g.first)) };

	if (!g.first)
		return -ENOMEM;
	for (uint32_t n = 0; n < s->node_count; n++)
		g.first[f->last.class[n] + 2] +=
			is_asked[f->last.class[n]] && s->size[n] && (!is_new || is_new[n]);
	for (size_t i = 2; i < class_count + 2; i++)
		g.first[i] = sum += g.first[i];
	g.at = reallocarray(NULL, sum + 1, sizeof(*g.at));
	if (!g.at) {
		free(g.first);
		return -ENOMEM;
	}
	/* first[c + 1] is where the next one of class c goes, and in the end where class c + 1
	 * begins. */
	for (uint32_t n = 0; n < s->node_count; n++) {
		if (is_asked[f->last.class[n]] && s->size[n] && (!is_new || is_new[n]))
			g.at[g.first[f->last.class[n] + 1]++] = n;
	}
	*ret = g;
	return 0;
}

/* @is_all: these are all objects of @class there are. */
static int hold_class(struct findings *f, const struct grouped *g, uint32_t class, bool is_all)
{
	size_t len = g->first[class + 1] - g->first[class];
	int err = hold(f, class, g->at + g->first[class], len);

	if (!err && is_all)
		f->held.at[f->held.len - 1].retained =
			census_of(&f->series[f->count - 1], class).retained;
	return err;
}

static int hold_growing(struct findings *f, const uint8_t *is_new)
{
	_release_(grouped_done) struct grouped g = { 0 };
	_release_(freep) bool *is_asked = calloc(f->classes.names.len + 1, sizeof(*is_asked));
	size_t count =
		f->growing_count < f->plan.held_count ? f->growing_count : f->plan.held_count;
	int err = is_asked ? 0 : -ENOMEM;

	if (err || !count)
		return err;
	for (size_t i = 0; i < count; i++) /* growing ones stand first */
		is_asked[f->comparison.at[i].class] = true;
	err = group(f, is_asked, f->comparison.has_ids ? is_new : NULL, &g);
	if (!err)
		err = holders_init(&f->holders, &f->last, &f->classes);
	for (size_t i = 0; !err && i < count; i++)
		err = hold_class(f, &g, f->comparison.at[i].class, !f->comparison.has_ids);
	return err;
}

/* Each way of what grows goes to where it ends. */
static int anchor_growing(struct findings *f)
{
	int err = 0;

	if (f->held.len)
		holders_index_scopes(&f->holders);
	for (size_t i = 0; !err && i < f->held.len; i++) {
		const struct findings_held *h = &f->held.at[i];

		for (size_t k = 0; !err && k < h->way_count; k++) {
			const struct anchors_part part = { h->class, h->ways[k].count, h->count,
							   h->ways[k].bytes };

			err = anchors_add(&f->anchors,
					  holders_anchor(&f->holders, h->ways[k].shape), &part);
		}
	}
	anchors_order(&f->anchors);
	return err;
}

/* --- the three questions ---------------------------------------------------------------------- */

static int conclude_diff(struct findings *f)
{
	uint8_t *is_new = calloc(f->last.snapshot.node_count, sizeof(*is_new));
	const struct comparison_input in = {
		.classes = &f->classes,
		.series = f->series,
		.count = f->count,
		.limits = f->plan.limits,
		.before = f->plan.ignore_ids ? NULL : &f->first_objects,
		.last = &f->last,
		.is_new = is_new,
	};
	int err = is_new ? comparison_make(&in, &f->comparison) : -ENOMEM;

	if (!err && comparison_trust(&f->comparison) != COMPARISON_TRUSTED)
		err = -EXDEV;
	objects_done(&f->first_objects);
	for (size_t i = 0; !err && i < f->comparison.len; i++)
		f->growing_count += f->comparison.at[i].is_growing;
	if (!err)
		err = hold_growing(f, is_new);
	if (!err)
		err = anchor_growing(f);
	free(is_new);
	return err;
}

static int by_retained(const void *x, const void *y, void *ctx)
{
	const struct comparison_row *a = x, *b = y;
	const struct classes *classes = ctx;

	if (a->after.retained != b->after.retained)
		return a->after.retained > b->after.retained ? -1 : 1;
	return strcmp(classes_name(classes, a->class), classes_name(classes, b->class));
}

static int conclude_top(struct findings *f)
{
	struct comparison *c = &f->comparison;

	c->at = calloc(f->series[0].class_count + 1, sizeof(*c->at));
	if (!c->at)
		return -ENOMEM;
	for (uint32_t class = 0; class < f->series[0].class_count; class ++) {
		if (f->series[0].classes[class].count)
			c->at[c->len++] =
				(struct comparison_row){ .class = class,
							 .after = f->series[0].classes[class] };
	}
	qsort_r(c->at, c->len, sizeof(*c->at), by_retained, &f->classes);
	return 0;
}

static uint32_t node_with_id(const struct snapshot *s, uint64_t id)
{
	for (uint32_t n = 0; n < s->node_count; n++) {
		if (s->id[n] == id)
			return n;
	}
	return SNAPSHOT_NONE;
}

static int retain_object(struct findings *f, uint32_t node)
{
	int err = hold(f, f->last.class[node], &node, 1);

	if (err)
		return err;
	f->held.at[0].node = node;
	f->held.at[0].retained = f->last.dominators.retained[node];
	return 0;
}

static int retain_class(struct findings *f, uint32_t class)
{
	_release_(grouped_done) struct grouped g = { 0 };
	_release_(freep) bool *is_asked = calloc(f->classes.names.len + 1, sizeof(*is_asked));
	int err = is_asked ? 0 : -ENOMEM;

	if (err)
		return err;
	is_asked[class] = true;
	err = group(f, is_asked, NULL, &g);
	if (!err)
		err = hold_class(f, &g, class, true);
	return err;
}

static int conclude_retainers(struct findings *f)
{
	const char *what = f->plan.what;
	uint32_t class = 0, node = SNAPSHOT_NONE;
	uint64_t id = 0;
	bool is_id = parse_u64(what + (what[0] == '@'), UINT32_MAX, &id) == 0;
	int err = holders_init(&f->holders, &f->last, &f->classes);

	if (err)
		return err;
	if (is_id)
		node = node_with_id(&f->last.snapshot, id);
	while (!is_id && class < f->classes.names.len &&
	       strcmp(classes_name(&f->classes, class), what) != 0)
		class ++;
	if (is_id ? node == SNAPSHOT_NONE : !census_of(&f->series[0], class).count)
		return -ENODATA;
	err = is_id ? retain_object(f, node) : retain_class(f, class);
	holders_index_scopes(&f->holders);
	return err;
}

int findings_conclude(struct findings *f)
{
	int err;

	if (f->plan.is_picture)
		return 0;
	if (f->plan.kind == FINDINGS_RETAINERS)
		return conclude_retainers(f);
	err = f->plan.kind == FINDINGS_DIFF ? conclude_diff(f) : conclude_top(f);
	if (!err)
		err = texts_find(&f->last.snapshot, &f->texts);
	if (!err)
		err = functions_take(&f->last, &f->functions);
	if (!err)
		functions_order(&f->functions, f->count > 1 ? &f->first_functions : NULL);
	return err;
}

void findings_done(struct findings *f)
{
	for (size_t i = 0; i < f->held.len; i++)
		free(f->held.at[i].ways);
	free(f->held.at);
	anchors_done(&f->anchors);
	holders_done(&f->holders);
	for (size_t i = 0; i < COMPARISON_MAX; i++)
		census_done(&f->series[i]);
	objects_done(&f->first_objects);
	comparison_done(&f->comparison);
	functions_done(&f->first_functions);
	functions_done(&f->functions);
	texts_done(&f->texts);
	dominated_done(&f->before);
	dominated_done(&f->now);
	heap_done(&f->last);
	classes_done(&f->classes);
}

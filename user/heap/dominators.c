// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Inside, nodes are called by their numbers in a depth-first search: the root is 0, a parent's
 * number is smaller than its children's.
 */
#include "heap/dominators.h"

#include "heap/retention.h"

#include <errno.h>
#include <stdlib.h>

struct search {
	const struct snapshot *s;
	uint32_t *number;   /* by node */
	uint32_t *vertex;   /* node, by number, as all that follows */
	uint32_t *ancestor; /* the parent, compressed later */
	uint32_t *dominator;
	uint32_t *semi;
	uint32_t *label;
	uint32_t *first_pred, *preds;
	size_t count, reached; /* from this number on: what only keeps itself */
};

static uint32_t *numbers(size_t count)
{
	return reallocarray(NULL, count, sizeof(uint32_t));
}

static void drop(uint32_t **array)
{
	free(*array);
	*array = NULL;
}

static void search_done(struct search *q)
{
	drop(&q->number);
	drop(&q->vertex);
	drop(&q->ancestor);
	drop(&q->dominator);
	drop(&q->semi);
	drop(&q->label);
	drop(&q->first_pred);
	drop(&q->preds);
}

static int search_init(struct search *q, const struct snapshot *s)
{
	size_t n = s->node_count;

	*q = (struct search){ .s = s };
	q->number = numbers(n);
	q->vertex = numbers(n);
	q->ancestor = numbers(n);
	q->dominator = numbers(n);
	q->first_pred = calloc(n + 2, sizeof(*q->first_pred));
	return q->number && q->vertex && q->ancestor && q->dominator && q->first_pred ? 0 : -ENOMEM;
}

/* --- depth first ------------------------------------------------------------------------------ */

static void enter(struct search *q, uint32_t node, uint32_t parent)
{
	uint32_t number = (uint32_t)q->count++;

	q->number[node] = number;
	q->vertex[number] = node;
	q->ancestor[number] = parent;
	q->dominator[number] = q->s->first_edge[node]; /* until the search is over: its next edge */
}

/* The next node below @number that was not entered, or SNAPSHOT_NONE. */
static uint32_t next_below(struct search *q, uint32_t number)
{
	const struct snapshot *s = q->s;
	uint32_t end = s->first_edge[q->vertex[number] + 1];

	while (q->dominator[number] < end) {
		uint32_t e = q->dominator[number]++;

		if (!retention_is_idle(s, e) && q->number[s->edge_to[e]] == SNAPSHOT_NONE)
			return s->edge_to[e];
	}
	return SNAPSHOT_NONE;
}

static void search_from(struct search *q, uint32_t start)
{
	uint32_t top = (uint32_t)q->count, at = top;

	enter(q, start, 0);
	for (;;) {
		uint32_t next = next_below(q, at);

		if (next != SNAPSHOT_NONE) {
			enter(q, next, at);
			at = (uint32_t)q->count - 1;
		} else if (at == top) {
			return;
		} else {
			at = q->ancestor[at];
		}
	}
}

/* Of what the root does not lead to: does another one of these lead there? */
static void find_led_to(const struct search *q, bool *is_led_to)
{
	const struct snapshot *s = q->s;

	for (uint32_t n = 0; n < s->node_count; n++) {
		if (q->number[n] != SNAPSHOT_NONE)
			continue;
		for (uint32_t e = s->first_edge[n]; e < s->first_edge[n + 1]; e++)
			is_led_to[s->edge_to[e]] |= !retention_is_idle(s, e);
	}
}

/*
 * From what nothing keeps alive. What is left then keeps only itself, in circles: it hangs below
 * the root one by one, and has no say in who dominates others.
 */
static int search_rest(struct search *q)
{
	size_t count = q->s->node_count;
	bool *is_led_to = calloc(count, sizeof(*is_led_to));

	if (!is_led_to)
		return -ENOMEM;
	find_led_to(q, is_led_to);
	for (uint32_t n = 0; n < count; n++) {
		if (q->number[n] == SNAPSHOT_NONE && !is_led_to[n])
			search_from(q, n);
	}
	free(is_led_to);
	q->reached = q->count;
	for (uint32_t n = 0; n < count && q->count < count; n++) {
		if (q->number[n] == SNAPSHOT_NONE)
			enter(q, n, 0);
	}
	return 0;
}

static int search_all(struct search *q)
{
	int err = 0;

	for (size_t n = 0; n < q->s->node_count; n++)
		q->number[n] = SNAPSHOT_NONE;
	search_from(q, 0);
	q->reached = q->count;
	if (q->count < q->s->node_count)
		err = search_rest(q);
	for (uint32_t i = 0; i < q->count; i++)
		q->dominator[i] = q->ancestor[i];
	return err;
}

/* Who leads to whom, sorted by counting. */
static int find_preds(struct search *q)
{
	const struct snapshot *s = q->s;
	size_t total = 0;

	for (uint32_t e = 0; e < s->edge_count; e++) {
		if (!retention_is_idle(s, e)) {
			q->first_pred[q->number[s->edge_to[e]] + 2]++;
			total++;
		}
	}
	q->preds = numbers(total ? total : 1);
	if (!q->preds)
		return -ENOMEM;
	for (size_t i = 2; i < q->count + 2; i++)
		q->first_pred[i] += q->first_pred[i - 1];
	for (uint32_t node = 0; node < s->node_count; node++) {
		for (uint32_t e = s->first_edge[node]; e < s->first_edge[node + 1]; e++) {
			if (!retention_is_idle(s, e))
				q->preds[q->first_pred[q->number[s->edge_to[e]] + 1]++] =
					q->number[node];
		}
	}
	return 0;
}

/* --- Semi-NCA --------------------------------------------------------------------------------- */

/*
 * The label with the smallest semi on the way from @v up to what is not linked yet (< @linked).
 * The way is made short: all on it get the last one's ancestor. On the way up each points back to
 * where we came from, so that no stack is needed.
 */
static uint32_t evaluate(struct search *q, uint32_t v, uint32_t linked)
{
	uint32_t below = SNAPSHOT_NONE, last, label;

	while (q->ancestor[v] >= linked) {
		uint32_t above = q->ancestor[v];

		q->ancestor[v] = below;
		below = v;
		v = above;
	}
	last = q->ancestor[v];
	label = q->label[v];
	while (below != SNAPSHOT_NONE) {
		v = below;
		below = q->ancestor[v];
		q->ancestor[v] = last;
		if (q->semi[label] < q->semi[q->label[v]])
			q->label[v] = label;
		else
			label = q->label[v];
	}
	return label;
}

static int begin_semi(struct search *q)
{
	q->semi = q->number; /* from here on nodes are called by their numbers alone */
	q->number = NULL;
	q->label = numbers(q->count);
	if (!q->label)
		return -ENOMEM;
	for (uint32_t i = 0; i < q->count; i++)
		q->label[i] = q->semi[i] = i;
	return 0;
}

static void find_semi(struct search *q)
{
	for (uint32_t i = (uint32_t)q->reached - 1; i > 0; i--) {
		uint32_t semi = q->dominator[i];

		for (uint32_t p = q->first_pred[i]; p < q->first_pred[i + 1]; p++) {
			uint32_t other = q->preds[p];

			if (other < q->reached)
				other = q->semi[evaluate(q, other, i + 1)];
			if (other < semi)
				semi = other;
		}
		q->semi[i] = semi;
	}
	for (uint32_t i = 1; i < q->reached; i++) {
		uint32_t d = q->dominator[i];

		while (d > q->semi[i])
			d = q->dominator[d];
		q->dominator[i] = d;
	}
}

/* --- the result ------------------------------------------------------------------------------- */

/* What the search needs no more becomes part of the result: memory that is new costs time. */
static void take_working(struct search *q, struct dominators *d)
{
	d->of = q->semi;
	d->first_child = q->label;
	d->next_sibling = q->ancestor;
	q->semi = q->label = q->ancestor = NULL;
	drop(&q->preds);
	drop(&q->first_pred);
}

static int make_result(struct search *q, struct dominators *d)
{
	size_t n = q->count;

	*d = (struct dominators){ 0 };
	take_working(q, d);
	d->retained = reallocarray(NULL, n, sizeof(*d->retained));
	if (!d->retained) {
		dominators_done(d);
		return -ENOMEM;
	}
	for (size_t node = 0; node < n; node++) {
		d->retained[node] = q->s->size[node];
		d->first_child[node] = d->next_sibling[node] = SNAPSHOT_NONE;
	}
	d->of[0] = 0;
	for (size_t i = n - 1; i > 0; i--) {
		uint32_t node = q->vertex[i], above = q->vertex[q->dominator[i]];

		d->of[node] = above;
		d->retained[above] += d->retained[node];
		d->next_sibling[node] = d->first_child[above];
		d->first_child[above] = node;
	}
	d->order = q->vertex;
	q->vertex = NULL;
	return 0;
}

int dominators_find(const struct snapshot *s, struct dominators *d)
{
	struct search q;
	int err = search_init(&q, s);

	if (!err)
		err = search_all(&q);
	if (!err)
		err = find_preds(&q);
	if (!err)
		err = begin_semi(&q);
	if (!err) {
		find_semi(&q);
		err = make_result(&q, d);
	}
	search_done(&q);
	return err;
}

void dominators_drop_tree(struct dominators *d)
{
	drop(&d->order);
	drop(&d->of);
	drop(&d->first_child);
	drop(&d->next_sibling);
}

void dominators_done(struct dominators *d)
{
	dominators_drop_tree(d);
	free(d->retained);
	*d = (struct dominators){ 0 };
}

uint32_t dominators_next(const struct dominators *d, uint32_t node,
			 void (*leave)(void *ctx, uint32_t node), void *ctx)
{
	if (d->first_child[node] != SNAPSHOT_NONE)
		return d->first_child[node];
	for (;;) {
		leave(ctx, node);
		if (node == 0)
			return SNAPSHOT_NONE;
		if (d->next_sibling[node] != SNAPSHOT_NONE)
			return d->next_sibling[node];
		node = d->of[node];
	}
}

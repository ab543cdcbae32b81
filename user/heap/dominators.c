// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Inside, nodes are called by their numbers in a depth-first search: the root is 0, a parent's
 * number is smaller than its children's.
 */
#include "heap/dominators.h"

#include "heap/retention.h"

#include <errno.h>
#include <stdlib.h>

/*
 * Both halves of an element are used together, and one array serves twice: by node, while we look
 * for ways; by number, when we look for dominators.
 */
union slot {
	struct {
		uint32_t number;
		uint32_t leads; /* edges that lead here; then: where in preds the next one goes */
	};
	struct {
		uint32_t ancestor; /* the parent, compressed on the way */
		uint32_t label;
	};
};

struct search {
	const struct snapshot *s;
	union slot *slots;
	uint32_t *vertex; /* node, by number, as all that follows */
	uint32_t *parent;
	uint32_t *dominator;
	uint32_t *semi;
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

static void drop_slots(struct search *q)
{
	free(q->slots);
	q->slots = NULL;
}

static void search_done(struct search *q)
{
	drop_slots(q);
	drop(&q->vertex);
	drop(&q->parent);
	drop(&q->dominator);
	drop(&q->semi);
	drop(&q->first_pred);
	drop(&q->preds);
}

static int search_init(struct search *q, const struct snapshot *s)
{
	size_t n = s->node_count;

	*q = (struct search){ .s = s };
	q->slots = reallocarray(NULL, n, sizeof(*q->slots));
	q->vertex = numbers(n);
	q->parent = numbers(n);
	q->dominator = numbers(n);
	if (!q->slots || !q->vertex || !q->parent || !q->dominator)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		q->slots[i] = (union slot){ .number = SNAPSHOT_NONE };
	return 0;
}

/* --- depth first ------------------------------------------------------------------------------ */

static void enter(struct search *q, uint32_t node, uint32_t parent)
{
	uint32_t number = (uint32_t)q->count++;

	q->slots[node].number = number;
	q->vertex[number] = node;
	q->parent[number] = parent;
	q->dominator[number] = q->s->first_edge[node]; /* until the search is over: its next edge */
}

/* The next node below @number that was not entered, or SNAPSHOT_NONE. */
static uint32_t next_below(struct search *q, uint32_t number)
{
	const struct snapshot *s = q->s;
	uint32_t e = q->dominator[number], end = s->first_edge[q->vertex[number] + 1];
	uint32_t next = SNAPSHOT_NONE;

	for (; e < end && next == SNAPSHOT_NONE; e++) {
		union slot *to = &q->slots[s->edge_to[e]];

		if (retention_is_idle(s, e))
			continue;
		to->leads++;
		if (to->number == SNAPSHOT_NONE)
			next = s->edge_to[e];
	}
	q->dominator[number] = e;
	return next;
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
			at = q->parent[at];
		}
	}
}

/* Of what the root does not lead to: does another one of these lead there? */
static void find_led_to(const struct search *q, bool *is_led_to)
{
	const struct snapshot *s = q->s;

	for (uint32_t n = 0; n < s->node_count; n++) {
		if (q->slots[n].number != SNAPSHOT_NONE)
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
		if (q->slots[n].number == SNAPSHOT_NONE && !is_led_to[n])
			search_from(q, n);
	}
	free(is_led_to);
	q->reached = q->count;
	for (uint32_t n = 0; n < count && q->count < count; n++) {
		if (q->slots[n].number == SNAPSHOT_NONE)
			enter(q, n, 0);
	}
	return 0;
}

static int search_all(struct search *q)
{
	int err = 0;

	search_from(q, 0);
	q->reached = q->count;
	if (q->count < q->s->node_count)
		err = search_rest(q);
	for (uint32_t i = 0; i < q->count; i++)
		q->dominator[i] = q->parent[i];
	return err;
}

/* Who leads to whom. What only keeps itself has no say. */
static int find_preds(struct search *q)
{
	const struct snapshot *s = q->s;
	uint32_t total = 0;

	q->first_pred = numbers(q->count + 1);
	if (!q->first_pred)
		return -ENOMEM;
	for (size_t i = 0; i < q->reached; i++) {
		union slot *slot = &q->slots[q->vertex[i]];

		q->first_pred[i] = total;
		total += slot->leads;
		slot->leads = q->first_pred[i];
	}
	q->first_pred[q->reached] = total;
	q->preds = numbers(total ? total : 1);
	if (!q->preds)
		return -ENOMEM;
	for (uint32_t node = 0; node < s->node_count; node++) {
		uint32_t i = q->slots[node].number;

		if (i >= q->reached)
			continue;
		for (uint32_t e = s->first_edge[node]; e < s->first_edge[node + 1]; e++) {
			if (!retention_is_idle(s, e))
				q->preds[q->slots[s->edge_to[e]].leads++] = i;
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
	union slot *slots = q->slots;
	uint32_t below = SNAPSHOT_NONE, last, label;

	while (slots[v].ancestor >= linked) {
		uint32_t above = slots[v].ancestor;

		slots[v].ancestor = below;
		below = v;
		v = above;
	}
	last = slots[v].ancestor;
	label = slots[v].label;
	while (below != SNAPSHOT_NONE) {
		v = below;
		below = slots[v].ancestor;
		slots[v].ancestor = last;
		if (q->semi[label] < q->semi[slots[v].label])
			slots[v].label = label;
		else
			label = slots[v].label;
	}
	return label;
}

/* From here on nodes are called by their numbers alone. */
static void begin_semi(struct search *q)
{
	q->semi = q->parent;
	q->parent = NULL;
	for (uint32_t i = 0; i < q->count; i++) {
		q->slots[i] = (union slot){ .ancestor = q->semi[i], .label = i };
		q->semi[i] = i;
	}
}

static void find_semi(struct search *q)
{
	for (uint32_t i = (uint32_t)q->reached - 1; i > 0; i--) {
		uint32_t semi = q->dominator[i];

		for (uint32_t p = q->first_pred[i]; p < q->first_pred[i + 1]; p++) {
			uint32_t other = q->preds[p];

			if (other > i) /* linked; of the others, each is its own */
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

static int make_result(struct search *q, struct dominators *d)
{
	size_t n = q->count;

	drop_slots(q);
	drop(&q->preds);
	*d = (struct dominators){
		.of = numbers(n),
		.retained = reallocarray(NULL, n, sizeof(*d->retained)),
		.first_child = q->semi, /* memory that is new would cost time */
		.next_sibling = q->first_pred,
	};
	q->semi = q->first_pred = NULL;
	if (!d->of || !d->retained) {
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
	if (!err) {
		begin_semi(&q);
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

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Against brute force on random graphs: X dominates Y when Y cannot be reached without X. Then a
 * chain of a million nodes, and every allocation that fails.
 */
#include "heap/dominators.h"

#include "failing_alloc.h"
#include "tap.h"

#define MAX_NODES 24
#define MAX_EDGES 96
#define GRAPHS	  3000
#define CHAIN	  1000000

struct graph {
	struct snapshot s;
	uint8_t edge_type[MAX_EDGES];
	uint32_t first_edge[MAX_NODES + 1], edge_to[MAX_EDGES];
	uint64_t size[MAX_NODES];
};

static uint32_t dice(uint64_t *state, uint32_t sides)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33) % sides;
}

static void make_graph(struct graph *g, uint64_t *state)
{
	uint32_t nodes = 1 + dice(state, MAX_NODES),
		 per_node = 1 + dice(state, MAX_EDGES / MAX_NODES);
	uint32_t edges = 0;

	for (uint32_t n = 0; n < nodes; n++) {
		uint32_t count = dice(state, per_node + 1);

		g->first_edge[n] = edges;
		g->size[n] = 1u << dice(state, 10);
		for (uint32_t i = 0; i < count; i++, edges++) {
			g->edge_to[edges] = dice(state, nodes);
			g->edge_type[edges] =
				(uint8_t)(EDGE_PROPERTY | (dice(state, 8) ? 0 : EDGE_IDLE));
		}
	}
	g->first_edge[nodes] = edges;
	g->s = (struct snapshot){ .node_count = nodes,
				  .edge_count = edges,
				  .first_edge = g->first_edge,
				  .edge_to = g->edge_to,
				  .edge_type = g->edge_type,
				  .size = g->size };
}

/* What can be reached from the root, never entering @without. */
static void reach(const struct graph *g, uint32_t start, uint32_t without, bool *is_reached)
{
	uint32_t work[MAX_NODES * 2], len = 0;

	if (start == without || is_reached[start])
		return;
	is_reached[start] = true;
	work[len++] = start;
	while (len) {
		uint32_t n = work[--len];

		for (uint32_t e = g->first_edge[n]; e < g->first_edge[n + 1]; e++) {
			uint32_t to = g->edge_to[e];

			if ((g->edge_type[e] & EDGE_IDLE) || to == without || is_reached[to])
				continue;
			is_reached[to] = true;
			work[len++] = to;
		}
	}
}

static void reach_all(const struct graph *g, uint32_t without, const bool *is_start,
		      bool *is_reached)
{
	reach(g, 0, without, is_reached);
	for (uint32_t n = 1; n < g->s.node_count; n++) {
		if (is_start[n])
			reach(g, n, without, is_reached);
	}
}

/* The starts below the root: what no edge leads to. */
static void find_starts(const struct graph *g, bool *is_start)
{
	for (uint32_t n = 1; n < g->s.node_count; n++)
		is_start[n] = true;
	for (uint32_t e = 0; e < g->s.edge_count; e++) {
		if (!(g->edge_type[e] & EDGE_IDLE))
			is_start[g->edge_to[e]] = false;
	}
}

/* Does dominators_find say of node @x that it dominates @y, at once or by others? */
static bool says(const struct dominators *d, uint32_t x, uint32_t y)
{
	while (y != x && y != 0)
		y = d->of[y];
	return y == x;
}

static bool is_right(const struct graph *g, const struct dominators *d)
{
	bool is_start[MAX_NODES] = { 0 }, is_reached[MAX_NODES] = { 0 };
	uint64_t retained[MAX_NODES] = { 0 };
	uint32_t count = (uint32_t)g->s.node_count;

	find_starts(g, is_start);
	reach_all(g, SNAPSHOT_NONE, is_start, is_reached);
	for (uint32_t x = 0; x < count; x++) {
		bool without[MAX_NODES] = { 0 };

		if (x)
			reach_all(g, x, is_start, without);
		for (uint32_t y = 0; y < count; y++) {
			/* what only circles keep is the root's, and keeps only itself */
			bool want =
				x == y || x == 0 || (is_reached[x] && is_reached[y] && !without[y]);

			if (says(d, x, y) != want)
				return false;
			retained[x] += want ? g->size[y] : 0;
		}
		if (d->retained[x] != retained[x])
			return false;
	}
	return true;
}

struct seen {
	const struct dominators *d;
	uint32_t entered[MAX_NODES], left[MAX_NODES], count;
};

static void leave(void *ctx, uint32_t node)
{
	struct seen *s = ctx;

	s->left[node] = s->count;
}

/* Each node once, after its dominator; left after all below it. */
static bool walk_is_right(const struct graph *g, const struct dominators *d)
{
	struct seen s = { .d = d };
	uint32_t count = (uint32_t)g->s.node_count;
	bool is_fine = true;

	for (uint32_t n = 0; n != SNAPSHOT_NONE && s.count <= count;
	     n = dominators_next(d, n, leave, &s))
		s.entered[n] = s.count++;
	is_fine &= s.count == count && s.left[0] == count;
	for (uint32_t i = 1; i < count && is_fine; i++) {
		uint32_t n = d->order[i];

		is_fine &= s.entered[d->of[n]] < s.entered[n] && s.left[n] <= s.left[d->of[n]];
	}
	return is_fine;
}

static void test_random(void)
{
	uint64_t state = 42;
	int wrong = 0, wrong_walks = 0;

	for (int i = 0; i < GRAPHS; i++) {
		struct graph g;
		struct dominators d;

		make_graph(&g, &state);
		must(dominators_find(&g.s, &d) == 0);
		wrong += !is_right(&g, &d);
		wrong_walks += !walk_is_right(&g, &d);
		dominators_done(&d);
	}
	is_int(wrong, 0, "%d random graphs have the dominators that brute force finds", GRAPHS);
	is_int(wrong_walks, 0, "and are walked in order");
}

static void test_chain(void)
{
	uint32_t *first = malloc((CHAIN + 1) * sizeof(*first)), *to = malloc(CHAIN * sizeof(*to));
	uint8_t *type = calloc(CHAIN, 1);
	uint64_t *size = malloc(CHAIN * sizeof(*size));
	struct snapshot s = { .node_count = CHAIN,
			      .edge_count = CHAIN - 1,
			      .first_edge = first,
			      .edge_to = to,
			      .edge_type = type,
			      .size = size };
	struct dominators d;

	must(first && to && type && size);
	for (uint32_t i = 0; i < CHAIN; i++) {
		first[i] = i;
		to[i] = i + 1;
		size[i] = 1;
	}
	first[CHAIN] = CHAIN - 1;
	must(dominators_find(&s, &d) == 0);
	is_int(d.retained[0], CHAIN, "a chain of a million: the first retains all");
	is_int(d.of[CHAIN - 1], CHAIN - 2, "the last has the one before it");
	dominators_done(&d);
	free(first);
	free(to);
	free(type);
	free(size);
}

static void test_failing_alloc(void)
{
	uint64_t state = 7;
	bool is_hit = true, is_told = true;
	struct graph g;

	make_graph(&g, &state);
	for (size_t n = 1; is_hit; n++) {
		struct dominators d = { 0 };
		int err;

		failing_alloc_start(n);
		err = dominators_find(&g.s, &d);
		is_hit = failing_alloc_stop();
		is_told &= err == (is_hit ? -ENOMEM : 0);
		if (!err)
			dominators_done(&d);
	}
	ok(is_told, "every allocation that fails is told");
}

int main(void)
{
	test_random();
	test_chain();
	test_failing_alloc();
	return tap_done();
}

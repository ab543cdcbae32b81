// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The tree of a flame graph: merged, ordered, added up; its limits; a million stacks. */
#include "base/scope.h"
#include "failing_alloc.h"
#include "profile/flame.h"
#include "tap.h"

#define STACK(...)                                                                                 \
	(const char *const[]){ __VA_ARGS__ },                                                      \
		sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *)

static const uint64_t seed = 7;

/* "name:start+total " of each node in the order of the walk, depth as dots. */
static char *drawn(const struct flame *f)
{
	struct flame_walk *w = malloc(sizeof(*w));
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	must(out && w);
	flame_walk_start(w, f);
	while (flame_walk_next(w, true))
		(void)fprintf(out, "%.*s%s:%ju+%ju ", (int)w->depth, "........",
			      flame_name(f, w->node), (uintmax_t)w->start,
			      (uintmax_t)flame_node(f, w->node)->total[FLAME_NOW]);
	must(fclose(out) == 0);
	free(w);
	return text;
}

static void test_tree(void)
{
	_release_(flame_freep) struct flame *f = flame_new(seed);
	_release_(freep) char *got = NULL;
	uint32_t main_node;

	must(f);
	is_int(flame_add(f, STACK("main", "b"), 5), 0, "a stack");
	is_int(flame_add(f, STACK("main", "a", "x"), 2), 0, "another one");
	is_int(flame_add(f, STACK("main", "b"), 1), 0, "the first again");
	is_int(flame_add(f, STACK("main"), 4), 0, "one that ends earlier");
	is_int(flame_add(f, STACK("init", "b"), 3), 0, "another root");
	is_int(flame_add(f, STACK("nobody"), 0), 0, "a weight of 0");
	is_int(flame_finish(f), 0, "and the end");
	got = drawn(f);
	is_text(got, "all:0+15 .init:0+3 ..b:0+3 .main:3+12 ..a:3+2 ...x:3+2 ..b:5+6 ",
		"merged, by name, added up, what weighs nothing left out");
	main_node = flame_node(f, flame_node(f, FLAME_ROOT)->first_child)->next_sibling;
	is_int(flame_node(f, main_node)->self[FLAME_NOW], 4, "what ends in a frame is its own");
	is_int(flame_total(f, FLAME_NOW), 15, "the total");
}

static void test_skip(void)
{
	_release_(flame_freep) struct flame *f = flame_new(seed);
	struct flame_walk w;
	int seen = 0;

	must(f);
	(void)flame_add(f, STACK("a", "b", "c"), 1);
	(void)flame_add(f, STACK("d"), 2);
	must(flame_finish(f) == 0);
	flame_walk_start(&w, f);
	(void)flame_walk_next(&w, true);
	(void)flame_walk_next(&w, true);
	while (flame_walk_next(&w, false))
		seen++;
	ok(seen == 1 && w.start == 1,
	   "a walk that does not descend is at the sibling, and its place");
}

static void test_reverse(void)
{
	_release_(flame_freep) struct flame *f = flame_new(seed);
	_release_(freep) char *got = NULL;

	must(f);
	flame_reverse(f);
	(void)flame_add(f, STACK("main", "a", "malloc"), 2);
	(void)flame_add(f, STACK("main", "b", "malloc"), 3);
	must(flame_finish(f) == 0);
	got = drawn(f);
	is_text(got, "all:0+5 .malloc:0+5 ..a:0+2 ...main:0+2 ..b:2+3 ...main:2+3 ",
		"reversed: from the leaves on");
}

static void test_before(void)
{
	_release_(flame_freep) struct flame *f = flame_new(seed);
	const struct flame_node *root;

	must(f);
	(void)flame_add_before(f, STACK("a", "gone"), 7);
	(void)flame_add(f, STACK("a"), 2);
	must(flame_finish(f) == 0);
	root = flame_node(f, FLAME_ROOT);
	ok(root->total[FLAME_NOW] == 2 && root->total[FLAME_BEFORE] == 7,
	   "two weights side by side");
	is_int(flame_node(f, root->first_child)->total[FLAME_BEFORE], 7, "at every node");
}

static void test_limits(void)
{
	_release_(flame_freep) struct flame *f = flame_new(seed);
	_release_(freep) const char **deep = calloc(FLAME_MAX_DEPTH + 1, sizeof(*deep));

	must(f && deep);
	for (size_t i = 0; i <= FLAME_MAX_DEPTH; i++)
		deep[i] = "recurse";
	is_int(flame_add(f, deep, FLAME_MAX_DEPTH, 1), 0, "the deepest stack");
	is_int(flame_cut_count(f), 0, "is whole");
	is_int(flame_add(f, deep, FLAME_MAX_DEPTH + 1, 1), 0, "a deeper one is taken");
	is_int(flame_cut_count(f), 1, "but cut, and counted");
	is_int(flame_node_count(f), FLAME_MAX_DEPTH + 1, "at the same nodes");
	is_int(flame_add(f, STACK("a"), UINT64_MAX), -EOVERFLOW, "a sum beyond 64 bits is refused");
	is_int(flame_add(f, STACK("a"), UINT64_MAX - 2), 0, "up to there it is fine");
	must(flame_finish(f) == 0);
	ok(flame_node(f, FLAME_ROOT)->total[FLAME_NOW] == UINT64_MAX, "and added up");
}

static void test_many(void)
{
	_release_(flame_freep) struct flame *f = flame_new(seed);
	uint64_t children = 0;
	int err = 0;

	must(f);
	for (int i = 0; i < 1000000 && !err; i++) {
		char leaf[32], middle[32];

		(void)snprintf(leaf, sizeof(leaf), "leaf%d", i % 1000);
		(void)snprintf(middle, sizeof(middle), "middle%d", i / 1000);
		err = flame_add(f, STACK("main", middle, leaf), 1);
	}
	is_int(err, 0, "a million distinct stacks");
	must(flame_finish(f) == 0);
	for (uint32_t n = flame_node(f, flame_node(f, FLAME_ROOT)->first_child)->first_child;
	     n != FLAME_ROOT; n = flame_node(f, n)->next_sibling)
		children += flame_node(f, n)->total[FLAME_NOW] == 1000;
	ok(children == 1000 && flame_node_count(f) == 1001002, "each where it belongs");
}

static int build(struct flame **ret_flame)
{
	struct flame *f = flame_new(seed);
	int err = f ? 0 : -ENOMEM;

	for (int i = 0; i < 600 && !err; i++) {
		char leaf[16];

		(void)snprintf(leaf, sizeof(leaf), "f%d", i);
		err = flame_add(f, STACK("main", leaf), 1);
	}
	if (!err)
		err = flame_finish(f);
	if (err)
		flame_free(f);
	else
		*ret_flame = f;
	return err;
}

static void test_failing_alloc(void)
{
	bool is_hit = true, is_right = true;

	for (size_t n = 1; is_hit; n++) {
		struct flame *f = NULL;
		int err;

		failing_alloc_start(n);
		err = build(&f);
		is_hit = failing_alloc_stop();
		is_right &= err == (is_hit ? -ENOMEM : 0);
		flame_free(f);
	}
	ok(is_right, "every allocation that fails is told, and leaves nothing behind");
}

int main(void)
{
	test_tree();
	test_skip();
	test_reverse();
	test_before();
	test_limits();
	test_many();
	test_failing_alloc();
	return tap_done();
}

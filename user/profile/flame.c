// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Nodes lie in blocks that never move; a child is found by an open hash table over (parent, name).
 * A stack costs only where it differs from the one before: input is mostly sorted.
 */
#include "profile/flame.h"

#include "base/hash.h"
#include "profile/names.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BITS  14
#define BLOCK_NODES (1u << BLOCK_BITS)
#define BLOCK_COUNT (FLAME_MAX_NODES >> BLOCK_BITS)
#define FIRST_SLOTS 1024

/*
 * The bits of a slot above the node's number are of the hash, so that nearly all nodes that are not
 * the one looked for need not be read: each is a line of memory that is in no cache.
 */
#define NODE_BITS 24
_Static_assert(!((FLAME_MAX_NODES - 1) >> NODE_BITS), "a node's number fits its part of a slot");

struct flame {
	struct flame_node *blocks[BLOCK_COUNT];
	uint32_t node_count;
	struct names names;
	uint32_t *slots; /* node and tag, 0: free (the root is nobody's child) */
	size_t slot_count;
	uint64_t total[FLAME_WEIGHTS];
	uint64_t cut_count;
	bool is_reversed, is_finished;
	uint32_t path_len;
	uint32_t path[FLAME_MAX_DEPTH]; /* nodes of the last stack */
};

static struct flame_node *node_at(const struct flame *f, uint32_t node)
{
	return &f->blocks[node >> BLOCK_BITS][node & (BLOCK_NODES - 1)];
}

/* 0 or -ENOMEM, -E2BIG. */
static int push_node(struct flame *f, uint32_t parent, uint32_t name, uint32_t *ret_node)
{
	struct flame_node **block = &f->blocks[f->node_count >> BLOCK_BITS];

	if (f->node_count == FLAME_MAX_NODES)
		return -E2BIG;
	if (!*block)
		*block = calloc(BLOCK_NODES, sizeof(**block));
	if (!*block)
		return -ENOMEM;
	*ret_node = f->node_count++;
	*node_at(f, *ret_node) = (struct flame_node){ .name = name, .parent = parent };
	return 0;
}

struct flame *flame_new(uint64_t seed)
{
	struct flame *f = calloc(1, sizeof(*f));
	uint32_t root;

	if (!f)
		return NULL;
	f->names.seed = seed;
	if (push_node(f, FLAME_ROOT, 0, &root)) {
		free(f);
		return NULL;
	}
	return f;
}

void flame_free(struct flame *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < BLOCK_COUNT && f->blocks[i]; i++)
		free(f->blocks[i]);
	names_done(&f->names);
	free(f->slots);
	free(f);
}

void flame_freep(struct flame **f)
{
	flame_free(*f);
}

void flame_reverse(struct flame *f)
{
	assert(f->node_count == 1);
	f->is_reversed = true;
}

/* Mixed with a secret: nobody can prepare collisions. */
static uint64_t child_hash(const struct flame *f, uint32_t parent, uint32_t name)
{
	uint64_t pair = (uint64_t)parent << 32 | name;

	return hash_mix(f->names.seed, pair);
}

static uint32_t slot_of(uint32_t node, uint64_t hash)
{
	return (uint32_t)(hash >> (32 + NODE_BITS) << NODE_BITS) | node;
}

static uint32_t node_of(uint32_t slot)
{
	return slot & ((1u << NODE_BITS) - 1);
}

static void put_slot(struct flame *f, uint32_t node)
{
	const struct flame_node *n = node_at(f, node);
	uint64_t hash = child_hash(f, n->parent, n->name);
	size_t mask = f->slot_count - 1;
	size_t i = hash & mask;

	while (f->slots[i])
		i = (i + 1) & mask;
	f->slots[i] = slot_of(node, hash);
}

static int make_room(struct flame *f)
{
	size_t count = f->slot_count ? f->slot_count * 2 : FIRST_SLOTS;
	uint32_t *slots;

	if ((size_t)f->node_count * 2 < f->slot_count)
		return 0;
	slots = calloc(count, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(f->slots);
	f->slots = slots;
	f->slot_count = count;
	for (uint32_t node = 1; node < f->node_count; node++)
		put_slot(f, node);
	return 0;
}

static int find_child(struct flame *f, uint32_t parent, const char *text, uint32_t *ret_node)
{
	uint32_t name, node, slot;
	uint64_t hash;
	int err = names_add(&f->names, text, &name);

	if (!err)
		err = make_room(f);
	if (err)
		return err;
	hash = child_hash(f, parent, name);
	for (size_t i = hash; (slot = f->slots[i & (f->slot_count - 1)]) != 0; i++) {
		const struct flame_node *n;

		node = node_of(slot);
		if (slot != slot_of(node, hash))
			continue;
		n = node_at(f, node);
		if (n->parent == parent && n->name == name) {
			*ret_node = node;
			return 0;
		}
	}
	err = push_node(f, parent, name, &node);
	if (err)
		return err;
	put_slot(f, node);
	*ret_node = node;
	return 0;
}

/* The node of a stack, made where it is new. */
static int find_path(struct flame *f, const char *const *frames, size_t depth, uint32_t *ret_node)
{
	size_t kept = depth < FLAME_MAX_DEPTH ? depth : FLAME_MAX_DEPTH;
	bool is_same = true;
	uint32_t node = FLAME_ROOT;

	for (size_t i = 0; i < kept; i++) {
		const char *text = frames[f->is_reversed ? depth - 1 - i : i];
		int err;

		is_same =
			is_same && i < f->path_len && strcmp(flame_name(f, f->path[i]), text) == 0;
		if (is_same) {
			node = f->path[i];
			continue;
		}
		f->path_len = (uint32_t)i; /* what follows is of another stack */
		err = find_child(f, node, text, &node);
		if (err)
			return err;
		f->path[i] = node;
		f->path_len = (uint32_t)i + 1;
	}
	if (kept < depth)
		f->cut_count++;
	*ret_node = node;
	return 0;
}

static int add_stack(struct flame *f, const char *const *frames, size_t depth, uint64_t weight,
		     int which)
{
	uint64_t total;
	uint32_t node;
	int err;

	assert(!f->is_finished);
	if (!weight)
		return 0;
	if (__builtin_add_overflow(f->total[which], weight, &total))
		return -EOVERFLOW;
	err = find_path(f, frames, depth, &node);
	if (err)
		return err;
	f->total[which] = total;
	node_at(f, node)->self[which] += weight;
	return 0;
}

int flame_add(struct flame *f, const char *const *frames, size_t depth, uint64_t weight)
{
	return add_stack(f, frames, depth, weight, FLAME_NOW);
}

int flame_add_before(struct flame *f, const char *const *frames, size_t depth, uint64_t weight)
{
	return add_stack(f, frames, depth, weight, FLAME_BEFORE);
}

static int compare_names(const void *left, const void *right, void *names)
{
	const struct name *at = names;

	return strcmp(at[*(const uint32_t *)left].text, at[*(const uint32_t *)right].text);
}

/* The numbers of all names, in bytewise order. NULL: out of memory. */
static uint32_t *sort_names(const struct names *names)
{
	uint32_t *order = calloc(names->len + 1, sizeof(*order));

	for (size_t i = 0; order && i < names->len; i++)
		order[i] = (uint32_t)i;
	if (order)
		qsort_r(order, names->len, sizeof(*order), compare_names, names->at);
	return order;
}

/* All nodes but the root by name, @order's first name first. NULL: out of memory. */
static uint32_t *sort_nodes(struct flame *f, const uint32_t *order)
{
	uint32_t *sorted = calloc(f->node_count, sizeof(*sorted));
	uint32_t before = 0;

	if (!sorted)
		return NULL;
	for (size_t i = 0; i < f->names.len; i++)
		f->names.at[i].scratch = 0;
	for (uint32_t node = 1; node < f->node_count; node++)
		f->names.at[node_at(f, node)->name].scratch++;
	for (size_t i = 0; i < f->names.len; i++) {
		struct name *name = &f->names.at[order[i]];
		uint32_t count = name->scratch;

		name->scratch = before;
		before += count;
	}
	for (uint32_t node = 1; node < f->node_count; node++)
		sorted[f->names.at[node_at(f, node)->name].scratch++] = node;
	return sorted;
}

/*
 * Orders all siblings at once: each node is put in front of its siblings, those of the last name
 * first. From an array, so that the memory of many nodes is waited for at the same time.
 */
static int link_children(struct flame *f, const uint32_t *order)
{
	uint32_t *sorted = sort_nodes(f, order);

	if (!sorted)
		return -ENOMEM;
	for (uint32_t i = f->node_count - 1; i-- > 0;) {
		struct flame_node *n = node_at(f, sorted[i]);
		struct flame_node *parent = node_at(f, n->parent);

		n->next_sibling = parent->first_child;
		parent->first_child = sorted[i];
	}
	free(sorted);
	return 0;
}

int flame_finish(struct flame *f)
{
	uint32_t *order = sort_names(&f->names);
	int err;

	if (!order)
		return -ENOMEM;
	assert(!f->is_finished);
	f->is_finished = true;
	free(f->slots); /* nothing is added any more */
	f->slots = NULL;
	err = link_children(f, order);
	free(order);
	if (err)
		return err;
	/* A parent is older than its children. */
	for (uint32_t node = f->node_count; node-- > 0;) {
		struct flame_node *n = node_at(f, node);

		for (int w = 0; w < FLAME_WEIGHTS; w++) {
			n->total[w] += n->self[w];
			if (node != FLAME_ROOT)
				node_at(f, n->parent)->total[w] += n->total[w];
		}
	}
	return 0;
}

const struct flame_node *flame_node(const struct flame *f, uint32_t node)
{
	assert(node < f->node_count);
	return node_at(f, node);
}

const char *flame_name(const struct flame *f, uint32_t node)
{
	return node == FLAME_ROOT ? "all" : f->names.at[node_at(f, node)->name].text;
}

uint32_t flame_node_count(const struct flame *f)
{
	return f->node_count;
}

uint64_t flame_total(const struct flame *f, int weight)
{
	return f->total[weight];
}

uint64_t flame_cut_count(const struct flame *f)
{
	return f->cut_count;
}

void flame_walk_start(struct flame_walk *w, const struct flame *f)
{
	assert(f->is_finished);
	w->f = f;
	w->is_started = false;
}

/* @node begins where the last sibling of its depth ended. */
static bool step_to(struct flame_walk *w, uint32_t node, uint32_t depth)
{
	w->node = node;
	w->depth = depth;
	w->start = w->next_start[depth];
	w->next_start[depth] += node_at(w->f, node)->total[FLAME_NOW];
	w->next_start[depth + 1] = w->start;
	return true;
}

bool flame_walk_next(struct flame_walk *w, bool descend)
{
	uint32_t node = w->node;
	uint32_t depth = w->depth;

	if (!w->is_started) {
		w->is_started = true;
		w->next_start[0] = 0;
		return step_to(w, FLAME_ROOT, 0);
	}
	if (descend && node_at(w->f, node)->first_child != FLAME_ROOT)
		return step_to(w, node_at(w->f, node)->first_child, depth + 1);
	for (; node != FLAME_ROOT; node = node_at(w->f, node)->parent, depth--) {
		if (node_at(w->f, node)->next_sibling != FLAME_ROOT)
			return step_to(w, node_at(w->f, node)->next_sibling, depth);
	}
	return false;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Walks with a stack of their own, whatever the graph. */
#include "heap/retention.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DOM_TREES      "(Document DOM trees)"
#define EXTERNAL_TEXT  "system / ExternalStringData"
#define NAME_MAX_BYTES 4096 /* no name of V8 is so long */
#define NO_OWNER       UINT32_MAX
#define MANY_OWNERS    (UINT32_MAX - 1)

struct work {
	uint32_t *at;
	size_t len;
};

/* --- what the program can reach --------------------------------------------------------------- */

static bool is_entry(const struct snapshot *s, uint32_t edge)
{
	enum edge_type type = snapshot_edge_type(s, edge);
	uint32_t to = s->edge_to[edge];

	if (type == EDGE_ELEMENT)
		return s->type[to] == NODE_SYNTHETIC &&
		       strcmp(snapshot_name(s, to), DOM_TREES) == 0;
	return type == EDGE_SHORTCUT;
}

static void reach(uint32_t node, bool *is_page, struct work *w)
{
	if (is_page[node])
		return;
	is_page[node] = true;
	w->at[w->len++] = node; /* once each: there is room for all */
}

static void mark_page(const struct snapshot *s, bool *is_page, struct work *w)
{
	for (uint32_t e = s->first_edge[0]; e < s->first_edge[1]; e++) {
		if (is_entry(s, e))
			reach(s->edge_to[e], is_page, w);
	}
	while (w->len) {
		uint32_t node = w->at[--w->len];

		for (uint32_t e = s->first_edge[node]; e < s->first_edge[node + 1]; e++) {
			if (snapshot_edge_type(s, e) != EDGE_WEAK)
				reach(s->edge_to[e], is_page, w);
		}
	}
}

/* "7 / part of key (Object @5) -> value (Object @9) pair in WeakMap (table @3)" of node @id 3. */
static bool is_from_table(const struct snapshot *s, uint32_t edge, uint32_t id)
{
	static const char last[] = " pair in WeakMap (table @";
	const char *name = snapshot_edge_name(s, edge), *table;
	uint64_t value = 0;

	if (name[0] < '0' || name[0] > '9' || strnlen(name, NAME_MAX_BYTES) == NAME_MAX_BYTES ||
	    !strstr(name, " / part of key ("))
		return false;
	table = strstr(name, last);
	if (!table)
		return false;
	for (table += sizeof(last) - 1; *table >= '0' && *table <= '9' && value <= UINT32_MAX;
	     table++)
		value = value * 10 + (uint64_t)(*table - '0');
	return value == id && strcmp(table, ")") == 0;
}

/* @is_page: NULL when what V8 wrote is to be taken as it is. */
static bool is_idle(const struct snapshot *s, uint32_t node, uint32_t edge, const bool *is_page)
{
	enum edge_type type = snapshot_edge_type(s, edge);
	uint32_t to = s->edge_to[edge];

	if (type == EDGE_WEAK || to == node)
		return true;
	if (node != 0 && type == EDGE_SHORTCUT)
		return true;
	if (!is_page)
		return false;
	if (type == EDGE_INTERNAL && is_from_table(s, edge, s->id[node]))
		return true;
	return node != 0 && is_page[to] && !is_page[node];
}

int retention_mark(struct snapshot *s, bool is_raw)
{
	bool *is_page = calloc(s->node_count, sizeof(*is_page));
	struct work w = { .at = malloc(s->node_count * sizeof(*w.at)) };
	int err = is_page && w.at ? 0 : -ENOMEM;

	if (!err && !is_raw)
		mark_page(s, is_page, &w);
	for (uint32_t node = 0; !err && node < s->node_count; node++) {
		for (uint32_t e = s->first_edge[node]; e < s->first_edge[node + 1]; e++) {
			if (is_idle(s, node, e, is_raw ? NULL : is_page))
				s->edge_type[e] |= EDGE_IDLE;
		}
	}
	free(is_page);
	free(w.at);
	return err;
}

/* --- who owns what ---------------------------------------------------------------------------- */

static bool has_user_roots(const struct snapshot *s)
{
	for (uint32_t e = s->first_edge[0]; e < s->first_edge[1]; e++) {
		uint32_t to = s->edge_to[e];

		if (s->type[to] != NODE_SYNTHETIC || strcmp(snapshot_name(s, to), DOM_TREES) == 0)
			return true;
	}
	return false;
}

static bool is_part(const struct snapshot *s, uint32_t node)
{
	return s->type[node] == NODE_HIDDEN || s->type[node] == NODE_ARRAY ||
	       (s->type[node] == NODE_NATIVE && strcmp(snapshot_name(s, node), EXTERNAL_TEXT) == 0);
}

/* What @node leads to and is a part gets its owner; who already has another one has many. */
static void pass_owner(const struct snapshot *s, uint32_t node, uint32_t *owners, struct work *w)
{
	uint32_t owner = owners[node];

	for (uint32_t e = s->first_edge[node]; e < s->first_edge[node + 1]; e++) {
		uint32_t to = s->edge_to[e];

		if (owners[to] == to || owners[to] == owner || owners[to] == MANY_OWNERS ||
		    snapshot_edge_type(s, e) == EDGE_WEAK)
			continue;
		owners[to] = owners[to] == NO_OWNER ? owner : MANY_OWNERS;
		w->at[w->len++] = to;
	}
}

/* A part gets its first owner, and at most once more: many. So twice the nodes are room enough. */
static void find_owners(const struct snapshot *s, uint32_t *owners, struct work *w)
{
	for (uint32_t n = 0; n < s->node_count; n++)
		owners[n] = is_part(s, n) ? NO_OWNER : n;
	for (uint32_t n = 0; n < s->node_count; n++) {
		if (owners[n] != n)
			continue;
		pass_owner(s, n, owners, w);
		while (w->len)
			pass_owner(s, w->at[--w->len], owners, w);
	}
}

static void give_sizes(struct snapshot *s, const uint32_t *owners)
{
	for (uint32_t n = 0; n < s->node_count; n++) {
		uint32_t owner = owners[n];

		if (owner == n || owner == NO_OWNER || owner == MANY_OWNERS)
			continue;
		if (owner == 0 || s->type[owner] == NODE_SYNTHETIC)
			continue;
		s->size[owner] += s->size[n];
		s->size[n] = 0;
	}
}

int retention_own_sizes(struct snapshot *s)
{
	uint32_t *owners;
	struct work w = { 0 };
	int err;

	if (!has_user_roots(s))
		return 0;
	owners = malloc(s->node_count * sizeof(*owners));
	w.at = reallocarray(NULL, s->node_count, 2 * sizeof(*w.at));
	err = owners && w.at ? 0 : -ENOMEM;
	if (!err) {
		find_owners(s, owners, &w);
		give_sizes(s, owners);
	}
	free(owners);
	free(w.at);
	return err;
}

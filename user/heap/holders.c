// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A search in breadth gives each node its shortest way; shapes are found from the roots down. */
#include "heap/holders.h"

#include "base/hash.h"
#include "base/vec.h"
#include "heap/retention.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WIDE 64 /* an object with that many edges is a table: its keys are data */

/* --- the shortest ways ------------------------------------------------------------------------ */

/*
 * From what the program itself can reach (globals), then from roots that last, then from functions
 * and scopes in those that hold for a moment, or that hold everything, then from all that is left:
 * the first are the ways that people look for.
 */
enum { STAGE_LASTING, STAGE_SCOPES, STAGE_ALL, STAGES };

static bool is_passing(const struct snapshot *s, uint32_t node)
{
	static const char *const names[] = { "(Stack roots)",	     "(Handle scope)",
					     "(Strong roots)",	     "(Internalized strings)",
					     "(External strings)",   "(Compilation cache)",
					     "(Identity map roots)", "(Write barrier)",
					     "(Relocatable)" };

	for (size_t i = 0; s->type[node] == NODE_SYNTHETIC && i < sizeof(names) / sizeof(*names);
	     i++) {
		if (strcmp(snapshot_name(s, node), names[i]) == 0)
			return true;
	}
	return false;
}

/* Descriptors are shared by maps, and lead to values of others. */
static bool is_misleading(const struct snapshot *s, uint32_t node)
{
	return s->type[node] == NODE_ARRAY &&
	       strcmp(snapshot_name(s, node), "(map descriptors)") == 0;
}

static bool is_scope(const struct snapshot *s, uint32_t node)
{
	static const char context[] =
		"system / Context"; /* in newer Chrome " / scope @1" follows */

	return s->type[node] == NODE_CLOSURE ||
	       strncmp(snapshot_name(s, node), context, strlen(context)) == 0;
}

/* What comes of @node and was not found before goes to the end of the list. */
static size_t visit(struct holders *h, uint32_t node, size_t len)
{
	const struct snapshot *s = &h->heap->snapshot;
	bool is_root = is_passing(s, node);

	if (is_misleading(s, node) || (is_root && h->stage == STAGE_LASTING))
		return len;
	for (uint32_t e = s->first_edge[node]; e < s->first_edge[node + 1]; e++) {
		uint32_t to = s->edge_to[e];

		if (retention_is_idle(s, e) || to == 0 || h->edge[to] != SNAPSHOT_NONE)
			continue;
		if (is_root && h->stage == STAGE_SCOPES && !is_scope(s, to))
			continue;
		h->edge[to] = e;
		h->scratch[len++] = to;
	}
	return len;
}

static void visit_all(struct holders *h, size_t len)
{
	for (size_t i = 0; i < len; i++)
		len = visit(h, h->scratch[i], len);
}

/* Each list of starts is of other nodes than were ever in one: there is room for all. */
static void search(struct holders *h)
{
	const struct snapshot *s = &h->heap->snapshot;
	size_t len = 0;

	for (uint32_t e = s->first_edge[0]; e < s->first_edge[1]; e++) {
		uint32_t to = s->edge_to[e];

		if (retention_is_idle(s, e) || s->type[to] == NODE_SYNTHETIC || to == 0 ||
		    h->edge[to] != SNAPSHOT_NONE)
			continue;
		h->edge[to] = e;
		h->scratch[len++] = to;
	}
	visit_all(h, len);
	h->scratch[0] = 0;
	visit_all(h, 1);
	for (h->stage = STAGE_SCOPES; h->stage < STAGES; h->stage++) {
		len = 0;
		for (uint32_t n = 0; n < s->node_count; n++) {
			if (is_passing(s, n) && h->edge[n] != SNAPSHOT_NONE)
				h->scratch[len++] = n;
		}
		visit_all(h, len);
	}
}

int holders_init(struct holders *h, const struct heap *heap, struct classes *classes)
{
	size_t count = heap->snapshot.node_count;

	*h = (struct holders){ .heap = heap, .classes = classes };
	h->edge = reallocarray(NULL, count, sizeof(*h->edge));
	h->shape = reallocarray(NULL, count, sizeof(*h->shape));
	h->scratch = reallocarray(NULL, count, sizeof(*h->scratch));
	if (!h->edge || !h->shape || !h->scratch) {
		holders_done(h);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++)
		h->edge[i] = h->shape[i] = SNAPSHOT_NONE;
	search(h);
	return 0;
}

void holders_done(struct holders *h)
{
	free(h->edge);
	free(h->shape);
	free(h->scratch);
	strings_done(&h->labels);
	id_table_done(&h->ids);
	free(h->shapes.at);
	*h = (struct holders){ 0 };
}

uint32_t holders_source(const struct snapshot *s, uint32_t edge)
{
	size_t low = 0, high = s->node_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (s->first_edge[middle] <= edge)
			low = middle;
		else
			high = middle;
	}
	return (uint32_t)low;
}

/* --- shapes ----------------------------------------------------------------------------------- */

/* The properties of a global object are variables, however many there are. */
static bool is_global(const struct holders *h, uint32_t node)
{
	return h->edge[node] != SNAPSHOT_NONE &&
	       snapshot_edge_type(&h->heap->snapshot, h->edge[node]) == EDGE_SHORTCUT;
}

static const char *label_of(const struct holders *h, uint32_t edge, uint32_t source)
{
	const struct snapshot *s = &h->heap->snapshot;
	enum edge_type type = snapshot_edge_type(s, edge);
	const char *name = snapshot_edge_name(s, edge);
	uint32_t width = s->first_edge[source + 1] - s->first_edge[source];

	if (type == EDGE_ELEMENT || type == EDGE_HIDDEN)
		return HOLDERS_INDEX;
	if (type == EDGE_INTERNAL && name[0] >= '0' && name[0] <= '9')
		return strstr(name, "part of key") ? HOLDERS_KEY : HOLDERS_INDEX;
	if (type == EDGE_PROPERTY && width >= WIDE && !is_global(h, source))
		return HOLDERS_KEY;
	return name;
}

static bool is_same(const void *ctx, uint32_t id, const void *key)
{
	const struct holders *h = ctx;
	const struct holders_shape *a = &h->shapes.at[id], *b = key;

	return a->parent == b->parent && a->class == b->class && a->label == b->label &&
	       a->edge == b->edge;
}

static int find_shape(struct holders *h, const struct holders_shape *shape, uint32_t *ret_id)
{
	uint64_t hash = hash_mix(hash_mix(hash_seed(h), shape->parent),
				 hash_mix(shape->class, (uint64_t)shape->label << 8 | shape->edge));
	struct holders_shape *slot;
	uint32_t id = id_table_find(&h->ids, hash, is_same, h, shape);

	if (id == ID_NONE) {
		slot = vec_push(&h->shapes);
		if (!slot)
			return -ENOMEM;
		id = (uint32_t)(h->shapes.len - 1);
		*slot = *shape;
		if (id_table_add(&h->ids, hash, id)) {
			h->shapes.len--;
			return -ENOMEM;
		}
	}
	*ret_id = id;
	return 0;
}

/* The shape of @node, whose holder's shape is known. */
static int set_shape(struct holders *h, uint32_t node, uint32_t source)
{
	const struct snapshot *s = &h->heap->snapshot;
	struct holders_shape shape = { .parent = SNAPSHOT_NONE,
				       .class = h->heap->class[node],
				       .node = node };
	const char *label = "";
	int err;

	if (source != SNAPSHOT_NONE) {
		label = label_of(h, h->edge[node], source);
		shape.edge = (uint8_t)snapshot_edge_type(s, h->edge[node]);
		shape.parent = h->shape[source];
	}
	err = strings_add(&h->labels, label, &shape.label);
	if (!err)
		err = classes_of_root(h->classes, s, node, &shape.class);
	if (err)
		return err;
	if (shape.parent != SNAPSHOT_NONE) {
		struct holders_shape *p = &h->shapes.at[shape.parent];

		shape.depth = (uint16_t)(p->depth + 1);
		if (shape.depth > HOLDERS_MAX_DEPTH ||
		    (p->class == shape.class && p->label == shape.label && p->edge == shape.edge)) {
			p->repeats = true;
			p->nodes++;
			h->shape[node] = shape.parent;
			return 0;
		}
	}
	err = find_shape(h, &shape, &h->shape[node]);
	if (!err)
		h->shapes.at[h->shape[node]].nodes++;
	return err;
}

int holders_add(struct holders *h, uint32_t node)
{
	const struct snapshot *s = &h->heap->snapshot;
	size_t depth = 0;
	uint32_t at = node;
	int err = 0;

	while (h->shape[at] == SNAPSHOT_NONE) {
		h->scratch[depth++] = at;
		if (h->edge[at] == SNAPSHOT_NONE)
			break;
		at = holders_source(s, h->edge[at]);
	}
	while (!err && depth) {
		at = h->scratch[--depth];
		err = set_shape(h, at,
				h->edge[at] == SNAPSHOT_NONE ? SNAPSHOT_NONE
							     : holders_source(s, h->edge[at]));
	}
	if (err)
		return err;
	h->shapes.at[h->shape[node]].count++;
	h->shapes.at[h->shape[node]].bytes += s->size[node];
	return 0;
}

void holders_reset(struct holders *h)
{
	for (size_t i = 0; i < h->shapes.len; i++)
		h->shapes.at[i].count = h->shapes.at[i].bytes = 0;
}

static int by_count(const void *x, const void *y, void *ctx)
{
	const struct holders *h = ctx;
	uint32_t i = *(const uint32_t *)x, j = *(const uint32_t *)y;
	const struct holders_shape *a = &h->shapes.at[i], *b = &h->shapes.at[j];

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	return (i > j) - (i < j);
}

int holders_list(const struct holders *h, struct holders_list *ret)
{
	struct holders_list list = { 0 };

	for (uint32_t i = 0; i < h->shapes.len; i++) {
		uint32_t *slot;

		if (!h->shapes.at[i].count)
			continue;
		slot = vec_push(&list);
		if (!slot) {
			free(list.at);
			return -ENOMEM;
		}
		*slot = i;
	}
	if (list.len)
		qsort_r(list.at, list.len, sizeof(*list.at), by_count, (void *)h);
	*ret = list;
	return 0;
}

uint32_t holders_anchor(const struct holders *h, uint32_t shape)
{
	uint32_t named = SNAPSHOT_NONE, root = shape;

	for (uint32_t i = shape; i != SNAPSHOT_NONE; i = h->shapes.at[i].parent) {
		const struct holders_shape *s = &h->shapes.at[i];
		bool has_holder = s->parent != SNAPSHOT_NONE;

		if (has_holder && s->edge == EDGE_CONTEXT && s->nodes == 1)
			return i;
		if (has_holder && (s->edge == EDGE_CONTEXT || s->edge == EDGE_PROPERTY))
			named = i;
		root = i;
	}
	return named != SNAPSHOT_NONE ? named : root;
}

void holders_index_scopes(struct holders *h)
{
	const struct snapshot *s = &h->heap->snapshot;

	for (uint32_t n = 0; n < s->node_count; n++)
		h->scratch[n] = SNAPSHOT_NONE;
	for (uint32_t n = 0; n < s->node_count; n++) {
		uint32_t scope = s->type[n] == NODE_CLOSURE ? snapshot_follow(s, n, "context")
							    : SNAPSHOT_NONE;

		if (scope != SNAPSHOT_NONE && h->scratch[scope] == SNAPSHOT_NONE)
			h->scratch[scope] = n;
	}
}

const char *holders_script(const struct holders *h, uint32_t context)
{
	const struct snapshot *s = &h->heap->snapshot;
	uint32_t first = h->scratch[context];

	/* Nearly always the first function is of a file. */
	for (uint32_t n = first; n < s->node_count; n++) {
		const char *script;

		if (n != first &&
		    (s->type[n] != NODE_CLOSURE || snapshot_follow(s, n, "context") != context))
			continue;
		script = heap_script_of(s, n);
		if (script)
			return script;
	}
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A dominator comes before what it dominates: one pass, each node finds its dominator's step. */
#include "heap/dominated.h"

#include "base/hash.h"
#include "base/id_table.h"
#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

struct making {
	const struct heap *heap;
	struct classes *classes;
	struct dominated d;
	struct id_table ids;
	uint32_t *step; /* by node */
};

static bool is_same(const void *ctx, uint32_t id, const void *key)
{
	const struct making *m = ctx;
	const struct dominated_step *a = &m->d.at[id], *b = key;

	return id && a->parent == b->parent && a->class == b->class;
}

static int find_step(struct making *m, uint32_t parent, uint32_t class, uint32_t *ret_step)
{
	struct dominated_step step = { .parent = parent, .class = class }, *slot;
	uint64_t hash = hash_mix(hash_seed(m), (uint64_t)parent << 32 | class);

	*ret_step = id_table_find(&m->ids, hash, is_same, m, &step);
	if (*ret_step != ID_NONE)
		return 0;
	if (m->d.len == DOMINATED_MAX_STEPS) {
		*ret_step = parent;
		return 0;
	}
	step.depth = m->d.len ? m->d.at[parent].depth + 1 : 0;
	slot = vec_push(&m->d);
	if (!slot)
		return -ENOMEM;
	*slot = step;
	*ret_step = (uint32_t)(m->d.len - 1);
	return id_table_add(&m->ids, hash, *ret_step);
}

static int add(struct making *m, uint32_t node)
{
	uint32_t class = m->heap->class[node], parent = m->step[m->heap->dominators.of[node]];
	const struct dominated_step *above = &m->d.at[parent];
	int err = classes_of_root(m->classes, &m->heap->snapshot, node, &class);

	m->step[node] = parent;
	if (!err && above->depth < DOMINATED_MAX_DEPTH && (!parent || above->class != class))
		err = find_step(m, parent, class, &m->step[node]);
	if (!err)
		m->d.at[m->step[node]].bytes += m->heap->snapshot.size[node];
	return err;
}

int dominated_make(const struct heap *h, struct classes *c, struct dominated *ret)
{
	struct making m = { .heap = h, .classes = c };
	size_t count = h->snapshot.node_count;
	int err = -ENOMEM;

	m.step = reallocarray(NULL, count, sizeof(*m.step));
	if (m.step)
		err = find_step(&m, 0, SNAPSHOT_NONE, &m.step[0]);
	if (!err)
		m.d.at[0].bytes = h->snapshot.size[0];
	for (size_t i = 1; !err && i < count; i++)
		err = add(&m, h->dominators.order[i]);
	free(m.step);
	id_table_done(&m.ids);
	if (err)
		dominated_done(&m.d);
	else
		*ret = m.d;
	return err;
}

void dominated_done(struct dominated *d)
{
	free(d->at);
	*d = (struct dominated){ 0 };
}

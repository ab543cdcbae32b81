// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Retained sizes come from a walk over the tree of dominators. */
#include "heap/census.h"

#include <errno.h>
#include <stdlib.h>

struct totals {
	const struct census_input *in;
	bool *is_above;	  /* by class: a node of it is above the present one, and was counted */
	bool *is_counted; /* by node */
};

static void leave(void *ctx, uint32_t node)
{
	struct totals *t = ctx;

	if (t->is_counted[node])
		t->is_above[t->in->class[node]] = false;
}

/* A node below one of its own class is part of that one's already. */
static void add_totals(struct totals *t, struct census *c)
{
	const struct snapshot *s = t->in->snapshot;

	for (uint32_t node = 0; node != SNAPSHOT_NONE;
	     node = dominators_next(t->in->dominators, node, leave, t)) {
		uint32_t class = t->in->class[node];
		struct census_total *total = &c->classes[class];

		if (!s->size[node])
			continue;
		total->count++;
		total->bytes += s->size[node];
		if (t->is_above[class])
			continue;
		total->retained += t->in->dominators->retained[node];
		t->is_above[class] = t->is_counted[node] = true;
	}
}

static int take_totals(const struct census_input *in, struct census *c)
{
	struct totals t = { .in = in };
	int err;

	c->classes = calloc(in->class_count ? in->class_count : 1, sizeof(*c->classes));
	c->class_count = in->class_count;
	t.is_above = calloc(in->class_count ? in->class_count : 1, sizeof(*t.is_above));
	t.is_counted = calloc(in->snapshot->node_count, sizeof(*t.is_counted));
	err = c->classes && t.is_above && t.is_counted ? 0 : -ENOMEM;
	if (!err)
		add_totals(&t, c);
	for (size_t i = 0; !err && i < c->class_count; i++) {
		c->all.count += c->classes[i].count;
		c->all.bytes += c->classes[i].bytes;
	}
	if (!err)
		c->all.retained = in->dominators->retained[0];
	free(t.is_above);
	free(t.is_counted);
	return err;
}

int census_take(const struct census_input *in, struct census *ret)
{
	struct census c = { 0 };
	int err = take_totals(in, &c);

	if (err)
		census_done(&c);
	else
		*ret = c;
	return err;
}

void census_done(struct census *c)
{
	free(c->classes);
	*c = (struct census){ 0 };
}

struct census_total census_of(const struct census *c, uint32_t class)
{
	return class < c->class_count ? c->classes[class] : (struct census_total)
	{
		0
	};
}

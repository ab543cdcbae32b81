// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Ids are sorted by their digits; retained sizes come from a walk over the tree of dominators. */
#include "heap/census.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DIGIT_BITS 11
#define DIGITS	   (1u << DIGIT_BITS)

/* --- objects by id ---------------------------------------------------------------------------- */

static void sort_by_digit(const uint64_t *from, uint64_t *to, size_t len, unsigned int shift)
{
	size_t at[DIGITS + 1] = { 0 };

	for (size_t i = 0; i < len; i++)
		at[(from[i] >> shift & (DIGITS - 1)) + 1]++;
	for (size_t d = 1; d <= DIGITS; d++)
		at[d] += at[d - 1];
	for (size_t i = 0; i < len; i++)
		to[at[from[i] >> shift & (DIGITS - 1)]++] = from[i];
}

/* An id in the upper half, its node in the lower; of three sorts, the last leaves it in @spare. */
static void sort_ids(uint64_t *keys, uint64_t *spare, size_t len)
{
	sort_by_digit(keys, spare, len, 32);
	sort_by_digit(spare, keys, len, 32 + DIGIT_BITS);
	sort_by_digit(keys, spare, len, 32 + 2 * DIGIT_BITS);
}

static int fill(const struct census_input *in, const uint64_t *keys, struct census *c)
{
	size_t len = c->len ? c->len : 1;

	c->id = reallocarray(NULL, len, sizeof(*c->id));
	c->class = reallocarray(NULL, len, sizeof(*c->class));
	c->bytes = reallocarray(NULL, len, sizeof(*c->bytes));
	c->node = in->keep_nodes ? reallocarray(NULL, len, sizeof(*c->node)) : NULL;
	if (!c->id || !c->class || !c->bytes || (in->keep_nodes && !c->node))
		return -ENOMEM;
	for (size_t i = 0; i < c->len; i++) {
		uint32_t node = (uint32_t)keys[i];

		c->id[i] = (uint32_t)(keys[i] >> 32);
		c->class[i] = in->class[node];
		c->bytes[i] = in->snapshot->size[node];
		if (c->node)
			c->node[i] = node;
	}
	return 0;
}

int census_take_objects(const struct census_input *in, struct census *c)
{
	const struct snapshot *s = in->snapshot;
	uint64_t *keys = reallocarray(NULL, s->node_count, sizeof(*keys));
	uint64_t *spare = reallocarray(NULL, s->node_count, sizeof(*spare));
	int err = keys && spare ? 0 : -ENOMEM;

	for (uint32_t n = 0; !err && n < s->node_count; n++) {
		if (s->size[n])
			keys[c->len++] = (uint64_t)s->id[n] << 32 | n;
	}
	if (!err) { /* of both, one stays until the end: the peak is here */
		sort_ids(keys, spare, c->len);
		free(keys);
		keys = NULL;
		err = fill(in, spare, c);
	}
	free(keys);
	free(spare);
	return err;
}

/* --- totals ----------------------------------------------------------------------------------- */

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

void census_drop_objects(struct census *c)
{
	free(c->id);
	free(c->class);
	free(c->node);
	free(c->bytes);
	c->id = c->class = c->node = NULL;
	c->bytes = NULL;
	c->len = 0;
}

void census_done(struct census *c)
{
	census_drop_objects(c);
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

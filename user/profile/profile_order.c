// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* profile_finish: stacks and frames take the order in which reports show them. */
#include "base/scope.h"
#include "profile/frame_order.h"
#include "profile/profile_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_i64(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int compare_frames(const struct profile *p, const struct profile_stack *a,
			  const struct profile_stack *b)
{
	for (size_t i = 0; i < a->depth && i < b->depth; i++) {
		int order = a->frames[i] == b->frames[i]
				    ? 0
				    : frame_compare(profile_frame(p, a->frames[i]),
						    profile_frame(p, b->frames[i]));

		if (order)
			return order;
	}
	return compare_u64(a->depth, b->depth);
}

static int compare_tasks(const struct profile_stack *a, const struct profile_stack *b)
{
	int order = compare_i64(a->pid, b->pid);

	if (!order)
		order = compare_i64(a->tid, b->tid);
	if (!order)
		order = strcmp(a->process, b->process);
	return order ? order : strcmp(a->thread, b->thread);
}

static int compare_stacks(const void *left, const void *right, void *profile)
{
	const struct profile *p = profile;
	const struct profile_stack *a = &p->stacks.at[*(const uint32_t *)left].stack;
	const struct profile_stack *b = &p->stacks.at[*(const uint32_t *)right].stack;
	int order = compare_u64(b->weight, a->weight);

	if (!order)
		order = compare_u64(b->count, a->count);
	if (!order)
		order = compare_frames(p, a, b);
	if (!order)
		order = compare_tasks(a, b);
	if (!order)
		order = compare_u64(a->state, b->state);
	if (!order)
		order = strcmp(a->wait, b->wait);
	return order ? order : strcmp(a->cut ? a->cut : "", b->cut ? b->cut : "");
}

/* Puts the stacks in the order of @order, whose elements become the new ids of the old ones. */
static void reorder_stacks(struct profile *p, struct profile_stack_entry *spare, uint32_t *order,
			   uint32_t *new_ids)
{
	for (size_t i = 0; i < p->stacks.len; i++) {
		spare[i] = p->stacks.at[order[i]];
		new_ids[order[i]] = (uint32_t)i;
	}
	memcpy(p->stacks.at, spare, p->stacks.len * sizeof(*spare));
	id_table_renumber(&p->stack_ids, new_ids);
}

static int sort_stacks(struct profile *p)
{
	_release_(freep) struct profile_stack_entry *spare = calloc(p->stacks.len, sizeof(*spare));
	_release_(freep) uint32_t *order = calloc(p->stacks.len, sizeof(*order));
	_release_(freep) uint32_t *new_ids = calloc(p->stacks.len, sizeof(*new_ids));

	if (!spare || !order || !new_ids)
		return -ENOMEM;
	for (size_t i = 0; i < p->stacks.len; i++)
		order[i] = (uint32_t)i;
	qsort_r(order, p->stacks.len, sizeof(*order), compare_stacks, p);
	reorder_stacks(p, spare, order, new_ids);
	return 0;
}

/* A frame that no stack has (its sample found no memory) goes to the end. */
static void number_frames(const struct profile *p, uint32_t *new_ids)
{
	uint32_t next = 0;

	for (size_t i = 0; i < p->frames.len; i++)
		new_ids[i] = ID_NONE;
	for (size_t i = 0; i < p->stacks.len; i++) {
		const struct profile_stack_entry *s = &p->stacks.at[i];

		for (size_t k = 0; k < s->stack.depth; k++)
			if (new_ids[s->frames[k]] == ID_NONE)
				new_ids[s->frames[k]] = next++;
	}
	for (size_t i = 0; i < p->frames.len; i++)
		if (new_ids[i] == ID_NONE)
			new_ids[i] = next++;
}

static int sort_frames(struct profile *p)
{
	_release_(freep) struct profile_frame_entry *spare = calloc(p->frames.len, sizeof(*spare));
	_release_(freep) uint32_t *new_ids = calloc(p->frames.len, sizeof(*new_ids));

	if (!spare || !new_ids)
		return -ENOMEM;
	number_frames(p, new_ids);
	for (size_t i = 0; i < p->frames.len; i++)
		spare[new_ids[i]] = p->frames.at[i];
	memcpy(p->frames.at, spare, p->frames.len * sizeof(*spare));
	for (size_t i = 0; i < p->stacks.len; i++)
		for (size_t k = 0; k < p->stacks.at[i].stack.depth; k++)
			p->stacks.at[i].frames[k] = new_ids[p->stacks.at[i].frames[k]];
	id_table_renumber(&p->frame_ids, new_ids);
	return 0;
}

int profile_finish(struct profile *p)
{
	if (p->stacks.len && sort_stacks(p))
		return -ENOMEM;
	if (p->frames.len && sort_frames(p))
		return -ENOMEM;
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sums over the stacks of a profile, by function: of all, and of the neighbours of one. */
#include "base/hash.h"
#include "base/id_table.h"
#include "base/scope.h"
#include "base/vec.h"
#include "profile/frame_order.h"
#include "profile/profile.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

struct sums {
	const struct profile *profile;
	struct profile_functions functions;
	struct id_table ids;
	uint32_t *function_of; /* by frame: index of its function */
	size_t *seen_in;       /* by function: the last stack that counted, plus one */
};

static void sums_done(struct sums *s)
{
	profile_functions_done(&s->functions);
	id_table_done(&s->ids);
	free(s->function_of);
	free(s->seen_in);
}

static uint64_t hash_function(const struct sums *s, const struct frame *f)
{
	uint64_t hash = hash_text(hash_seed(s->profile), f->function);

	hash = hash_text(hash, f->module);
	hash = hash_text(hash, f->file);
	return f->function[0] ? hash : hash_mix(hash, f->offset);
}

static bool is_equal_function(const void *ctx, uint32_t id, const void *key)
{
	const struct sums *s = ctx;
	const struct frame *f = profile_frame(s->profile, s->functions.at[id].frame);

	return frame_compare_functions(f, key) == 0;
}

static int find_functions(struct sums *s)
{
	for (uint32_t i = 0; i < profile_frame_count(s->profile); i++) {
		const struct frame *f = profile_frame(s->profile, i);
		uint64_t hash = hash_function(s, f);
		uint32_t id = id_table_find(&s->ids, hash, is_equal_function, s, f);
		struct profile_function *function;

		s->function_of[i] = id;
		if (id != ID_NONE)
			continue;
		id = (uint32_t)s->functions.len;
		function = vec_push(&s->functions);
		if (!function)
			return -ENOMEM;
		*function = (struct profile_function){ .frame = i };
		if (id_table_add(&s->ids, hash, id))
			return -ENOMEM;
		s->function_of[i] = id;
	}
	return 0;
}

/* The frame whose own the stack's time is; the leaf when all are the kernel's. */
static size_t owner_of(const struct sums *s, const struct profile_stack *stack)
{
	size_t i = 0;

	if (stack->state == PROFILE_ON_CPU)
		return 0;
	while (i < stack->depth &&
	       profile_frame(s->profile, stack->frames[i])->kind == FRAME_KERNEL)
		i++;
	return i < stack->depth ? i : 0;
}

static void add_own(struct sums *s, const struct profile_stack *stack)
{
	struct profile_function *f;

	if (!stack->depth)
		return;
	f = &s->functions.at[s->function_of[stack->frames[owner_of(s, stack)]]];
	f->own_weight += stack->weight;
	if (stack->state == PROFILE_BLOCKED)
		f->own_blocked_weight += stack->weight;
	if (stack->state == PROFILE_RUNNABLE)
		f->own_runnable_weight += stack->weight;
}

static void add_stack(struct sums *s, size_t index)
{
	const struct profile_stack *stack = profile_stack(s->profile, index);

	add_own(s, stack);
	for (size_t i = 0; i < stack->depth; i++) {
		uint32_t id = s->function_of[stack->frames[i]];
		struct profile_function *f = &s->functions.at[id];

		if (i == 0) {
			f->self_weight += stack->weight;
			f->self_count += stack->count;
		}
		if (s->seen_in[id] == index + 1)
			continue;
		s->seen_in[id] = index + 1;
		f->total_weight += stack->weight;
		f->total_count += stack->count;
		if (stack->state == PROFILE_BLOCKED)
			f->blocked_weight += stack->weight;
		if (stack->state == PROFILE_RUNNABLE)
			f->runnable_weight += stack->weight;
	}
}

static int compare_functions(const void *left, const void *right, void *profile)
{
	const struct profile_function *a = left, *b = right;
	int order = compare_u64(b->self_weight, a->self_weight);

	if (!order)
		order = compare_u64(b->total_weight, a->total_weight);
	return order ? order
		     : frame_compare_functions(profile_frame(profile, a->frame),
					       profile_frame(profile, b->frame));
}

/* Room, and which frame is of which function. @p has frames. 0 or -ENOMEM. */
static int sums_start(struct sums *s)
{
	size_t frames = profile_frame_count(s->profile);

	s->function_of = calloc(frames, sizeof(*s->function_of));
	s->seen_in = calloc(frames, sizeof(*s->seen_in)); /* there are no more functions */
	if (!s->function_of || !s->seen_in || find_functions(s))
		return -ENOMEM;
	assert(s->functions.at && "each frame is of a function");
	return 0;
}

static void sort(const struct profile *p, struct profile_functions *f)
{
	if (f->len)
		qsort_r(f->at, f->len, sizeof(*f->at), compare_functions, (void *)p);
}

int profile_functions(const struct profile *p, struct profile_functions *ret)
{
	_release_(sums_done) struct sums s = { .profile = p };

	if (!profile_frame_count(p)) {
		*ret = (struct profile_functions){ 0 };
		return 0;
	}
	if (sums_start(&s))
		return -ENOMEM;
	for (size_t i = 0; i < profile_stack_count(p); i++)
		add_stack(&s, i);
	sort(p, &s.functions);
	*ret = s.functions;
	s.functions = (struct profile_functions){ 0 };
	return 0;
}

void profile_functions_done(struct profile_functions *f)
{
	free(f->at);
	*f = (struct profile_functions){ 0 };
}

/* --- the neighbours of one -------------------------------------------------------------------- */

/* Those on one side of it. */
struct neighbours {
	struct profile_functions found;
	uint32_t *place_of; /* by function: its index in found, plus one; 0: not met */
	size_t *seen_in;    /* by function, as in struct sums */
};

static void neighbours_done(struct neighbours *n)
{
	profile_functions_done(&n->found);
	free(n->place_of);
	free(n->seen_in);
}

static int neighbours_start(struct neighbours *n, const struct sums *s)
{
	n->place_of = calloc(s->functions.len, sizeof(*n->place_of));
	n->seen_in = calloc(s->functions.len, sizeof(*n->seen_in));
	return n->place_of && n->seen_in ? 0 : -ENOMEM;
}

/* Function @id stands next to it in stack @index. */
static int neighbours_add(struct neighbours *n, const struct sums *s, uint32_t id, size_t index)
{
	const struct profile_stack *stack = profile_stack(s->profile, index);
	struct profile_function *f;

	if (n->seen_in[id] == index + 1)
		return 0;
	n->seen_in[id] = index + 1;
	if (!n->place_of[id]) {
		f = vec_push(&n->found);
		if (!f)
			return -ENOMEM;
		*f = (struct profile_function){ .frame = s->functions.at[id].frame };
		n->place_of[id] = (uint32_t)n->found.len;
	}
	f = &n->found.at[n->place_of[id] - 1];
	f->total_weight += stack->weight;
	f->total_count += stack->count;
	return 0;
}

static int add_neighbours(const struct sums *s, uint32_t id, size_t index,
			  struct neighbours *callers, struct neighbours *callees)
{
	const struct profile_stack *stack = profile_stack(s->profile, index);
	int err = 0;

	for (size_t i = 0; i < stack->depth && !err; i++) {
		if (s->function_of[stack->frames[i]] != id)
			continue;
		if (i)
			err = neighbours_add(callees, s, s->function_of[stack->frames[i - 1]],
					     index);
		if (!err && i + 1 < stack->depth)
			err = neighbours_add(callers, s, s->function_of[stack->frames[i + 1]],
					     index);
	}
	return err;
}

static uint32_t find_function(const struct sums *s, const struct frame *f)
{
	return id_table_find(&s->ids, hash_function(s, f), is_equal_function, s, f);
}

int profile_calls(const struct profile *p, const struct frame *function, struct profile_calls *ret)
{
	_release_(sums_done) struct sums s = { .profile = p };
	_release_(neighbours_done) struct neighbours callers = { 0 }, callees = { 0 };
	uint64_t uncalled_weight = 0;
	uint32_t id = ID_NONE;

	if (profile_frame_count(p) && sums_start(&s))
		return -ENOMEM;
	if (profile_frame_count(p))
		id = find_function(&s, function);
	if (id == ID_NONE) {
		*ret = (struct profile_calls){ 0 };
		return 0;
	}
	if (neighbours_start(&callers, &s) || neighbours_start(&callees, &s))
		return -ENOMEM;
	for (size_t i = 0; i < profile_stack_count(p); i++) {
		const struct profile_stack *stack = profile_stack(p, i);

		add_stack(&s, i);
		if (stack->depth && s.function_of[stack->frames[stack->depth - 1]] == id)
			uncalled_weight += stack->weight;
		if (add_neighbours(&s, id, i, &callers, &callees))
			return -ENOMEM;
	}
	sort(p, &callers.found);
	sort(p, &callees.found);
	*ret = (struct profile_calls){ s.functions.at[id], callers.found, callees.found,
				       uncalled_weight };
	callers.found = callees.found = (struct profile_functions){ 0 };
	return 0;
}

void profile_calls_done(struct profile_calls *c)
{
	profile_functions_done(&c->callers);
	profile_functions_done(&c->callees);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sums over the stacks of a profile, by function. */
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

int profile_functions(const struct profile *p, struct profile_functions *ret)
{
	_release_(sums_done) struct sums s = { .profile = p };
	size_t frames = profile_frame_count(p);

	if (!frames) {
		*ret = (struct profile_functions){ 0 };
		return 0;
	}
	s.function_of = calloc(frames, sizeof(*s.function_of));
	s.seen_in = calloc(frames, sizeof(*s.seen_in)); /* there are no more functions than that */
	if (!s.function_of || !s.seen_in || find_functions(&s))
		return -ENOMEM;
	assert(s.functions.at && "each frame is of a function");
	for (size_t i = 0; i < profile_stack_count(p); i++)
		add_stack(&s, i);
	qsort_r(s.functions.at, s.functions.len, sizeof(*s.functions.at), compare_functions,
		(void *)p);
	*ret = s.functions;
	s.functions = (struct profile_functions){ 0 };
	return 0;
}

void profile_functions_done(struct profile_functions *f)
{
	free(f->at);
	*f = (struct profile_functions){ 0 };
}

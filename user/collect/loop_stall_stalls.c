// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From looks at late loops, and what the kernel side says at the end of a stall, to stalls. */
#include "collect/loop_stall_state.h"

#include "base/text.h"
#include "base/vec.h"
#include "host/log.h"
#include "probe/tables.h"

#include <errno.h>
#include <string.h>

#define PENDING_MAX	4096 /* looks at one stall */
#define LASTING_FROM_NS NS_PER_S

/* --- looks ------------------------------------------------------------------------------------ */

int loop_stall_on_sample(struct loop_stall *c, const struct loop_sample_event *e)
{
	struct loop_sample_event *place;
	struct seen_loop *l = seen_loop_find(c, e->slot, e->tid, e->began_ns);

	if (!l) {
		int err = loop_stall_read_loop(c, e->slot);

		l = seen_loop_find(c, e->slot, e->tid, e->began_ns);
		if (err || !l)
			return err;
	}
	if (l->pending.len && l->pending.at[0].began_ns != e->began_ns)
		l->pending.len = 0; /* that was over before it was a stall */
	if (l->pending.len == PENDING_MAX)
		return 0; /* the share of each stack is known by now */
	place = vec_push(&l->pending);
	if (!place)
		return -ENOMEM;
	*place = *e;
	return 0;
}

static int compare_stacks(const void *a, const void *b)
{
	const struct stall_stack *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? 1 : -1;
	return x->count < y->count ? 1 : x->count > y->count ? -1 : 0;
}

static bool is_same(const struct stall_stack *s, const struct named *n, uint32_t part)
{
	return s->frames == n->frames && s->part == (enum loop_part)part;
}

static struct stall_stack *find_stack(struct stall_stack *at, size_t *len, const struct named *n,
				      uint32_t part)
{
	for (size_t i = 0; i < *len; i++)
		if (is_same(&at[i], n, part))
			return &at[i];
	at[*len] = (struct stall_stack){ .part = (enum loop_part)part,
					 .wait = n->wait,
					 .cut = n->cut,
					 .frames = n->frames,
					 .depth = n->depth };
	return &at[(*len)++];
}

/* The stacks of @l's looks; what it ran for is shared among the looks at it running. */
static int fill_stacks(struct loop_stall *c, const struct seen_loop *l, struct stall *s)
{
	size_t len = 0, count = l->pending.len;
	struct stall_stack *at = arena_alloc(&c->arena, (count + 2) * sizeof(*at));
	uint64_t looks_running = 0;

	if (!at)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		looks_running += l->pending.at[i].part == LOOP_RUNNING;
	for (size_t i = 0; i < count; i++) {
		const struct loop_sample_event *e = &l->pending.at[i];
		const struct named_key key = { .user = e->user,
					       .kernel = e->kernel,
					       .tgid = e->header.tgid,
					       .part = e->part,
					       .syscall = e->syscall };
		const struct named *n = loop_stall_name(c, &key);
		struct stall_stack *stack = n ? find_stack(at, &len, n, e->part) : NULL;

		if (!stack)
			return -ENOMEM;
		stack->count++;
		stack->ns +=
			e->part != LOOP_RUNNING ? e->ns : s->part_ns[LOOP_RUNNING] / looks_running;
	}
	s->stacks = at;
	s->stack_count = len;
	return 0;
}

static void fill_longest(struct loop_stall *c, const struct loop_block *longest, struct stall *s)
{
	char file[LOOP_FILE_LEN + 1] = { 0 };
	char clean[4 * LOOP_FILE_LEN];

	memcpy(file, longest->file, LOOP_FILE_LEN);
	(void)text_clean(file, strlen(file), clean, sizeof(clean));
	c->scratch->len = 0;
	s->longest_ns = longest->ns;
	s->longest_part = longest->part < LOOP_PARTS ? (enum loop_part)longest->part : 0;
	s->longest_wait =
		longest->ns ? loop_stall_wait_text(c, longest->part, longest->syscall, c->scratch)
			    : "";
	s->longest_file = "";
	if (longest->ns && stack_names_takes_file(longest->syscall))
		s->longest_file = loop_stall_keep(c, clean);
}

static void sort_stacks(struct stall *s)
{
	qsort((struct stall_stack *)s->stacks, s->stack_count, sizeof(*s->stacks), compare_stacks);
}

/* --- stalls ----------------------------------------------------------------------------------- */

static uint64_t realtime_of(const struct loop_stall *c, uint64_t monotonic_ns)
{
	return c->started_realtime_ns + (monotonic_ns - c->started_ns);
}

static int tell(struct loop_stall *c, struct seen_loop *l, struct stall *s)
{
	struct loops value = { .loops = &l->info,
			       .loop_count = 1,
			       .stalls = s,
			       .stall_count = 1,
			       .meta = { .threshold_ns = c->options->threshold_ns,
					 .has_split = c->split_since_ns != 0 } };

	s->loop = 0;
	return c->sink && c->sink->on_stall ? c->sink->on_stall(c->sink->ctx, &value, s) : 0;
}

/* Is it known what a stall that began then is made of? Not when that was changed meanwhile. */
static bool has_parts(const struct loop_stall *c, uint64_t began_ns)
{
	if (!c->split_since_ns)
		return c->options->is_endless; /* by the kernel's accounts */
	return began_ns >= c->split_since_ns;
}

int loop_stall_name_look(struct loop_stall *c, struct seen_loop *l)
{
	enum loop_part part = l->state.out_part < LOOP_PARTS ? l->state.out_part : LOOP_SLEEP;
	struct named_stack *stack = c->scratch;

	stack->len = 0;
	stack->cut = NULL;
	stack->js = (struct js_counts){ 0 };
	if (!loop_stall_looked_at(c, l, stack))
		return 0;
	js_counts_add(&c->js_counts, &stack->js, 1);
	l->looked = (struct stall_stack){ .part = part,
					  .wait = loop_stall_wait_text(c, part,
								       l->state.out_syscall, stack),
					  .cut = stack->cut,
					  .count = 1,
					  .frames = loop_stall_keep_frames(c, stack),
					  .depth = stack->len };
	l->looked_out_ns = l->state.out_ns;
	return l->looked.frames ? 0 : -ENOMEM;
}

/* It began asleep before it could be seen: of that there is no more than a look. */
static void add_looked(const struct seen_loop *l, struct stall *s)
{
	struct stall_stack *stack = (struct stall_stack *)s->stacks + s->stack_count;
	uint64_t left_ns;

	if (!s->is_at_least || !l->looked.frames)
		return;
	left_ns = s->part_ns[l->looked.part];
	for (size_t i = 0; i < s->stack_count; i++)
		if (s->stacks[i].part == l->looked.part)
			left_ns -= s->stacks[i].ns < left_ns ? s->stacks[i].ns : left_ns;
	if (!left_ns)
		return;
	*stack = l->looked;
	stack->ns = left_ns;
	s->stack_count++;
}

static int make_stall(struct loop_stall *c, struct seen_loop *l, const struct loop_stall_event *e,
		      struct stall *s)
{
	int err;

	*s = (struct stall){ .time_ns = realtime_of(c, e->began_ns),
			     .began_ns = e->began_ns,
			     .ns = e->header.time_ns - e->began_ns,
			     .is_at_least = e->is_at_least,
			     .min_faults = e->min_faults,
			     .maj_faults = e->maj_faults };
	s->steal_pct = steal_pct(&c->steal, s->began_ns, e->header.time_ns);
	if (has_parts(c, e->began_ns))
		memcpy(s->part_ns, e->part_ns, sizeof(s->part_ns));
	if (l->pending.len && l->pending.at[0].began_ns != e->began_ns)
		l->pending.len = 0;
	fill_longest(c, &e->longest, s);
	err = fill_stacks(c, l, s);
	l->pending.len = 0;
	l->told_ns = 0;
	if (err)
		return err;
	add_looked(l, s);
	sort_stacks(s);
	return tell(c, l, s);
}

static int add_stall(struct loop_stall *c, struct seen_loop *l, const struct loop_stall_event *e)
{
	struct seen_stall *seen = vec_push(&c->stalls);

	if (!seen)
		return -ENOMEM;
	seen->loop = l;
	return make_stall(c, l, e, &seen->stall);
}

int loop_stall_on_stall(struct loop_stall *c, const struct loop_stall_event *e)
{
	struct seen_loop *l;
	struct stall told;
	int err = loop_stall_read_loop(c, e->slot);

	l = seen_loop_find(c, e->slot, e->tid, e->began_ns);
	if (err || !l)
		return err;
	if (c->options->is_endless)
		return make_stall(c, l, e, &told);
	if (c->stalls.len >= c->options->max_stalls) {
		c->dropped_stalls++;
		return 0;
	}
	return add_stall(c, l, e);
}

/* The part that @l is in now, asleep or waiting for a CPU, added. */
static void add_open_part(const struct loop_state *state, uint64_t now_ns, struct stall *s)
{
	uint64_t rest = s->ns;
	uint64_t awake_ns = state->woken_ns ? state->woken_ns : now_ns;

	memcpy(s->part_ns, state->gap_part_ns, sizeof(s->part_ns));
	if (state->out_ns && state->out_part <= LOOP_THROTTLED && now_ns > state->out_ns)
		s->part_ns[state->out_part] += now_ns - state->out_ns;
	else if (state->out_ns && state->out_part < LOOP_PARTS && awake_ns > state->out_ns)
		s->part_ns[state->out_part] += awake_ns - state->out_ns;
	for (size_t i = LOOP_RUNNING + 1; i < LOOP_PARTS; i++) {
		if (s->part_ns[i] > rest)
			s->part_ns[i] = rest;
		rest -= s->part_ns[i];
	}
	s->part_ns[LOOP_RUNNING] = rest;
}

/* What it is asleep in now, as it was when it fell asleep. 0 or -ENOMEM. */
static int name_switch(struct loop_stall *c, const struct loop_state *state,
		       struct stall_stack *stack)
{
	const struct named_key key = { .user = state->out_user,
				       .kernel = state->out_kernel,
				       .tgid = state->tgid,
				       .part = state->out_part,
				       .syscall = state->out_syscall };
	const struct named *n = loop_stall_name(c, &key);

	if (!n)
		return -ENOMEM;
	stack->frames = n->frames;
	stack->depth = n->depth;
	stack->cut = n->cut;
	stack->wait = n->wait;
	return 0;
}

/* What it is asleep in now, as one stack more. */
static int add_open_stack(struct loop_stall *c, const struct seen_loop *l, uint64_t now_ns,
			  struct stall *s)
{
	const struct loop_state *state = &l->state;
	struct stall_stack *stack = (struct stall_stack *)s->stacks + s->stack_count;
	uint64_t ns = now_ns > state->out_ns ? now_ns - state->out_ns : 0;
	int err = 0;

	if (!state->out_ns || state->out_part <= LOOP_THROTTLED || state->out_part >= LOOP_PARTS)
		return 0;
	*stack = (struct stall_stack){ 0 };
	if (state->out_user != STACK_NONE || state->out_kernel != STACK_NONE) {
		*stack = (struct stall_stack){ .part = state->out_part, .count = 1 };
		err = name_switch(c, state, stack);
	} else if (l->looked_out_ns == state->out_ns) {
		*stack = l->looked;
	}
	if (err || !stack->frames)
		return err;
	stack->ns = ns;
	s->stack_count++;
	if (ns > s->longest_ns) {
		s->longest_ns = ns;
		s->longest_part = stack->part;
		s->longest_wait = stack->wait;
		s->longest_file = "";
	}
	return 0;
}

bool loop_stall_under_way(struct loop_stall *c, struct seen_loop *l, uint64_t now_ns,
			  struct stall *ret)
{
	const struct loop_state *state = &l->state;

	if (l->is_ended || state->is_waiting || !state->busy_since_ns ||
	    now_ns < state->busy_since_ns + c->options->threshold_ns)
		return false;
	*ret = (struct stall){ .time_ns = realtime_of(c, state->busy_since_ns),
			       .began_ns = state->busy_since_ns,
			       .ns = now_ns - state->busy_since_ns,
			       .is_at_least = state->is_at_least,
			       .is_going_on = true };
	if (c->split_since_ns && has_parts(c, ret->began_ns))
		add_open_part(state, now_ns, ret);
	return true;
}

static int fill_under_way(struct loop_stall *c, struct seen_loop *l, uint64_t now_ns,
			  struct stall *s)
{
	int err;

	if (l->pending.len && l->pending.at[0].began_ns != s->began_ns)
		l->pending.len = 0;
	fill_longest(c, &l->state.longest, s);
	err = fill_stacks(c, l, s);
	if (!err)
		err = add_open_stack(c, l, now_ns, s);
	if (!err)
		sort_stacks(s);
	return err;
}

/* When it lasts a second, two, four. */
int loop_stall_tell_lasting(struct loop_stall *c)
{
	uint64_t now_ns = clock_monotonic_ns();
	struct stall s;
	int err = 0;

	for (size_t i = 0; i < c->loops.len && !err; i++) {
		struct seen_loop *l = c->loops.at[i];

		if (!seen_loop_is_loop(l) || !loop_stall_under_way(c, l, now_ns, &s) ||
		    s.ns < LASTING_FROM_NS || s.ns < 2 * l->told_ns)
			continue;
		l->told_ns = s.ns;
		if (l->state.out_ns && !l->state.out_user && !l->state.out_kernel)
			err = loop_stall_look(c);
		if (!err)
			err = fill_under_way(c, l, now_ns, &s);
		if (!err)
			err = tell(c, l, &s);
	}
	return err;
}

int loop_stall_take_stalls(struct loop_stall *c, uint64_t now_ns, size_t *ret_count)
{
	struct stall *taken =
		realloc(c->taken_stalls, (c->stalls.len + c->loops.len + 1) * sizeof(*taken));
	size_t count = 0;
	int err = 0;

	if (!taken)
		return -ENOMEM;
	c->taken_stalls = taken;
	for (size_t i = 0; i < c->stalls.len; i++) {
		if (!seen_loop_is_loop(c->stalls.at[i].loop))
			continue;
		taken[count] = c->stalls.at[i].stall;
		taken[count++].loop = c->stalls.at[i].loop->index;
	}
	for (size_t i = 0; i < c->loops.len && !err; i++) {
		struct seen_loop *l = c->loops.at[i];

		if (!seen_loop_is_loop(l) || !loop_stall_under_way(c, l, now_ns, &taken[count]))
			continue;
		err = fill_under_way(c, l, now_ns, &taken[count]);
		taken[count++].loop = l->index;
	}
	*ret_count = count;
	return err;
}

void loop_stall_free_stalls(struct loop_stall *c)
{
	HASH_CLEAR(hh, c->named); /* they lie in the arena */
	free(c->stalls.at);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From slots of the kernel side to loops. */
#include "collect/loop_stall_state.h"

#include "base/text.h"
#include "base/vec.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

static const char *const wait_names[] = { [LOOP_WAIT_NONE] = "unknown",
					  [LOOP_WAIT_POLL] = "poll",
					  [LOOP_WAIT_SELECT] = "select",
					  [LOOP_WAIT_IO_URING] = "io_uring",
					  [LOOP_WAIT_EPOLL] = "epoll" };

/* So many that have ended are kept: a program can make more than anybody has memory for. */
#define ENDED_MAX 256

/* A thread that slept so long in epoll before it went on is a loop too. */
#define IDLE_NS (100 * NS_PER_MS)

bool seen_loop_is_loop(const struct seen_loop *l)
{
	if (l->state.is_confirmed)
		return true;
	/* it has waited since the attach, or was found doing so: it only did not have to three
	 * times */
	if (l->state.wait == LOOP_WAIT_EPOLL && (l->state.is_waiting || l->state.stalls))
		return l->state.waits_young >= 2;
	return l->may_be_stuck && l->state.is_at_least;
}

static bool was_there(const struct seen_loop *l, uint32_t slot, uint32_t tid, uint64_t at_ns)
{
	return l->slot == slot && l->info.tid == (pid_t)tid && l->state.first_ns <= at_ns;
}

struct seen_loop *seen_loop_find(const struct loop_stall *c, uint32_t slot, uint32_t tid,
				 uint64_t at_ns)
{
	struct seen_loop *found = slot < LOOPS_MAX ? c->by_slot[slot] : NULL;

	if (found && was_there(found, slot, tid, at_ns))
		return found;
	found = NULL;
	for (size_t i = 0; i < c->loops.len; i++) {
		struct seen_loop *l = c->loops.at[i];

		if (was_there(l, slot, tid, at_ns) &&
		    (!found || l->state.first_ns > found->state.first_ns))
			found = l;
	}
	return found;
}

#define CLEAN_COMM ((size_t)4 * LOOP_COMM)

/* In @clean of a loop, or, where values outlive loops, among the texts. */
static const char *keep_text(struct loop_stall *c, const char *text, size_t size,
			     char clean[4 * LOOP_COMM])
{
	const char *kept;

	(void)text_clean(text, strnlen(text, size), clean, CLEAN_COMM);
	kept = c->options->is_endless ? clean : strings_keep(&c->texts, clean);
	return kept ? kept : "";
}

static struct seen_loop *meet(struct loop_stall *c, const struct loop_state *state)
{
	struct seen_loop *l = calloc(1, sizeof(*l));
	struct seen_loop **place = l ? vec_push(&c->loops) : NULL;
	const struct process *p;

	if (!place) {
		free(l);
		return NULL;
	}
	*place = l;
	p = processes_find(&c->processes, (pid_t)state->tgid);
	l->info.pid = (pid_t)state->tgid;
	l->info.tid = (pid_t)state->tid;
	l->info.process = keep_text(c, p ? p->target.comm : "", sizeof(p->target.comm), l->process);
	l->slot = (uint32_t)(state - c->states);
	return l;
}

static int free_slot(struct loop_stall *c, uint32_t slot)
{
	memset(c->hists + (size_t)slot * LOOP_HISTS, 0, LOOP_HISTS * sizeof(*c->hists));
	memset(c->states + slot, 0, sizeof(*c->states));
	if (c->stopped_ns)
		return 0;
	return bpf_map_update_elem(bpf_map__fd(c->skel->maps.free_slots), NULL, &slot, 0);
}

/* The thread has ended: the slot is free for another. */
static int give_back(struct loop_stall *c, uint32_t slot)
{
	struct seen_loop *l = c->by_slot[slot];
	size_t first = (size_t)slot * LOOP_HISTS;

	l->is_ended = true;
	l->ended_ns = clock_monotonic_ns();
	memcpy(l->info.total.hists, c->hists + first, sizeof(l->info.total.hists));
	c->by_slot[slot] = NULL;
	return free_slot(c, slot);
}

static void drop_stalls(struct loop_stall *c, const struct seen_loop *l)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->stalls.len; i++)
		if (c->stalls.at[i].loop != l)
			c->stalls.at[kept++] = c->stalls.at[i];
	c->dropped_stalls += c->stalls.len - kept;
	c->stalls.len = kept;
}

static void forget(struct loop_stall *c, struct seen_loop *l)
{
	size_t i = 0;

	while (c->loops.at[i] != l)
		i++;
	memmove(c->loops.at + i, c->loops.at + i + 1, (c->loops.len - i - 1) * sizeof(l));
	c->loops.len--;
	drop_stalls(c, l);
	free(l->pending.at);
	free(l->before);
	free(l);
}

/* --- without end ------------------------------------------------------------------------------ */

static int fill_loop(struct loop_stall *c, struct seen_loop *l, uint64_t now_ns,
		     bool begins_interval);

static void tell_ended(struct loop_stall *c, struct seen_loop *l)
{
	if (c->sink && c->sink->on_loop_ended && seen_loop_is_loop(l) &&
	    fill_loop(c, l, l->ended_ns, false) == 0)
		c->sink->on_loop_ended(c->sink->ctx, &l->info);
	forget(c, l);
}

void loop_stall_forget_ended(struct loop_stall *c)
{
	for (size_t i = c->loops.len; i-- > 0;)
		if (c->loops.at[i]->is_ended)
			tell_ended(c, c->loops.at[i]);
	c->ended_loops = 0;
}

/*
 * Its thread runs on, and finds the slot by what it carries: not any more, when the slot is no
 * thread's. What the kernel side is in the midst of may still be written to it: it is not another's
 * at once.
 */
static void leave(struct loop_stall *c, struct seen_loop *l)
{
	size_t first = (size_t)l->slot * LOOP_HISTS;

	__atomic_store_n(&c->states[l->slot].tid, 0, __ATOMIC_RELEASE);
	l->is_ended = true;
	l->ended_ns = clock_monotonic_ns();
	memcpy(l->info.total.hists, c->hists + first, sizeof(l->info.total.hists));
	c->by_slot[l->slot] = NULL;
	c->leaving[c->leaving_count++] = l->slot;
}

void loop_stall_forget_process(struct loop_stall *c, pid_t pid)
{
	(void)loop_stall_read_loops(c); /* what cannot be read is not told of */
	for (size_t i = c->loops.len; i-- > 0;) {
		struct seen_loop *l = c->loops.at[i];

		if (l->info.pid != pid)
			continue;
		if (!l->is_ended)
			leave(c, l);
		tell_ended(c, l);
	}
}

int loop_stall_free_leaving(struct loop_stall *c)
{
	int err = 0;

	while (c->leaving_count && !err)
		err = free_slot(c, c->leaving[--c->leaving_count]);
	return err;
}

/* --- reading ---------------------------------------------------------------------------------- */

int loop_stall_read_loop(struct loop_stall *c, uint32_t slot)
{
	const struct loop_state *state = c->states + slot;
	struct seen_loop *l;
	int err;

	if (slot >= c->options->max_loops || !__atomic_load_n(&state->tid, __ATOMIC_ACQUIRE))
		return 0;
	l = c->by_slot[slot];
	if (!l)
		l = c->by_slot[slot] = meet(c, state);
	if (!l)
		return -ENOMEM;
	l->state = *state;
	l->info.fd = l->state.fd;
	l->info.wait = wait_names[l->state.wait <= LOOP_WAIT_EPOLL ? l->state.wait : 0];
	l->info.thread = keep_text(c, l->state.comm, sizeof(l->state.comm), l->thread);
	if (!l->state.is_ended)
		return 0;
	err = give_back(c, slot);
	if (seen_loop_is_loop(l))
		c->ended_loops++;
	else
		forget(c, l);
	return err;
}

int loop_stall_read_loops(struct loop_stall *c)
{
	int err = 0;

	for (uint32_t slot = 0; slot < c->options->max_loops && !err; slot++)
		err = loop_stall_read_loop(c, slot);
	return err;
}

void loop_stall_limit_loops(struct loop_stall *c)
{
	for (size_t i = c->loops.len; i-- > 0 && c->ended_loops > ENDED_MAX;) {
		if (!c->loops.at[i]->is_ended)
			continue;
		forget(c, c->loops.at[i]);
		c->ended_loops--;
		c->forgotten_loops++;
	}
}

/* --- the value -------------------------------------------------------------------------------- */

static void fill_times(const struct loop_state *s, struct loop_times *t)
{
	t->waits = s->waits;
	t->iterations = s->iterations;
	t->merged = s->merged;
	t->busy_ns = s->busy_ns;
	t->polling_ns = s->polling_ns;
	t->waiting_ns = s->waiting_ns;
	t->idle_ns = s->idle_ns;
	memcpy(t->part_ns, s->part_ns, sizeof(t->part_ns));
	t->stalls = s->stalls;
	t->stall_ns = s->stall_ns;
}

/* The wait that is under way counts up to now. */
static void add_open_wait(const struct loop_state *s, uint64_t now_ns, bool has_split,
			  struct loop_times *t)
{
	uint64_t ns = now_ns - s->wait_began_ns;

	if (!s->is_waiting || s->is_ended || now_ns < s->wait_began_ns || !s->timeout_ns)
		return;
	t->waiting_ns += ns;
	if (!has_split)
		t->idle_ns += ns;
	else
		t->idle_ns += s->slept_ns + (s->out_ns && s->out_part > LOOP_THROTTLED &&
							     !s->woken_ns && now_ns > s->out_ns
						     ? now_ns - s->out_ns
						     : 0);
}

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static void subtract(const struct loop_times *total, const struct loop_times *before,
		     struct loop_times *ret)
{
	ret->waits = total->waits - before->waits;
	ret->iterations = total->iterations - before->iterations;
	ret->merged = total->merged - before->merged;
	ret->busy_ns = total->busy_ns - before->busy_ns;
	ret->polling_ns = total->polling_ns - before->polling_ns;
	/* what was open before was counted up to then */
	ret->waiting_ns = minus(total->waiting_ns, before->waiting_ns);
	ret->idle_ns = minus(total->idle_ns, before->idle_ns);
	for (size_t i = 0; i < LOOP_PARTS; i++)
		ret->part_ns[i] = total->part_ns[i] - before->part_ns[i];
	ret->stalls = total->stalls - before->stalls;
	ret->stall_ns = total->stall_ns - before->stall_ns;
	for (size_t i = 0; i < LOOP_HISTS; i++)
		loop_hist_since(&total->hists[i], &before->hists[i], &ret->hists[i]);
}

static int fill_loop(struct loop_stall *c, struct seen_loop *l, uint64_t now_ns,
		     bool begins_interval)
{
	struct loop_info *info = &l->info;
	uint64_t end_ns = l->is_ended ? l->ended_ns : now_ns;
	struct stall stall;

	fill_times(&l->state, &info->total);
	add_open_wait(&l->state, now_ns, c->split_since_ns != 0, &info->total);
	info->total.window_ns = end_ns - l->state.first_ns;
	info->is_ended = l->is_ended;
	if (!l->is_ended)
		memcpy(info->total.hists, c->hists + (size_t)l->slot * LOOP_HISTS,
		       sizeof(info->total.hists));
	info->stuck_ns = loop_stall_under_way(c, l, now_ns, &stall) ? stall.ns : 0;
	if (!c->has_intervals)
		return 0;
	if (!l->before)
		l->before = calloc(1, sizeof(*l->before));
	if (!l->before)
		return -ENOMEM;
	subtract(&info->total, l->before, &info->interval);
	info->interval.window_ns = info->total.window_ns - l->before->window_ns;
	if (begins_interval)
		*l->before = info->total;
	return 0;
}

static int by_busy(const void *a, const void *b)
{
	const struct seen_loop *x = *(struct seen_loop *const *)a;
	const struct seen_loop *y = *(struct seen_loop *const *)b;

	if (x->state.busy_ns != y->state.busy_ns)
		return x->state.busy_ns < y->state.busy_ns ? 1 : -1;
	return x->info.tid < y->info.tid ? -1 : x->info.tid > y->info.tid;
}

int loop_stall_take_loops(struct loop_stall *c, uint64_t now_ns, bool begins_interval,
			  size_t *ret_count)
{
	struct loop_info *infos;
	size_t count = 0;
	int err = 0;

	qsort(c->loops.at, c->loops.len, sizeof(*c->loops.at), by_busy);
	infos = realloc(c->taken_loops, (c->loops.len + 1) * sizeof(*infos));
	if (!infos)
		return -ENOMEM;
	c->taken_loops = infos;
	for (size_t i = 0; i < c->loops.len && !err; i++) {
		struct seen_loop *l = c->loops.at[i];

		if (!seen_loop_is_loop(l))
			continue;
		err = fill_loop(c, l, now_ns, begins_interval);
		l->index = count;
		infos[count++] = l->info;
	}
	*ret_count = count;
	return err;
}

void loop_stall_free_loops(struct loop_stall *c)
{
	for (size_t i = 0; i < c->loops.len; i++) {
		free(c->loops.at[i]->pending.at);
		free(c->loops.at[i]->before);
		free(c->loops.at[i]);
	}
	free(c->loops.at);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Processes that come, are looked at, cost too much, and go. */
#include "collect/exporter_state.h"

#include "host/cli.h"
#include "host/clock.h"
#include "host/log.h"
#include "host/process_look.h"

#include <errno.h>
#include <stdlib.h>

static struct watched_target *find(const struct exporter *e, pid_t pid, size_t *ret_index)
{
	for (size_t i = 0; i < e->target_count; i++)
		if (e->targets[i]->target.pid == pid) {
			*ret_index = i;
			return e->targets[i];
		}
	return NULL;
}

/* --- collectors ------------------------------------------------------------------------------- */

/* What cannot be collected of it is not: a process without V8 has no collections. */
static void collect(struct watched_target *t, unsigned int what)
{
	struct exporter *e = t->e;
	pid_t pid = t->target.pid;

	what &= ~t->collected;
	if (what & COLLECT_LOOP && loop_stall_add(e->stalls, pid) == EXIT_DONE)
		t->collected |= COLLECT_LOOP;
	if (what & COLLECT_GC && gc_trace_add(e->gc, pid) == EXIT_DONE)
		t->collected |= COLLECT_GC;
	if (what & COLLECT_MEMORY && mem_watch_add(e->memory, pid) == EXIT_DONE)
		t->collected |= COLLECT_MEMORY;
	if (what & COLLECT_ALLOC && memleak_add(e->alloc, pid) == EXIT_DONE)
		t->collected |= COLLECT_ALLOC;
}

static void let_go(struct watched_target *t, unsigned int what)
{
	struct exporter *e = t->e;
	pid_t pid = t->target.pid;

	what &= t->collected;
	if (what & COLLECT_LOOP)
		loop_stall_remove(e->stalls, pid);
	if (what & COLLECT_GC)
		gc_trace_remove(e->gc, pid);
	if (what & COLLECT_MEMORY)
		mem_watch_remove(e->memory, pid);
	if (what & COLLECT_ALLOC)
		memleak_remove(e->alloc, pid);
	t->collected &= ~what;
}

/* --- coming and going ------------------------------------------------------------------------- */

static void forget(struct exporter *e, size_t index)
{
	struct watched_target *t = e->targets[index];

	(void)loop_remove_fd(e->loop, t->target.pidfd);
	if (e->discovery)
		discovery_follow(e->discovery, t->target.pid, false);
	vitals_end(t->vitals, clock_monotonic_ns());
	target_done(&t->target);
	free(t);
	e->targets[index] = e->targets[--e->target_count];
}

/* The collectors see it too, and take what it left before they let go. */
static int on_end(void *ctx)
{
	struct watched_target *t = ctx;
	struct exporter *e = t->e;
	size_t index;

	if (find(e, t->target.pid, &index))
		forget(e, index);
	return 0;
}

static void drop(struct exporter *e, size_t index)
{
	let_go(e->targets[index], ~0u);
	forget(e, index);
}

void exporter_drop_all(struct exporter *e)
{
	while (e->target_count)
		drop(e, e->target_count - 1);
}

/* Counted once, unless very many are. */
static void count_dropped(struct exporter *e, pid_t pid)
{
	for (size_t i = 0; i < DROPPED_KEPT; i++)
		if (e->dropped[i] == pid)
			return;
	e->dropped[e->dropped_targets++ % DROPPED_KEPT] = pid;
	log_info("process %d is not watched: there are max_targets (%u) already", pid,
		 e->config->max_targets);
}

static int begin(struct exporter *e, struct watched_target *t)
{
	const char *name = t->config->name ? t->config->name : t->target.comm;
	struct vitals_birth birth = { .pid = t->target.pid,
				      .began_ns = process_start_ns(t->target.start_ticks) };
	struct vitals_group *group = vitals_group(e->vitals, name);
	int err = group ? loop_add_fd(e->loop, t->target.pidfd, on_end, t) : -ENOMEM;

	if (err)
		return err;
	birth.is_new = birth.began_ns > e->started_realtime_ns;
	t->vitals = vitals_begin(e->vitals, group, &birth);
	if (!t->vitals) {
		(void)loop_remove_fd(e->loop, t->target.pidfd);
		return -ENOMEM;
	}
	(void)cgroup_find(t->target.pid, "cpu", &t->cpu); /* else it has none that we see */
	return 0;
}

static void look_at_proc(struct watched_target *t)
{
	uint64_t began_ns = clock_process_cpu_ns();
	struct vitals_facts facts;

	if (process_facts(t->target.pid, &t->cpu, &t->e->sockets, &facts) == 0 &&
	    target_is_same(&t->target))
		vitals_take_facts(t->vitals, &facts);
	t->counted.looks_ns += clock_process_cpu_ns() - began_ns;
}

static int add(struct exporter *e, pid_t pid, const struct exporter_target *config)
{
	struct watched_target *t;
	int err;

	if (e->target_count >= e->config->max_targets) {
		count_dropped(e, pid);
		return 0;
	}
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->e = e;
	t->config = config;
	err = target_open(&t->target, pid, NULL);
	if (!err) {
		err = begin(e, t);
		if (err)
			target_done(&t->target);
	}
	if (err) { /* gone, or a thread of the kernel */
		free(t);
		return err == -ENOMEM ? err : 0;
	}
	e->targets[e->target_count++] = t;
	discovery_follow(e->discovery, pid, true);
	collect(t, config->collect);
	t->counted.window_ns = clock_monotonic_ns();
	look_at_proc(t);
	log_info("watching %s (PID %d) as %s", t->target.comm, pid,
		 vitals_group_name(vitals_group_of(t->vitals)));
	return 0;
}

int exporter_on_process(void *ctx, pid_t pid, size_t rule)
{
	struct exporter *e = ctx;
	const struct exporter_target *config =
		rule == DISCOVERY_NONE ? NULL : &e->config->targets.at[rule];
	size_t index;
	const struct watched_target *t = find(e, pid, &index);

	if (pid == e->server)
		return 0;
	if (t && t->config == config && target_is_same(&t->target))
		return 0;
	if (t)
		drop(e, index);
	return config ? add(e, pid, config) : 0;
}

/* --- budget ----------------------------------------------------------------------------------- */

static const char *const step_texts[BUDGET_STEPS] = {
	[BUDGET_ALL] = "everything is collected again",
	[BUDGET_NO_ALLOC] = "allocations are not traced",
	[BUDGET_NO_SPLIT] = "switches of threads are not traced (for all targets)",
	[BUDGET_NO_GC] = "collections of garbage are not traced",
	[BUDGET_MEMORY_RARELY] = "memory is looked at a tenth as often",
	[BUDGET_NO_LOOPS] = "its loops are not watched",
};

/* A step that would change nothing is not taken. */
static uint32_t possible_steps(const struct watched_target *t)
{
	unsigned int wanted = t->config->collect;

	return 1u << BUDGET_ALL | (unsigned int)t->e->has_split << BUDGET_NO_SPLIT |
	       (unsigned int)!!(wanted & COLLECT_ALLOC) << BUDGET_NO_ALLOC |
	       (unsigned int)!!(wanted & COLLECT_GC) << BUDGET_NO_GC |
	       (unsigned int)!!(wanted & COLLECT_MEMORY) << BUDGET_MEMORY_RARELY |
	       (unsigned int)!!(wanted & COLLECT_LOOP) << BUDGET_NO_LOOPS;
}

/* Of the machine: off while one target of all is at that step. */
static void apply_split(struct exporter *e)
{
	bool is_on = true;

	for (size_t i = 0; i < e->target_count; i++)
		is_on = is_on && e->targets[i]->budget.step < BUDGET_NO_SPLIT;
	if (e->has_split && e->stalls)
		(void)loop_stall_set_split(e->stalls, is_on); /* said */
}

static bool wants_alloc(const struct exporter *e, const struct vitals_group *g)
{
	for (size_t i = 0; i < e->target_count; i++)
		if (vitals_group_of(e->targets[i]->vitals) == g &&
		    e->targets[i]->config->collect & COLLECT_ALLOC)
			return true;
	return false;
}

/* A group shows what one of its processes is without. */
static void show(const struct exporter *e, struct vitals_group *g)
{
	enum budget_step worst = BUDGET_ALL;

	for (size_t i = 0; i < e->target_count; i++)
		if (vitals_group_of(e->targets[i]->vitals) == g &&
		    e->targets[i]->budget.step > worst)
			worst = e->targets[i]->budget.step;
	vitals_set_degraded(g, VITALS_ALLOC, worst >= BUDGET_NO_ALLOC && wants_alloc(e, g));
	vitals_set_degraded(g, VITALS_SPLIT, e->has_split && worst >= BUDGET_NO_SPLIT);
	vitals_set_degraded(g, VITALS_GC, worst >= BUDGET_NO_GC);
	vitals_set_degraded(g, VITALS_MEMORY, worst >= BUDGET_MEMORY_RARELY);
	vitals_set_degraded(g, VITALS_LOOPS, worst >= BUDGET_NO_LOOPS);
}

static void apply(struct watched_target *t)
{
	enum budget_step step = t->budget.step;
	unsigned int off = 0;

	if (step >= BUDGET_NO_ALLOC)
		off |= COLLECT_ALLOC;
	if (step >= BUDGET_NO_GC)
		off |= COLLECT_GC;
	if (step >= BUDGET_NO_LOOPS)
		off |= COLLECT_LOOP;
	let_go(t, off);
	collect(t, t->config->collect & ~off);
	if (t->collected & COLLECT_MEMORY)
		mem_watch_rarely(t->e->memory, t->target.pid,
				 step >= BUDGET_MEMORY_RARELY ? BUDGET_RARELY : 1);
	apply_split(t->e);
	show(t->e, vitals_group_of(t->vitals));
}

static void look_at_blocks(const struct watched_target *t, struct memleak_outstanding *ret)
{
	if (t->collected & COLLECT_ALLOC &&
	    memleak_outstanding(t->e->alloc, t->target.pid, ret) == 0)
		vitals_take_outstanding(t->vitals, ret->bytes, ret->blocks);
}

static void keep_budget(struct watched_target *t)
{
	uint64_t now_ns = clock_monotonic_ns(), iterations, collections;
	struct budget_counts since = t->counted;
	struct memleak_outstanding outstanding = { 0 };
	double share;

	vitals_work(t->vitals, &iterations, &collections);
	outstanding.hits = t->counted.hits;
	look_at_blocks(t, &outstanding);
	since.window_ns = now_ns - t->counted.window_ns;
	since.iterations = iterations - t->counted.iterations;
	since.collections = collections - t->counted.collections;
	/* one that was added again counts from nothing */
	since.hits = outstanding.hits > t->counted.hits ? outstanding.hits - t->counted.hits : 0;
	t->counted = (struct budget_counts){ .iterations = iterations,
					     .hits = outstanding.hits,
					     .collections = collections,
					     .window_ns = now_ns };
	share = budget_share(&since, t->e->has_split && t->budget.step < BUDGET_NO_SPLIT);
	if (!budget_update(&t->budget, share, t->e->config->cpu_budget, possible_steps(t), now_ns))
		return;
	log_note("%s (PID %d) costs %.1f%% of a CPU to watch, of %.1f%% (cpu_budget): %s",
		 t->target.comm, t->target.pid, share * 100, t->e->config->cpu_budget * 100,
		 step_texts[t->budget.step]);
	apply(t);
}

int exporter_look(void *ctx)
{
	struct exporter *e = ctx;
	int err = exporter_take_loops(e);

	for (size_t i = 0; i < e->target_count && !err; i++) {
		look_at_proc(e->targets[i]);
		keep_budget(e->targets[i]);
	}
	return err;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The collectors, what they tell, and the page. */
#include "collect/exporter_state.h"

#include "host/clock.h"
#include "host/log.h"

#include <errno.h>
#include <stdlib.h>

#define EVENTS_BYTES (1u << 20)
/* An hour at the default interval: what growth is told by. */
#define SAMPLES 720
/* Outstanding at a time, of all targets. */
#define ALLOC_BLOCKS (1u << 20)

/* --- what the collectors tell ----------------------------------------------------------------- */

static struct watched_target *target_of(const struct exporter *e, pid_t pid)
{
	for (size_t i = 0; i < e->target_count; i++)
		if (e->targets[i]->target.pid == pid)
			return e->targets[i];
	return NULL;
}

static int on_stall(void *ctx, const struct loops *l, const struct stall *s)
{
	struct exporter *e = ctx;
	const struct loop_info *info = &l->loops[s->loop];
	struct vitals_process *p = vitals_find(e->vitals, info->pid);
	const struct watched_target *t = target_of(e, info->pid);

	/* the kernel side has the shortest threshold of all */
	if (!p || (t && s->ns < t->config->stall_threshold_ns))
		return 0;
	return vitals_take_stall(p, info, s);
}

static void take_loop(struct exporter *e, const struct loop_info *l)
{
	struct vitals_process *p = vitals_find(e->vitals, l->pid);

	if (p && vitals_take_loop(p, l))
		log_debug("no memory for a loop of %s", l->process);
}

static void on_loop_ended(void *ctx, const struct loop_info *l)
{
	struct loop_info ended = *l;

	ended.is_ended = true;
	take_loop(ctx, &ended);
}

static int on_collection(void *ctx, const struct gcs *g, const struct gc_collection *c)
{
	struct exporter *e = ctx;
	struct vitals_process *p = vitals_find(e->vitals, g->heaps[c->heap]->pid);

	if (p)
		vitals_take_collection(p, c);
	return 0;
}

static void take_heap(struct exporter *e, const struct gc_heap *h)
{
	struct vitals_process *p = vitals_find(e->vitals, h->pid);

	if (p && vitals_take_heap(p, h))
		log_debug("no memory for a heap of %s", h->process);
}

static void on_heap_ended(void *ctx, const struct gc_heap *h)
{
	struct gc_heap *ended = malloc(sizeof(*ended)); /* too large for the stack */

	if (!ended)
		return; /* its last figures are missing */
	*ended = *h;
	ended->is_ended = true;
	take_heap(ctx, ended);
	free(ended);
}

static int on_sample(void *ctx, const struct memory *m, const struct memory_process *m_process)
{
	struct exporter *e = ctx;
	struct vitals_process *p = vitals_find(e->vitals, m_process->pid);
	struct watched_target *t = target_of(e, m_process->pid);

	if (p)
		vitals_take_memory(p, m_process);
	if (t && m_process->sample_count)
		t->counted.looks_ns += m_process->samples[m_process->sample_count - 1].cpu_ns;
	exporter_count_loss(e, LOSS_MEMORY_LOOKS, m->meta.missed);
	return 0;
}

/* --- opening ---------------------------------------------------------------------------------- */

/* A few threads of each process wait as loops do. */
static uint32_t max_loops(const struct exporter_config *c)
{
	return c->max_targets * 4 < LOOPS_MAX ? c->max_targets * 4 : LOOPS_MAX;
}

static int open_collectors(struct exporter *e)
{
	const struct exporter_config *c = e->config;
	int err = 0;

	e->loop_options = (struct loop_stall_options){
		.threshold_ns = exporter_config_threshold_ns(c),
		.has_split = e->has_split,
		.is_endless = true,
		.max_stacks = 1,
		.max_loops = max_loops(c),
		.max_events_bytes = EVENTS_BYTES,
	};
	e->gc_options = (struct gc_trace_options){
		.is_endless = true,
		.max_stacks = 1,
		.max_events_bytes = EVENTS_BYTES,
	};
	e->memory_options = (struct mem_watch_options){
		.interval_ns = c->interval_ns,
		.max_samples = SAMPLES,
		.is_endless = true,
	};
	/* of blocks only how many there are is told: few stacks, by frame pointers */
	e->alloc_options = (struct memleak_options){
		.stacks = STACKS_FP,
		.is_endless = true,
		.follow_exec = true,
		.max_size_bytes = UINT64_MAX,
		.max_blocks = ALLOC_BLOCKS,
		.max_stacks = 1024,
		.max_threads = 16384,
		.sample_ns = 300 * NS_PER_S,
	};
	if (exporter_config_collects(c, COLLECT_LOOP))
		err = loop_stall_open(&e->loop_options, e->loop, &e->stalls);
	if (!err && exporter_config_collects(c, COLLECT_GC))
		err = gc_trace_open(&e->gc_options, e->loop, &e->gc);
	if (!err && exporter_config_collects(c, COLLECT_MEMORY))
		err = mem_watch_open(&e->memory_options, e->loop, &e->memory);
	if (!err && exporter_config_collects(c, COLLECT_ALLOC))
		err = memleak_open(&e->alloc_options, e->loop, &e->alloc);
	return err;
}

/* Groups that have a name are shown before they have a process. */
static int name_groups(struct exporter *e)
{
	const struct exporter_config *c = e->config;

	e->rules = calloc(c->targets.len + 1, sizeof(*e->rules));
	if (!e->rules)
		return -ENOMEM;
	for (size_t i = 0; i < c->targets.len; i++) {
		e->rules[i] = &c->targets.at[i].rule;
		if (c->targets.at[i].name && !vitals_group(e->vitals, c->targets.at[i].name))
			return -ENOMEM;
	}
	return 0;
}

int exporter_open(const struct exporter_config *config, struct loop *loop, struct exporter **ret)
{
	struct exporter *e = calloc(1, sizeof(*e));
	int err;

	if (!e)
		return log_errno(-ENOMEM, "cannot start");
	e->config = config;
	e->loop = loop;
	e->has_split = config->has_split;
	e->started_realtime_ns = clock_realtime_ns();
	(void)uname(&e->kernel);
	e->vitals = vitals_new();
	err = e->vitals ? name_groups(e) : -ENOMEM;
	if (err)
		(void)log_errno(err, "cannot start");
	else
		err = open_collectors(e);
	if (err) {
		exporter_free(e);
		return err;
	}
	*ret = e;
	return 0;
}

void exporter_stop(struct exporter *e)
{
	exporter_drop_all(e);
	discovery_free(e->discovery);
	loop_stall_free(e->stalls);
	gc_trace_free(e->gc);
	mem_watch_free(e->memory);
	memleak_free(e->alloc);
	e->discovery = NULL;
	e->stalls = NULL;
	e->gc = NULL;
	e->memory = NULL;
	e->alloc = NULL;
}

void exporter_free(struct exporter *e)
{
	if (!e)
		return;
	exporter_stop(e);
	sockets_done(&e->sockets);
	vitals_free(e->vitals);
	free(e->rules);
	free(e);
}

void exporter_freep(struct exporter **e)
{
	exporter_free(*e);
}

/* --- running ---------------------------------------------------------------------------------- */

static int start_collectors(struct exporter *e)
{
	int err = 0;

	e->loop_sink = (struct loop_stall_sink){ on_stall, on_loop_ended, e };
	e->gc_sink = (struct gc_trace_sink){ .on_collection = on_collection,
					     .on_heap_ended = on_heap_ended,
					     .ctx = e };
	e->memory_sink = (struct mem_watch_sink){ .on_sample = on_sample, .ctx = e };
	if (e->stalls)
		err = loop_stall_start(e->stalls, &e->loop_sink);
	if (!err && e->gc)
		err = gc_trace_start(e->gc, &e->gc_sink);
	if (!err && e->memory)
		err = mem_watch_start(e->memory, &e->memory_sink);
	if (!err && e->alloc)
		err = memleak_start(e->alloc);
	return err;
}

int exporter_start(struct exporter *e)
{
	int err = start_collectors(e);

	if (err)
		return err;
	e->discovery_options = (struct discovery_options){ .rules = e->rules,
							   .rule_count = e->config->targets.len,
							   .on_process = exporter_on_process,
							   .ctx = e };
	err = discovery_open(&e->discovery_options, e->loop, &e->discovery);
	if (err)
		return err;
	err = discovery_scan(e->discovery);
	if (!err)
		err = loop_every(e->loop, e->config->interval_ns, exporter_look, e);
	e->is_started = !err;
	return err ? log_errno(err, "cannot start") : 0;
}

void exporter_set_server(struct exporter *e, pid_t pid, uint64_t restarts)
{
	e->server = pid;
	e->server_restarts = restarts;
}

size_t exporter_targets(const struct exporter *e)
{
	return e->target_count;
}

int exporter_take_loops(struct exporter *e)
{
	struct loops l;
	int err = e->stalls ? loop_stall_take(e->stalls, false, &l) : -ENODATA;

	if (err)
		return err == -ENODATA ? 0 : err;
	for (size_t i = 0; i < l.loop_count; i++)
		take_loop(e, &l.loops[i]);
	e->loop_count = l.loop_count;
	exporter_count_loss(e, LOSS_LOOP_EVENTS, l.meta.lost_events);
	exporter_count_loss(e, LOSS_LOOPS, l.meta.lost_loops);
	return 0;
}

static int take_heaps(struct exporter *e)
{
	struct gcs g;
	int err = e->gc ? gc_trace_take(e->gc, false, &g) : -ENODATA;

	if (err)
		return err == -ENODATA ? 0 : err;
	for (size_t i = 0; i < g.heap_count; i++)
		take_heap(e, g.heaps[i]);
	exporter_count_loss(e, LOSS_GC_EVENTS, g.meta.lost_events);
	exporter_count_loss(e, LOSS_GC_THREADS, g.meta.lost_threads + g.meta.lost_ends);
	return 0;
}

int exporter_fill(void *ctx, struct series *s, bool *ret_is_ready)
{
	struct exporter *e = ctx;
	int err = exporter_take_loops(e);

	if (!err)
		err = take_heaps(e);
	if (err)
		return err;
	vitals_sweep(e->vitals, clock_monotonic_ns());
	exporter_count_loss(e, LOSS_DISCOVERY, discovery_lost(e->discovery));
	err = exporter_write(e, s);
	e->dropped_series += series_dropped(s);
	*ret_is_ready = e->is_started;
	return err;
}

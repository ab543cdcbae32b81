// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Opening, attaching, stopping: what the tool calls. */
#include "collect/loop_stall_state.h"

#include "base/text.h"
#include "host/fd.h"
#include "host/log.h"
#include "probe/load.h"
#include "probe/tables.h"

#include <assert.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define HOUSEKEEPING_NS (100 * NS_PER_MS)

static int on_event(void *ctx, void *data, size_t size)
{
	const struct event_header *header = data;
	struct loop_stall *c = ctx;

	if (size >= sizeof(struct loop_stall_event) && header->kind == LOOP_EVENT_STALL)
		return loop_stall_on_stall(c, data);
	if (size >= sizeof(struct loop_sample_event) && header->kind == LOOP_EVENT_SAMPLE)
		return loop_stall_on_sample(c, data);
	if (size >= sizeof(struct process_event) && header->kind < LOOP_EVENT_STALL &&
	    !c->stopped_ns)
		processes_on_event(&c->processes, data);
	return 0;
}

static int configure(struct loop_stall *c)
{
	const struct loop_stall_options *o = c->options;
	struct loop_stall_bpf *skel = c->skel;
	int err = bpf_map__set_max_entries(skel->maps.stacks, o->has_stacks ? o->max_stacks : 1);

	/* all elements from the start: few can be made where a clock interrupts */
	if (!err)
		err = bpf_map__set_map_flags(skel->maps.stacks, 0);
	if (!err)
		err = bpf_map__set_max_entries(skel->maps.loops, o->max_loops);
	if (!err)
		err = bpf_map__set_max_entries(skel->maps.loop_hists, o->max_loops * LOOP_HISTS);
	if (!err)
		err = bpf_map__set_max_entries(skel->maps.free_slots, o->max_loops);
	if (!err)
		err = bpf_map__set_max_entries(skel->maps.events, o->max_events_bytes);
	skel->rodata->stacks_by_kernel = c->method == STACKS_FP;
	skel->rodata->stacks_may_use_fp = c->method != STACKS_DWARF;
	skel->rodata->threshold_ns = o->threshold_ns;
	skel->rodata->has_split = o->has_split;
	skel->rodata->has_stacks = o->has_stacks;
	skel->rodata->follows_children = o->follow_children;
	(void)bpf_program__set_autoload(skel->progs.on_clock, o->has_stacks);
	(void)bpf_program__set_autoload(skel->progs.on_switch, o->has_split);
	(void)bpf_program__set_autoload(skel->progs.on_wakeup, o->has_split);
	(void)bpf_program__set_autoload(skel->progs.process_fork, o->follow_children);
	(void)bpf_program__set_autoload(skel->progs.gc_begins, loop_stall_has_gc(o));
	(void)bpf_program__set_autoload(skel->progs.gc_ends, loop_stall_has_gc(o));
	(void)bpf_program__set_autoload(skel->progs.timers_run, o->has_timers);
	loop_stall_prepare_runtime(skel);
	if (!err)
		err = loop_stall_choose_waits(c);
	return err ? log_errno(err, "table sizes") : 0;
}

static int open_unwinding(struct loop_stall *c)
{
	const struct js_maps js_maps = JS_MAPS(c->skel);

	c->unwind_maps = UNWIND_MAPS(c->skel);
	if (c->method == STACKS_FP || !c->options->has_stacks)
		return 0;
	c->processes.unwind = unwind_tables_new(&c->unwind_maps);
	c->js = c->names.js = js_names_new(&js_maps, c->loop, c->options->has_js_tiers);
	return c->processes.unwind && c->js ? 0 : -ENOMEM;
}

/* Memory of array map @map, shared with the kernel side; NULL: errno says. */
static void *map_memory(const struct bpf_map *map)
{
	size_t size = (size_t)bpf_map__value_size(map) * bpf_map__max_entries(map);
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	return at == MAP_FAILED ? NULL : at;
}

static int open_maps(struct loop_stall *c)
{
	struct loop_stall_bpf *skel = c->skel;

	c->states = map_memory(skel->maps.loops);
	c->hists = c->states ? map_memory(skel->maps.loop_hists) : NULL;
	if (!c->hists)
		return -errno;
	for (uint32_t slot = 0; slot < c->options->max_loops; slot++)
		if (bpf_map_update_elem(bpf_map__fd(skel->maps.free_slots), NULL, &slot, 0))
			return -errno;
	c->processes.targets_fd = bpf_map__fd(skel->maps.targets);
	c->processes.code_fd = bpf_map__fd(skel->maps.code);
	c->processes.asked_fd = bpf_map__fd(skel->maps.process_asked);
	c->names.stacks_fd = bpf_map__fd(skel->maps.stacks);
	c->ring = ring_buffer__new(bpf_map__fd(skel->maps.events), on_event, c, NULL);
	return c->ring ? 0 : -errno;
}

static int load(struct loop_stall *c)
{
	int err;

	c->skel = loop_stall_bpf__open();
	if (!c->skel)
		return log_errno(-errno, "cannot open the BPF programs");
	err = configure(c);
	if (!err)
		err = probe_load(c->skel->skeleton);
	if (err)
		return err;
	err = open_unwinding(c);
	if (!err && c->options->has_stacks)
		err = kernel_symbols_open(&c->kernel);
	if (!err || err == -EPERM) /* said: kernel frames are there, without names */
		err = open_maps(c);
	c->names.kernel = c->kernel;
	return err ? log_errno(err, "cannot start") : 0;
}

static void on_gone(void *ctx, struct process *p)
{
	struct loop_stall *c = ctx;

	(void)table_take_row(bpf_map__fd(c->skel->maps.counters), p->slot, c->gone_counters,
			     LOOP_COUNTERS); /* else its losses are not told of */
	loop_stall_forget_process(c, p->pid);
}

int loop_stall_open(const struct loop_stall_options *options, struct loop *loop,
		    struct loop_stall **ret)
{
	struct loop_stall *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return log_errno(-ENOMEM, "cannot start");
	assert(!(options->is_endless && options->has_stacks));
	fd_raise_limit();
	c->options = options;
	c->loop = c->processes.loop = loop;
	c->processes.is_live = options->is_live;
	c->processes.is_endless = options->is_endless;
	c->processes.has_stacks = options->has_stacks;
	c->processes.on_gone = on_gone;
	c->processes.ctx = c;
	c->processes.names = &c->names;
	c->split_since_ns = options->has_split; /* always */
	c->method = options->has_stacks ? stack_method_choose(options->stacks) : STACKS_FP;
	c->names.symbols = symbols_new();
	c->scratch = malloc(sizeof(*c->scratch));
	err = c->names.symbols && c->scratch ? load(c) : log_errno(-ENOMEM, "cannot start");
	if (err) {
		loop_stall_free(c);
		return err;
	}
	*ret = c;
	return 0;
}

static void unmap(const struct bpf_map *map, void *at)
{
	if (at)
		(void)munmap(at, (size_t)bpf_map__value_size(map) * bpf_map__max_entries(map));
}

void loop_stall_free(struct loop_stall *c)
{
	if (!c)
		return;
	loop_stall_detach(c);
	processes_done(&c->processes);
	ring_buffer__free(c->ring);
	unwind_tables_free(c->processes.unwind);
	js_names_free(c->js);
	loop_stall_free_stalls(c);
	loop_stall_free_loops(c);
	free(c->looks.at);
	if (c->skel) {
		unmap(c->skel->maps.loops, c->states);
		unmap(c->skel->maps.loop_hists, c->hists);
	}
	loop_stall_bpf__destroy(c->skel);
	kernel_symbols_free(c->kernel);
	symbols_free(c->names.symbols);
	stack_names_done(&c->names);
	strings_done(&c->texts);
	arena_done(&c->arena);
	free(c->scratch);
	free(c->taken_loops);
	free(c->taken_stalls);
	free(c);
}

void loop_stall_freep(struct loop_stall **c)
{
	loop_stall_free(*c);
}

/* --- processes -------------------------------------------------------------------------------- */

int loop_stall_add(void *ctx, pid_t pid)
{
	struct loop_stall *c = ctx;

	c->needs_look = c->started_ns;
	return processes_add(&c->processes, pid);
}

int loop_stall_add_descendant(void *ctx, pid_t pid)
{
	struct loop_stall *c = ctx;

	return processes_add_descendant(&c->processes, pid);
}

void loop_stall_remove(struct loop_stall *c, pid_t pid)
{
	processes_remove(&c->processes, pid);
}

/* --- running ---------------------------------------------------------------------------------- */

/*
 * What has ended was read by now; once more what the ring buffer holds, then nothing is left of it
 * there. And those who came may be in the midst of something.
 */
static int let_go(struct loop_stall *c)
{
	int n = ring_buffer__consume(c->ring);
	int err = n < 0 ? n : loop_stall_free_leaving(c);

	if (err)
		return err;
	loop_stall_forget_ended(c);
	processes_let_go_ended(&c->processes);
	loop_stall_forget_told(c);
	if (!c->needs_look)
		return 0;
	c->needs_look = false;
	return loop_stall_look(c);
}

/* What the ring buffer holds, and what the loops do. */
static int housekeeping(void *ctx)
{
	struct loop_stall *c = ctx;
	int n, err;

	steal_note(&c->steal, clock_monotonic_ns());
	n = ring_buffer__consume(c->ring);
	if (n < 0)
		return n;
	err = loop_stall_read_loops(c);
	if (err || c->stopped_ns)
		return err;
	err = c->options->is_endless ? let_go(c) : 0;
	if (err)
		return err;
	loop_stall_limit_loops(c);
	processes_refresh(&c->processes, true);
	loop_stall_attach_runtime(c);
	return loop_stall_tell_lasting(c);
}

static int on_ring(void *ctx)
{
	struct loop_stall *c = ctx;
	int n = ring_buffer__consume(c->ring);

	return n < 0 ? n : 0;
}

int loop_stall_start(struct loop_stall *c, const struct loop_stall_sink *sink)
{
	int err;

	c->sink = sink;
	loop_stall_attach_runtime(c); /* first: reading symbols takes longer than all the rest */
	c->started_ns = c->interval_ns = clock_monotonic_ns();
	c->started_realtime_ns = clock_realtime_ns();
	err = loop_stall_attach(c);
	if (err)
		return err;
	if (c->options->follow_children)
		processes_meet_children(&c->processes);
	err = loop_stall_look(c);
	if (!err)
		err = loop_add_fd(c->loop, ring_buffer__epoll_fd(c->ring), on_ring, c);
	if (!err)
		err = loop_every(c->loop, HOUSEKEEPING_NS, housekeeping, c);
	return err ? log_errno(err, "cannot start") : 0;
}

void loop_stall_stop(struct loop_stall *c)
{
	if (c->stopped_ns)
		return;
	(void)loop_stall_look(c); /* of what is stuck now no more can be seen later */
	c->stopped_ns = clock_monotonic_ns();
	processes_freeze(&c->processes); /* a probe that goes before another must not lead astray */
	loop_stall_detach(c);
	(void)housekeeping(c);
}

const char *loop_stall_describe(struct loop_stall *c)
{
	return processes_describe(&c->processes);
}

/* --- the value -------------------------------------------------------------------------------- */

static int sum_counters(const struct loop_stall *c, uint64_t ret[LOOP_COUNTERS])
{
	int err = table_sum_rows(bpf_map__fd(c->skel->maps.counters), c->processes.slots, ret,
				 LOOP_COUNTERS);

	for (size_t i = 0; i < LOOP_COUNTERS; i++)
		ret[i] += c->gone_counters[i];
	return err;
}

void loop_stall_counts(const struct loop_stall *c, size_t *ret_loops, uint64_t *ret_stalls,
		       uint64_t *ret_lost)
{
	uint64_t counters[LOOP_COUNTERS];

	*ret_loops = 0;
	for (size_t i = 0; i < c->loops.len; i++)
		*ret_loops += seen_loop_is_loop(c->loops.at[i]);
	*ret_stalls = c->stalls.len + c->dropped_stalls;
	*ret_lost = 0;
	if (sum_counters(c, counters) == 0)
		*ret_lost = counters[LOOP_LOST_EVENTS] + counters[LOOP_LOST_STACKS] +
			    counters[LOOP_LOST_LOOPS];
}

static void fill_note(struct loop_stall *c, struct loops_meta *m)
{
	const char *symbols = symbols_note(c->names.symbols);

	c->note[0] = 0;
	if (c->processes.missed_children)
		text_add_sentence(c->note, sizeof(c->note),
				  "%u child processes ended before they could be looked at",
				  c->processes.missed_children);
	if (c->forgotten_loops)
		text_add_sentence(c->note, sizeof(c->note),
				  "%llu loops are left out that have ended",
				  (unsigned long long)c->forgotten_loops);
	if (m->lost_loops > c->forgotten_loops)
		text_add_sentence(c->note, sizeof(c->note), "more loops than --max-loops %u",
				  c->options->max_loops);
	if (symbols)
		text_add_sentence(c->note, sizeof(c->note), "%s", symbols);
	m->note = c->note[0] ? c->note : NULL;
}

static int fill_meta(struct loop_stall *c, uint64_t now_ns, struct loops_meta *m)
{
	const struct loop_stall_options *o = c->options;
	uint64_t counters[LOOP_COUNTERS];
	struct unwind_tables_cost cost = { 0 };
	int err = sum_counters(c, counters);

	if (err)
		return err;
	if (c->processes.unwind)
		unwind_tables_cost(c->processes.unwind, &cost);
	*m = (struct loops_meta){
		.version = VERSION,
		.title = loop_stall_describe(c),
		.time_ns = c->started_realtime_ns,
		.duration_ns = now_ns - c->started_ns,
		.interval_ns = c->has_intervals ? now_ns - c->interval_ns : 0,
		.threshold_ns = o->threshold_ns,
		.frequency_hz = o->has_stacks ? o->frequency_hz : 0,
		.has_split = c->split_since_ns != 0,
		.has_timers = o->has_timers,
		.lost_events = counters[LOOP_LOST_EVENTS],
		.lost_stacks = counters[LOOP_LOST_STACKS],
		.lost_loops = counters[LOOP_LOST_LOOPS] + c->forgotten_loops,
		.skipped_stacks = counters[LOOP_SKIPPED_STACKS],
		.dropped_stalls = c->dropped_stalls,
		.stacks.by_fp = counters[LOOP_STACKS_BY_FP],
		.own_rss_bytes = procfs_own_rss_bytes(),
		.own_cpu_ns = clock_process_cpu_ns(),
		.table_bytes = cost.kernel_bytes +
			       (uint64_t)o->max_loops * (sizeof(struct loop_state) +
							 LOOP_HISTS * sizeof(struct loop_hist)) +
			       (uint64_t)o->max_stacks * sizeof(struct stack),
	};
	m->is_complete = !m->lost_events && !m->lost_stacks && !m->lost_loops && !m->dropped_stalls;
	memcpy(m->stacks.ended, counters + LOOP_STACKS, sizeof(m->stacks.ended));
	m->stacks.js = c->js_counts;
	fill_note(c, m);
	return 0;
}

int loop_stall_take(struct loop_stall *c, bool begins_interval, struct loops *ret)
{
	uint64_t now_ns = c->stopped_ns ? c->stopped_ns : clock_monotonic_ns();
	size_t stall_count = 0, loop_count = 0;
	int n = ring_buffer__consume(c->ring);
	int err = n < 0 ? n : loop_stall_read_loops(c);

	loop_stall_forget_told(c);
	c->has_intervals |= begins_interval;
	if (!err)
		err = loop_stall_take_loops(c, now_ns, begins_interval, &loop_count);
	if (!err)
		err = loop_stall_take_stalls(c, now_ns, &stall_count);
	if (!err)
		err = fill_meta(c, now_ns, &ret->meta);
	if (err)
		return log_errno(err, "cannot make the report");
	if (begins_interval)
		c->interval_ns = now_ns;
	ret->loops = c->taken_loops;
	ret->loop_count = loop_count;
	ret->stalls = c->taken_stalls;
	ret->stall_count = stall_count;
	return 0;
}

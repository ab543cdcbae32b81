// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Opening, attaching, stopping, the value: what the tool calls. */
#include "collect/gc_trace_state.h"

#include "base/text.h"
#include "collect/targets.h"
#include "host/cli.h"
#include "host/fd.h"
#include "host/log.h"
#include "probe/load.h"
#include "probe/tables.h"

#include <assert.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#define HOUSEKEEPING_NS (100 * NS_PER_MS)

static int on_event(void *ctx, void *data, size_t size)
{
	const struct event_header *header = data;
	struct gc_trace *c = ctx;

	if (size < sizeof(*header) || header->kind >= GC_EVENT_PAUSE)
		return gc_trace_on_event(c, data, size);
	if (size < sizeof(struct process_event) || c->stopped_ns)
		return 0;
	processes_on_event(&c->processes, data);
	gc_trace_attach_all(c); /* what was executed has begun */
	return 0;
}

static int configure(struct gc_trace *c)
{
	const struct gc_trace_options *o = c->options;
	struct gc_trace_bpf *skel = c->skel;
	int err = bpf_map__set_max_entries(skel->maps.stacks, o->has_stacks ? o->max_stacks : 1);

	if (!err)
		err = bpf_map__set_max_entries(skel->maps.events, o->max_events_bytes);
	skel->rodata->stacks_by_kernel = c->method == STACKS_FP;
	skel->rodata->stacks_may_use_fp = c->method != STACKS_DWARF;
	skel->rodata->has_stacks = o->has_stacks;
	skel->rodata->follows_children = o->follow_children;
	(void)bpf_program__set_autoload(skel->progs.process_fork, o->follow_children);
	gc_trace_prepare(c);
	return err ? log_errno(err, "table sizes") : 0;
}

static int open_maps(struct gc_trace *c)
{
	const struct js_maps js_maps = JS_MAPS(c->skel);
	struct gc_trace_bpf *skel = c->skel;

	c->unwind_maps = UNWIND_MAPS(skel);
	if (c->options->has_stacks && c->method != STACKS_FP) {
		c->processes.unwind = unwind_tables_new(&c->unwind_maps);
		c->js = c->names.js = js_names_new(&js_maps, c->loop, c->options->has_js_tiers);
		if (!c->processes.unwind || !c->js)
			return -ENOMEM;
	}
	c->processes.targets_fd = bpf_map__fd(skel->maps.targets);
	c->processes.code_fd = bpf_map__fd(skel->maps.code);
	c->processes.asked_fd = bpf_map__fd(skel->maps.process_asked);
	c->names.stacks_fd = bpf_map__fd(skel->maps.stacks);
	c->ring = ring_buffer__new(bpf_map__fd(skel->maps.events), on_event, c, NULL);
	return c->ring ? 0 : -errno;
}

static int load(struct gc_trace *c)
{
	int err;

	c->skel = gc_trace_bpf__open();
	if (!c->skel)
		return log_errno(-errno, "cannot open the BPF programs");
	err = configure(c);
	if (!err)
		err = probe_load(c->skel->skeleton);
	if (err)
		return err;
	err = open_maps(c);
	return err ? log_errno(err, "cannot start") : 0;
}

static void on_gone(void *ctx, struct process *p)
{
	struct gc_trace *c = ctx;

	(void)table_take_row(bpf_map__fd(c->skel->maps.counters), p->slot, c->gone_counters,
			     GC_COUNTERS); /* else its losses are not told of */
	gc_trace_forget_process(c, p->pid);
	free(c->by_slot[p->slot]);
	c->by_slot[p->slot] = NULL;
}

int gc_trace_open(const struct gc_trace_options *options, struct loop *loop, struct gc_trace **ret)
{
	struct gc_trace *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return log_errno(-ENOMEM, "cannot start");
	assert(!(options->is_endless && options->has_stacks));
	fd_raise_limit();
	c->options = options;
	c->loop = c->processes.loop = loop;
	c->method = options->has_stacks ? stack_method_choose(options->stacks) : STACKS_FP;
	c->processes.names = &c->names;
	c->processes.has_stacks = options->has_stacks;
	c->processes.is_endless = options->is_endless;
	c->processes.on_gone = on_gone;
	c->processes.ctx = c;
	c->names.symbols = symbols_new();
	c->scratch = malloc(sizeof(*c->scratch));
	err = c->names.symbols && c->scratch ? load(c) : log_errno(-ENOMEM, "cannot start");
	if (err) {
		gc_trace_free(c);
		return err;
	}
	*ret = c;
	return 0;
}

static void detach(struct gc_trace *c)
{
	processes_detach(&c->processes);
	if (c->skel)
		gc_trace_bpf__detach(c->skel);
}

void gc_trace_free(struct gc_trace *c)
{
	if (!c)
		return;
	detach(c);
	processes_done(&c->processes);
	ring_buffer__free(c->ring);
	unwind_tables_free(c->processes.unwind);
	js_names_free(c->js);
	gc_trace_free_events(c);
	gc_trace_bpf__destroy(c->skel);
	symbols_free(c->names.symbols);
	stack_names_done(&c->names);
	strings_done(&c->texts);
	arena_done(&c->arena);
	for (size_t i = 0; i < TARGETS_MAX; i++)
		free(c->by_slot[i]);
	free(c->scratch);
	free(c);
}

void gc_trace_freep(struct gc_trace **c)
{
	gc_trace_free(*c);
}

/* --- processes -------------------------------------------------------------------------------- */

static int consume(struct gc_trace *c)
{
	int n = ring_buffer__consume(c->ring);

	return n < 0 ? n : 0;
}

static int say_no_v8(const struct process *p, int err)
{
	if (err == -ENODATA) {
		log_error("process %d (%s): no V8: none of its functions in %s or a libnode",
			  p->pid, p->target.comm, p->target.exe);
		log_hint("gc-trace is for node and other programs that have V8 inside");
		return EXIT_UNSUPPORTED;
	}
	if (err == -EOPNOTSUPP) {
		log_error("process %d (%s): not available: stripped V8: its build names neither "
			  "the collector's functions nor GetHeapStatistics",
			  p->pid, p->target.comm);
		return EXIT_UNSUPPORTED;
	}
	(void)log_errno(err, "cannot probe process %d (%s)", p->pid, p->target.comm);
	return err == -EPERM || err == -EACCES ? EXIT_PERMISSION : EXIT_FAILED;
}

int gc_trace_add(void *ctx, pid_t pid)
{
	struct gc_trace *c = ctx;
	int status = processes_add(&c->processes, pid);
	struct process *p = processes_find(&c->processes, pid);
	int err;

	if (status || !p)
		return status;
	err = gc_trace_attach(c, p);
	if (err == -ENODATA && (c->options->is_command || c->options->is_endless))
		return EXIT_DONE;
	if (err && c->options->is_endless) {
		processes_remove(&c->processes, pid);
		return targets_pass_over(pid, err);
	}
	return err ? say_no_v8(p, err) : EXIT_DONE;
}

int gc_trace_add_descendant(void *ctx, pid_t pid)
{
	struct gc_trace *c = ctx;

	return processes_add_descendant(&c->processes, pid);
}

void gc_trace_remove(struct gc_trace *c, pid_t pid)
{
	(void)consume(c);
	processes_remove(&c->processes, pid);
}

/* --- running ---------------------------------------------------------------------------------- */

static int on_ring(void *ctx)
{
	return consume(ctx);
}

static int housekeeping(void *ctx)
{
	struct gc_trace *c = ctx;
	int err = consume(c);

	if (err || c->stopped_ns)
		return err;
	if (c->options->is_endless) {
		processes_let_go_ended(&c->processes);
		gc_trace_forget_ended(c);
	}
	processes_refresh(&c->processes, true);
	gc_trace_attach_all(c);
	gc_trace_check_anchors(c);
	return 0;
}

int gc_trace_start(struct gc_trace *c, const struct gc_trace_sink *sink)
{
	struct gc_trace_bpf *skel = c->skel;
	const struct probe_hook hooks[] = {
		{ skel->progs.process_exit, &skel->links.process_exit, true },
		{ skel->progs.process_exec, &skel->links.process_exec, true },
		{ skel->progs.process_fork, &skel->links.process_fork,
		  c->options->follow_children },
	};
	int err = probe_attach(hooks, sizeof(hooks) / sizeof(*hooks));

	if (err)
		return err;
	c->sink = sink;
	if (c->options->follow_children)
		processes_meet_children(&c->processes);
	gc_trace_attach_all(c);
	c->started_ns = c->interval_ns = clock_monotonic_ns();
	c->started_realtime_ns = clock_realtime_ns();
	err = loop_add_fd(c->loop, ring_buffer__epoll_fd(c->ring), on_ring, c);
	if (!err)
		err = loop_every(c->loop, HOUSEKEEPING_NS, housekeeping, c);
	return err ? log_errno(err, "cannot start") : 0;
}

void gc_trace_stop(struct gc_trace *c)
{
	if (c->stopped_ns)
		return;
	for (size_t i = 0; i < c->heaps.len; i++)
		gc_trace_look(c, c->heaps.at[i]);
	c->stopped_ns = clock_monotonic_ns();
	processes_freeze(&c->processes); /* a probe that goes before another must not lead astray */
	detach(c);
	(void)consume(c);
}

const char *gc_trace_describe(struct gc_trace *c)
{
	return processes_describe(&c->processes);
}

/* --- what the figures rest on ----------------------------------------------------------------- */

static void add_anchors(struct gc_trace *c, const struct gc_process *g)
{
	static const char *const pauses[] = {
		[GC_ANCHOR_NONE] = "collections cannot be seen: this build hides V8's collector, "
				   "only what the application asks V8 for is shown",
		[GC_ANCHOR_PAUSE] = "pauses as V8 counts them",
		[GC_ANCHOR_COLLECT] =
			"pauses are the calls of Heap::CollectGarbage: a little longer "
			"than V8's own count",
	};
	bool has_kinds = g->has[GC_PROBE_SCAVENGE] && g->has[GC_PROBE_MARK_COMPACT];
	char *text = c->anchors;
	size_t size = sizeof(c->anchors);

	text_add_sentence(text, size, "%s: %s", g->path, pauses[g->anchor]);
	if (g->anchor == GC_ANCHOR_NONE)
		return;
	if (!has_kinds)
		text_add_sentence(text, size, "kinds are not known");
	if (!g->has[GC_PROBE_SIZE])
		text_add_sentence(text, size, "sizes are not known");
	if (!g->has[GC_PROBE_COLLECT] && !g->has[GC_PROBE_PERFORM])
		text_add_sentence(text, size, "reasons are not known");
	if (!g->has[GC_PROBE_STEP])
		text_add_sentence(text, size, "steps of marking are not seen");
}

/* Every file once. */
const char *gc_trace_anchors(struct gc_trace *c)
{
	c->anchors[0] = 0;
	for (uint32_t i = 0; i < c->processes.slots; i++) {
		const struct gc_process *g = c->by_slot[i];

		if (g && g->is_attached && !strstr(c->anchors, g->path))
			add_anchors(c, g);
	}
	return c->anchors;
}

/* --- the value -------------------------------------------------------------------------------- */

void gc_trace_view(const struct gc_trace *c, struct gcs *ret)
{
	*ret = (struct gcs){
		.meta = { .version = VERSION, .time_ns = c->started_realtime_ns },
		.heaps = c->heaps.at,
		.heap_count = c->heaps.len,
		.collections = c->collections.at,
		.collection_count = c->collections.len,
		.moments = c->moments.at,
		.moment_count = c->moments.len,
		.stacks = c->stacks.at,
		.stack_count = c->stacks.len,
	};
}

static void fill_note(struct gc_trace *c, struct gcs_meta *m)
{
	const char *symbols = c->options->has_stacks ? symbols_note(c->names.symbols) : NULL;

	c->note[0] = 0;
	if (c->processes.missed_children)
		text_add_sentence(c->note, sizeof(c->note),
				  "%u child processes ended before they could be looked at",
				  c->processes.missed_children);
	for (uint32_t i = 0; i < c->processes.slots; i++)
		if (c->by_slot[i] && c->by_slot[i]->is_switched) {
			text_add_sentence(c->note, sizeof(c->note),
					  "V8's pause was never hit in one process: until that was "
					  "noticed its collections were not seen");
			break;
		}
	if (symbols)
		text_add_sentence(c->note, sizeof(c->note), "%s", symbols);
	m->note = c->note[0] ? c->note : NULL;
}

static int fill_meta(struct gc_trace *c, uint64_t now_ns, struct gcs_meta *m)
{
	uint64_t counters[GC_COUNTERS];
	struct unwind_tables_cost cost = { 0 };
	int err = table_sum_rows(bpf_map__fd(c->skel->maps.counters), c->processes.slots, counters,
				 GC_COUNTERS);

	if (err)
		return err;
	for (size_t i = 0; i < GC_COUNTERS; i++)
		counters[i] += c->gone_counters[i];
	if (c->processes.unwind)
		unwind_tables_cost(c->processes.unwind, &cost);
	*m = (struct gcs_meta){
		.version = VERSION,
		.title = gc_trace_describe(c),
		.anchors = gc_trace_anchors(c),
		.time_ns = c->started_realtime_ns,
		.duration_ns = now_ns - c->started_ns,
		.interval_ns = c->has_intervals ? now_ns - c->interval_ns : 0,
		.has_stacks = c->options->has_stacks,
		.lost_events = counters[GC_LOST_EVENTS],
		.lost_stacks = counters[GC_LOST_STACKS],
		.lost_threads = counters[GC_LOST_THREADS],
		.lost_ends = counters[GC_LOST_ENDS],
		.begun_before = counters[GC_LOST_BEGINS],
		.broken_events = c->broken_events,
		.dropped_collections = c->dropped_collections,
		.stacks.by_fp = counters[GC_STACKS_BY_FP],
		.own_rss_bytes = procfs_own_rss_bytes(),
		.own_cpu_ns = clock_process_cpu_ns(),
		.table_bytes = cost.kernel_bytes +
			       (c->options->has_stacks
					? (uint64_t)c->options->max_stacks * sizeof(struct stack)
					: 0),
	};
	m->is_complete = !m->lost_events && !m->lost_stacks && !m->lost_threads && !m->lost_ends &&
			 !m->broken_events && !m->dropped_collections;
	memcpy(m->stacks.ended, counters + GC_STACKS, sizeof(m->stacks.ended));
	m->stacks.js = c->js_counts;
	fill_note(c, m);
	return 0;
}

int gc_trace_take(struct gc_trace *c, bool begins_interval, struct gcs *ret)
{
	uint64_t now_ns = c->stopped_ns ? c->stopped_ns : clock_monotonic_ns();
	int err = consume(c);

	c->has_intervals |= begins_interval;
	gc_trace_view(c, ret);
	if (!err)
		err = fill_meta(c, now_ns, &ret->meta);
	if (err)
		return log_errno(err, "cannot make the report");
	for (size_t i = 0; i < c->heaps.len; i++) {
		struct seen_heap *s = (struct seen_heap *)c->heaps.at[i];

		s->h.is_ended = s->h.is_ended || gc_trace_has_ended(c, &s->h);
		s->h.total.window_ns = now_ns - s->first_ns;
		s->h.interval = gc_times_since(&s->h.total, &s->before);
		if (begins_interval)
			s->before = s->h.total;
	}
	if (begins_interval)
		c->interval_ns = now_ns;
	return 0;
}

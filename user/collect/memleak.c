// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Opening, running and reporting: what the tool calls. */
#include "collect/memleak_state.h"

#include "base/scope.h"
#include "base/text.h"
#include "host/cli.h"
#include "host/clock.h"
#include "host/log.h"
#include "probe/cost.h"
#include "probe/features.h"
#include "probe/load.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#define HOUSEKEEPING_NS	  (100 * NS_PER_MS)
#define MAP_EVENTS_BYTES  (4u << 20) /* ring buffer with --mmap */
#define DEFAULT_SAMPLE_NS (5 * NS_PER_S)
#define SAMPLES_PER_RUN	  12 /* enough for a verdict */
/* A stack growing by less per interval is not called growing: a page is below any real concern. */
#define MIN_SLOPE_BYTES 1024.0

/* Kernel memory per element: 48 bytes of header, 8 of allocator, rounded to the size class. */
#define BLOCK_ELEMENT_BYTES 96u
#define STACK_ELEMENT_BYTES 1024u
#define BUCKET_BYTES	    16u

uint64_t memleak_sample_ns(uint64_t duration_ns)
{
	uint64_t sample_ns = DEFAULT_SAMPLE_NS;

	if (duration_ns && duration_ns / SAMPLES_PER_RUN < sample_ns)
		sample_ns = duration_ns / SAMPLES_PER_RUN;
	return sample_ns < MEMLEAK_MIN_SAMPLE_NS ? MEMLEAK_MIN_SAMPLE_NS : sample_ns;
}

static int on_event(void *ctx, void *data, size_t size)
{
	struct memleak *m = ctx;
	const struct event_header *header = data;
	int err = 0;

	if (size >= sizeof(struct map_event) && header->kind >= MAP_MMAP)
		memleak_map_event(m, data);
	else if (size >= sizeof(struct process_event))
		err = memleak_process_event(m, data);
	return err < 0 ? err : 0;
}

static int configure(struct memleak *m)
{
	const struct memleak_options *o = m->options;
	struct memleak_trace_bpf *skel = m->skel;
	int err;

	skel->rodata->min_size_bytes = o->min_size_bytes;
	skel->rodata->max_size_bytes = o->max_size_bytes;
	skel->rodata->follows_children = o->follow_children;
	skel->rodata->stacks_by_kernel = m->stacks == STACKS_FP;
	skel->rodata->stacks_may_use_fp = m->stacks != STACKS_DWARF;
	(void)bpf_program__set_autoload(skel->progs.process_fork, o->follow_children);
	(void)bpf_program__set_autoload(skel->progs.map_enter, o->with_mmap);
	(void)bpf_program__set_autoload(skel->progs.map_exit, o->with_mmap);
	uprobes_prepare(skel->progs.alloc_enter);
	uprobes_prepare(skel->progs.alloc_exit);
	uprobes_prepare(skel->progs.free_enter);
	(void)bpf_program__set_autoload(skel->progs.new_call, features_have_uprobe_session());
	uprobes_prepare_session(skel->progs.new_call);
	err = bpf_map__set_max_entries(skel->maps.blocks, o->max_blocks);
	if (!err)
		err = bpf_map__set_max_entries(skel->maps.stacks, o->max_stacks);
	if (!err)
		err = bpf_map__set_max_entries(skel->maps.threads, o->max_threads);
	if (!err && o->with_mmap)
		err = bpf_map__set_max_entries(skel->maps.events, MAP_EVENTS_BYTES);
	return err ? log_errno(err, "table sizes") : 0;
}

static int open_unwinding(struct memleak *m)
{
	const struct unwind_maps maps = UNWIND_MAPS(m->skel);
	const struct js_maps js_maps = JS_MAPS(m->skel);

	m->names.symbols = m->symbols;
	m->names.stacks_fd = bpf_map__fd(m->skel->maps.stacks);
	if (m->stacks == STACKS_FP)
		return 0;
	m->unwind = unwind_tables_new(&maps);
	m->js = m->names.js = js_names_new(&js_maps, m->loop, m->options->has_js_tiers);
	return m->unwind && m->js ? 0 : log_errno(-ENOMEM, "cannot start");
}

/* The tracepoints of processes and mappings; uprobes are attached per process. */
static int attach_tracepoints(struct memleak_trace_bpf *skel, const struct memleak_options *o)
{
	const struct probe_hook hooks[] = {
		{ skel->progs.process_exit, &skel->links.process_exit, true },
		{ skel->progs.process_exec, &skel->links.process_exec, true },
		{ skel->progs.process_fork, &skel->links.process_fork, o->follow_children },
		{ skel->progs.map_exit, &skel->links.map_exit, o->with_mmap },
		{ skel->progs.map_enter, &skel->links.map_enter, o->with_mmap },
	};

	return probe_attach(hooks, sizeof(hooks) / sizeof(*hooks));
}

static int load(struct memleak *m)
{
	int err;

	m->skel = memleak_trace_bpf__open();
	if (!m->skel)
		return log_errno(-errno, "cannot open the BPF programs");
	err = configure(m);
	if (!err)
		err = probe_load(m->skel->skeleton);
	if (!err)
		err = attach_tracepoints(m->skel, m->options);
	if (!err)
		err = open_unwinding(m);
	if (err)
		return err;
	m->ring = ring_buffer__new(bpf_map__fd(m->skel->maps.events), on_event, m, NULL);
	return m->ring ? 0 : log_errno(-errno, "cannot read the ring buffer");
}

int memleak_open(const struct memleak_options *options, struct loop *loop, struct memleak **ret)
{
	struct memleak *m = calloc(1, sizeof(*m));
	int err;

	if (!m)
		return log_errno(-ENOMEM, "cannot start");
	m->options = options;
	m->loop = loop;
	m->stacks = stack_method_choose(options->stacks);
	m->symbols = symbols_new();
	m->leaks = leaks_new();
	err = m->symbols && m->leaks ? load(m) : log_errno(-ENOMEM, "cannot start");
	if (err) {
		memleak_free(m);
		return err;
	}
	m->probe_ns = probe_cost_ns();
	*ret = m;
	return 0;
}

void memleak_free(struct memleak *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->watch_count; i++)
		watch_free(m->watches[i]);
	ring_buffer__free(m->ring);
	memleak_trace_bpf__destroy(m->skel);
	symbols_free(m->symbols);
	unwind_tables_free(m->unwind);
	js_names_free(m->js);
	stack_names_done(&m->names);
	leaks_free(m->leaks);
	leak_rows_done(&m->rows);
	free(m->report_targets);
	free(m);
}

void memleak_freep(struct memleak **m)
{
	memleak_free(*m);
}

static int on_ring(void *ctx)
{
	struct memleak *m = ctx;
	int n = ring_buffer__consume(m->ring);

	if (n < 0)
		return n;
	return memleak_goes_on(m);
}

static int on_sample(void *ctx)
{
	int err = memleak_walk(ctx);

	return err ? log_errno(err, "cannot read the ledger") : 0;
}

int memleak_start(struct memleak *m)
{
	int err;

	m->started_ns = m->guard_ns = m->refreshed_ns = clock_monotonic_ns();
	err = memleak_walk(m); /* the first sample: what was there at the start */
	if (!err)
		err = loop_add_fd(m->loop, ring_buffer__epoll_fd(m->ring), on_ring, m);
	if (!err)
		err = loop_every(m->loop, HOUSEKEEPING_NS, memleak_housekeeping, m);
	if (!err)
		err = loop_every(m->loop, m->options->sample_ns, on_sample, m);
	return err ? log_errno(err, "cannot start") : 0;
}

void memleak_stop(struct memleak *m)
{
	m->stopped_ns = clock_monotonic_ns();
	for (size_t i = 0; i < m->watch_count; i++)
		watch_pause(m->watches[i]); /* all at once: detaching takes its time */
	for (size_t i = 0; i < m->watch_count; i++)
		watch_detach(m->watches[i]);
	(void)ring_buffer__consume(
		m->ring); /* what is left in it; events of processes come too late */
}

const char *memleak_describe(struct memleak *m)
{
	const struct watch *first = m->watch_count ? m->watches[0] : NULL;
	size_t running = memleak_running(m);

	if (!first)
		return "";
	if (running > 1)
		(void)snprintf(m->description, sizeof(m->description),
			       "%zu processes, first %s (PID %d), %s", running, first->target.comm,
			       first->target.pid, first->allocator);
	else
		(void)snprintf(m->description, sizeof(m->description), "%s (PID %d), %s",
			       first->target.comm, first->target.pid, first->allocator);
	return m->description;
}

/* --- the report --- */

static const char *state_text(enum watch_state state)
{
	switch (state) {
	case WATCH_ENDED:
		return "ended";
	case WATCH_EXECUTED:
		return "executed another program";
	case WATCH_DETACHED:
		return "detached";
	default:
		return "running";
	}
}

/* How often the kernel skipped one of our programs because it was running already. */
static uint64_t missed_runs(const struct memleak *m)
{
	const struct bpf_program *progs[] = { m->skel->progs.alloc_enter, m->skel->progs.alloc_exit,
					      m->skel->progs.free_enter };
	uint64_t missed = 0;

	for (size_t i = 0; i < sizeof(progs) / sizeof(*progs); i++) {
		struct bpf_prog_info info = { 0 };
		__u32 size = sizeof(info);

		if (bpf_obj_get_info_by_fd(bpf_program__fd(progs[i]), &info, &size) == 0)
			missed += info.recursion_misses;
	}
	return missed;
}

static int fill_targets(struct memleak *m, uint64_t now_ns, struct leak_counts *ret_total)
{
	struct leak_target *targets = calloc(m->watch_count + 1, sizeof(*targets));

	if (!targets)
		return -ENOMEM;
	free(m->report_targets);
	m->report_targets = targets;
	for (size_t i = 0; i < m->watch_count; i++) {
		const struct watch *w = m->watches[i];
		int err = memleak_counts(m, w, &targets[i].counts, &targets[i].stacks);

		if (err)
			return err;
		targets[i].pid = w->target.pid;
		targets[i].start_ticks = w->target.start_ticks;
		targets[i].comm = w->target.comm;
		targets[i].exe = w->target.exe;
		targets[i].allocator = w->allocator;
		targets[i].state = state_text(w->state);
		if (w->attached_ns)
			targets[i].window_ns =
				(w->ended_ns ? w->ended_ns : now_ns) - w->attached_ns;
		if (i == 0)
			targets[i].counts.missed_runs =
				missed_runs(m); /* not told apart by process */
		leak_counts_add(ret_total, &targets[i].counts);
	}
	return 0;
}

static uint64_t buckets(uint64_t max_entries)
{
	uint64_t n = 1;

	while (n < max_entries)
		n *= 2;
	return n;
}

static uint64_t table_bytes(const struct memleak *m)
{
	const struct memleak_options *o = m->options;

	return m->live_blocks * BLOCK_ELEMENT_BYTES +
	       leaks_stack_count(m->leaks) * STACK_ELEMENT_BYTES +
	       BUCKET_BYTES *
		       (buckets(o->max_blocks) + buckets(o->max_stacks) + buckets(o->max_threads));
}

static const char *sort_text(enum leak_sort sort)
{
	static const char *const texts[] = { [LEAK_BY_BYTES] = "bytes",
					     [LEAK_BY_COUNT] = "count",
					     [LEAK_BY_GROWTH] = "growth",
					     [LEAK_BY_AGE] = "age" };

	return texts[sort];
}

/* What the unwind tables cost. */
static void fill_unwinding(const struct memleak *m, struct leak_report *r)
{
	struct unwind_tables_cost cost;

	if (!m->unwind)
		return;
	unwind_tables_cost(m->unwind, &cost);
	r->unwind_bytes = cost.kernel_bytes;
	r->unwind_load_ns = cost.load_ns;
	r->table_bytes += cost.kernel_bytes;
}

static void fill_losses(struct memleak *m, const struct leak_counts *total, struct leak_report *r)
{
	double events = (double)(total->allocs + total->frees);
	const char *unread = symbols_note(m->symbols);

	r->lost_pct = events > 0 ? 100.0 * (double)leak_counts_lost(total) / events : 0;
	r->is_complete =
		r->lost_pct <= m->options->max_loss_pct && !m->has_let_go && !m->refused_children;
	m->report_note[0] = 0;
	if (m->note[0])
		text_add_sentence(m->report_note, sizeof(m->report_note), "%s", m->note);
	if (m->missed_children || m->refused_children)
		text_add_sentence(
			m->report_note, sizeof(m->report_note),
			"child processes not traced: %u ended before they could be, %u for "
			"another reason",
			m->missed_children, m->refused_children);
	if (unread)
		text_add_sentence(m->report_note, sizeof(m->report_note), "%s", unread);
	r->note = m->report_note[0] ? m->report_note : NULL;
}

int memleak_report(struct memleak *m, bool is_final, struct leak_report *ret_report)
{
	const struct memleak_options *o = m->options;
	uint64_t now_ns = m->stopped_ns ? m->stopped_ns : clock_monotonic_ns();
	struct leak_counts total = { 0 };
	int err = memleak_walk(m);

	if (err)
		return log_errno(err, "cannot read the ledger");
	leak_rows_done(&m->rows);
	err = js_names_read_fresh(m->js);
	if (err)
		return log_errno(err, "cannot make the report");
	memleak_resolve_all(m);
	err = leaks_rows(m->leaks, memleak_names, m, o->sort, MIN_SLOPE_BYTES, &m->rows);
	if (!err)
		err = fill_targets(m, now_ns, &total);
	if (err)
		return log_errno(err, "cannot make the report");
	*ret_report = (struct leak_report){
		.version = VERSION,
		.time_ns = clock_realtime_ns(),
		.window_ns = now_ns - m->started_ns,
		.interval_ns = leaks_sample_distance_ns(m->leaks),
		.samples = leaks_samples(m->leaks),
		.is_final = is_final,
		.min_age_ns = o->min_age_ns,
		.min_size_bytes = o->min_size_bytes,
		.max_size_bytes = o->max_size_bytes,
		.sort = sort_text(o->sort),
		.targets = m->report_targets,
		.target_count = m->watch_count,
		.rows = m->rows.at,
		.row_count = m->rows.len,
		.top = o->top,
		.own_rss_bytes = procfs_own_rss_bytes(),
		.own_cpu_ns = clock_process_cpu_ns(),
		.table_bytes = table_bytes(m),
		.live_blocks = m->live_blocks,
		.max_blocks = o->max_blocks,
		.probe_cost_ns = m->probe_ns,
	};
	fill_unwinding(m, ret_report);
	fill_losses(m, &total, ret_report);
	return 0;
}

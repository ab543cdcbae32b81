// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Opening, sampling, and the profile: what the tool calls. */
#include "collect/cpu_sample_state.h"

#include "base/scope.h"
#include "base/text.h"
#include "host/fd.h"
#include "host/log.h"
#include "probe/load.h"
#include "probe/tables.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#define HOUSEKEEPING_NS	      (100 * NS_PER_MS)
#define SYSTEM_WIDE_PROCESSES 4096

static int on_event(void *ctx, void *data, size_t size)
{
	if (size < sizeof(struct process_event))
		return 0;
	return cpu_sample_process_event(ctx, data);
}

static bool is_off_cpu(const struct cpu_sample *c)
{
	return c->options->mode != CPU_SAMPLE_ON_CPU;
}

static int configure(struct cpu_sample *c)
{
	const struct cpu_sample_options *o = c->options;
	struct cpu_sample_bpf *skel = c->skel;
	int err = bpf_map__set_max_entries(skel->maps.stacks, o->max_stacks);

	/*
	 * All elements from the start: where a clock interrupts, the kernel can make only a few new
	 * ones of this size in a row.
	 */
	if (!err)
		err = bpf_map__set_map_flags(skel->maps.stacks, 0);

	skel->rodata->stacks_by_kernel = c->stacks == STACKS_FP;
	skel->rodata->stacks_may_use_fp = c->stacks != STACKS_DWARF;
	skel->rodata->is_system_wide = o->is_system_wide;
	skel->rodata->by_thread = o->by_thread;
	skel->rodata->has_user = o->has_user;
	skel->rodata->has_kernel = o->has_kernel;
	skel->rodata->follows_children = o->follow_children;
	skel->rodata->only_tid = (uint32_t)o->only_tid;
	skel->rodata->min_wait_ns = o->min_wait_ns;
	(void)bpf_program__set_autoload(skel->progs.on_clock, o->mode != CPU_SAMPLE_OFF_CPU);
	(void)bpf_program__set_autoload(skel->progs.on_switch, is_off_cpu(c));
	(void)bpf_program__set_autoload(skel->progs.on_wakeup, is_off_cpu(c));
	(void)bpf_program__set_autoload(skel->progs.process_fork, o->follow_children);
	if (!err && o->is_system_wide)
		err = bpf_map__set_max_entries(skel->maps.unwind_processes, SYSTEM_WIDE_PROCESSES);
	return err ? log_errno(err, "table sizes") : 0;
}

static int open_unwinding(struct cpu_sample *c)
{
	const struct unwind_maps maps = UNWIND_MAPS(c->skel);
	const struct js_maps js_maps = JS_MAPS(c->skel);

	if (c->stacks == STACKS_FP || !c->options->has_user)
		return 0;
	c->unwind = unwind_tables_new(&maps);
	c->js = js_names_new(&js_maps, c->loop, c->options->has_js_tiers);
	return c->unwind && c->js ? 0 : -ENOMEM;
}

static int load(struct cpu_sample *c)
{
	int err;

	c->skel = cpu_sample_bpf__open();
	if (!c->skel)
		return log_errno(-errno, "cannot open the BPF programs");
	err = configure(c);
	if (!err)
		err = probe_load(c->skel->skeleton);
	if (err)
		return err;
	err = open_unwinding(c);
	if (!err && c->options->has_kernel)
		err = kernel_symbols_open(&c->kernel);
	if (err == -EPERM) /* said: kernel frames are there, without names */
		err = 0;
	if (err)
		return log_errno(err, "cannot start");
	c->names.symbols = c->symbols;
	c->names.kernel = c->kernel;
	c->names.stacks_fd = bpf_map__fd(c->skel->maps.stacks);
	c->names.js = c->js;
	c->ring = ring_buffer__new(bpf_map__fd(c->skel->maps.events), on_event, c, NULL);
	return c->ring ? 0 : log_errno(-errno, "cannot read the ring buffer");
}

int cpu_sample_open(const struct cpu_sample_options *options, struct loop *loop,
		    struct cpu_sample **ret)
{
	struct cpu_sample *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return log_errno(-ENOMEM, "cannot start");
	fd_raise_limit();
	c->options = options;
	c->loop = loop;
	c->stacks = stack_method_choose(options->stacks);
	c->symbols = symbols_new();
	err = c->symbols ? load(c) : log_errno(-ENOMEM, "cannot start");
	if (err) {
		cpu_sample_free(c);
		return err;
	}
	*ret = c;
	return 0;
}

void cpu_sample_free(struct cpu_sample *c)
{
	struct sampled *s, *next;

	if (!c)
		return;
	HASH_ITER (hh, c->processes, s, next) {
		HASH_DEL(c->processes, s);
		sampled_free(s);
	}
	clock_events_detach(&c->events);
	ring_buffer__free(c->ring);
	unwind_tables_free(c->unwind);
	js_names_free(c->js);
	cpu_sample_bpf__destroy(c->skel);
	kernel_symbols_free(c->kernel);
	symbols_free(c->symbols);
	stack_names_done(&c->names);
	free(c);
}

void cpu_sample_freep(struct cpu_sample **c)
{
	cpu_sample_free(*c);
}

static int on_ring(void *ctx)
{
	struct cpu_sample *c = ctx;
	int n = ring_buffer__consume(c->ring);

	return n < 0 ? n : 0;
}

/* The tracepoints; the clock is attached apart. */
static int attach_tracepoints(struct cpu_sample *c)
{
	struct cpu_sample_bpf *skel = c->skel;
	const struct probe_hook hooks[] = {
		{ skel->progs.process_exit, &skel->links.process_exit, true },
		{ skel->progs.process_exec, &skel->links.process_exec, true },
		{ skel->progs.process_fork, &skel->links.process_fork,
		  c->options->follow_children },
		{ skel->progs.on_wakeup, &skel->links.on_wakeup, is_off_cpu(c) },
		{ skel->progs.on_switch, &skel->links.on_switch, is_off_cpu(c) },
	};

	return probe_attach(hooks, sizeof(hooks) / sizeof(*hooks));
}

int cpu_sample_start(struct cpu_sample *c)
{
	const struct cpu_sample_options *o = c->options;
	int err = attach_tracepoints(c);

	if (err)
		return err;
	if (o->is_system_wide)
		cpu_sample_meet_all(c);
	else if (o->follow_children)
		cpu_sample_meet_children(c);
	c->started_ns = c->refreshed_ns = clock_monotonic_ns();
	c->started_realtime_ns = clock_realtime_ns();
	if (o->mode != CPU_SAMPLE_OFF_CPU)
		err = clock_events_attach(c->skel->progs.on_clock, o->frequency_hz,
					  o->event == CPU_SAMPLE_CYCLES, &c->events);
	if (err)
		return log_errno(err, "cannot sample the CPUs");
	if (o->event == CPU_SAMPLE_CYCLES && !c->events.is_hardware)
		log_warn("this machine counts no cycles: sampling by the clock");
	err = loop_add_fd(c->loop, ring_buffer__epoll_fd(c->ring), on_ring, c);
	if (!err)
		err = loop_every(c->loop, HOUSEKEEPING_NS, cpu_sample_housekeeping, c);
	return err ? log_errno(err, "cannot start") : 0;
}

void cpu_sample_stop(struct cpu_sample *c)
{
	if (c->stopped_ns)
		return;
	clock_events_detach(&c->events);
	(void)bpf_link__destroy(c->skel->links.on_switch);
	c->skel->links.on_switch = NULL;
	c->stopped_ns = clock_monotonic_ns();
	for (struct sampled *s = c->processes; s; s = s->hh.next)
		if (s->is_open && !s->is_ended)
			(void)sampled_refresh(s); /* what was loaded last has names too */
}

const char *cpu_sample_describe(struct cpu_sample *c)
{
	const struct sampled *first = c->processes;
	size_t count = HASH_COUNT(c->processes);

	if (c->options->is_system_wide || !first)
		(void)snprintf(c->description, sizeof(c->description), "all processes");
	else if (count > 1)
		(void)snprintf(c->description, sizeof(c->description),
			       "%zu processes, first %s (PID %d)", count, first->target.comm,
			       first->pid);
	else
		(void)snprintf(c->description, sizeof(c->description), "%s (PID %d)",
			       first->target.comm, first->pid);
	return c->description;
}

/* Sums the counters of all rows in use. 0 or -errno. */
static int sum_counters(const struct cpu_sample *c, uint64_t ret[SAMPLE_COUNTERS])
{
	return table_sum_rows(bpf_map__fd(c->skel->maps.counters),
			      c->options->is_system_wide ? 1 : c->slots, ret, SAMPLE_COUNTERS);
}

static uint64_t lost_of(const uint64_t counters[SAMPLE_COUNTERS])
{
	return counters[SAMPLE_LOST_SAMPLES] + counters[SAMPLE_LOST_STACKS] +
	       counters[SAMPLE_LOST_WAITS] + counters[SAMPLE_LOST_EVENTS];
}

void cpu_sample_counts(const struct cpu_sample *c, uint64_t *ret_taken, uint64_t *ret_lost)
{
	uint64_t counters[SAMPLE_COUNTERS];

	*ret_taken = *ret_lost = 0;
	if (sum_counters(c, counters))
		return;
	*ret_taken = counters[SAMPLE_TAKEN];
	*ret_lost = lost_of(counters);
}

static const char *event_name(const struct cpu_sample *c)
{
	if (c->options->mode == CPU_SAMPLE_OFF_CPU)
		return "off-cpu";
	if (c->options->mode == CPU_SAMPLE_WALL)
		return "wall";
	return c->events.is_hardware ? "cycles" : "cpu-clock";
}

/* What was lost, and what to know. */
static void fill_note(struct cpu_sample *c, const uint64_t counters[SAMPLE_COUNTERS],
		      struct profile_meta *m)
{
	const char *symbols = symbols_note(c->symbols);

	c->note[0] = 0;
	if (c->missed_children)
		text_add_sentence(c->note, sizeof(c->note),
				  "%u child processes ended before they could be looked at",
				  c->missed_children);
	if (counters[SAMPLE_LOST_STACKS])
		text_add_sentence(c->note, sizeof(c->note),
				  "%ju stacks had no room: raise --max-stacks",
				  (uintmax_t)counters[SAMPLE_LOST_STACKS]);
	if (symbols)
		text_add_sentence(c->note, sizeof(c->note), "%s", symbols);
	m->note = c->note[0] ? c->note : NULL;
	m->lost = lost_of(counters);
	m->is_complete = (double)m->lost * 100 <=
			 c->options->max_loss_pct * (double)(counters[SAMPLE_TAKEN] + m->lost);
}

/* Of the kernel's modules none is known. */
static const char *build_id(void *ctx, const char *module, bool is_kernel)
{
	struct cpu_sample *c = ctx;

	if (!is_kernel)
		return symbols_build_id(c->symbols, module);
	return c->kernel && strcmp(module, FRAME_KERNEL_MODULE) == 0
		       ? kernel_symbols_build_id(c->kernel)
		       : NULL;
}

int cpu_sample_meta(struct cpu_sample *c, uint64_t since_ns, struct profile_meta *m)
{
	const struct cpu_sample_options *o = c->options;
	uint64_t counters[SAMPLE_COUNTERS];
	struct unwind_tables_cost cost = { 0 };
	int err = sum_counters(c, counters);

	if (err)
		return err;
	if (c->unwind)
		unwind_tables_cost(c->unwind, &cost);
	*m = (struct profile_meta){
		.version = VERSION,
		.event = event_name(c),
		.title = cpu_sample_describe(c),
		.time_ns = c->started_realtime_ns,
		.duration_ns = (c->stopped_ns ? c->stopped_ns : clock_monotonic_ns()) - since_ns,
		.frequency_hz = o->mode == CPU_SAMPLE_OFF_CPU ? 0 : o->frequency_hz,
		.period_ns = o->mode == CPU_SAMPLE_OFF_CPU ? 0 : NS_PER_S / o->frequency_hz,
		.stacks.by_fp = counters[SAMPLE_STACKS_BY_FP],
		.own_rss_bytes = procfs_own_rss_bytes(),
		.own_cpu_ns = clock_process_cpu_ns(),
		.table_bytes = cost.kernel_bytes,
		.build_id = build_id,
		.build_id_ctx = c,
	};
	memcpy(m->stacks.ended, counters + SAMPLE_STACKS, sizeof(m->stacks.ended));
	m->stacks.js = c->js_counts;
	fill_note(c, counters, m);
	return 0;
}

int cpu_sample_profile(struct cpu_sample *c, struct profile_meta *ret_meta,
		       struct profile **ret_profile)
{
	_release_(sample_list_done) struct sample_list now = { 0 };
	const struct sample_list nothing = { 0 };
	struct profile *p = profile_new();
	int err = p ? cpu_sample_read(c, &now) : -ENOMEM;

	if (!err)
		err = cpu_sample_fill(c, &now, &nothing, p);
	if (!err)
		err = cpu_sample_meta(c, c->started_ns, ret_meta);
	if (err) {
		profile_free(p);
		return log_errno(err, "cannot make the report");
	}
	*ret_profile = p;
	return 0;
}

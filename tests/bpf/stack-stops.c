// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Takes stacks of a process as the tools do, for tests that check them.
 *
 *	stack-stops stops PID STOPS ONE_IN	at returns of malloc
 *	stack-stops ticks PID STOPS HZ		when a CPU's clock ticks
 *		At STOPS of them the thread gets SIGURG before it goes on, for gdb to look at it
 *		(tests/support/gdb_stacks.py): those with a stack not met before, and of the others
 *		one in ONE_IN, or none. Each is a line, hexadecimal, leaf first:
 *		"stop TID SP return|tick END FRAME..."
 *	stack-stops count PID SECONDS		at returns of malloc
 *	stack-stops sample PID SECONDS HZ [incomplete]	when a CPU's clock ticks
 *	stack-stops switch PID SECONDS		when a thread leaves its CPU
 *		Each sampled stack, but of the others and with "incomplete" only one that is not
 *		complete, is a line, root first: "COUNT END FRAME;FRAME..."
 *
 * Says "ready" on standard error; the last line is a JSON object with all counts.
 */
#include "base/scope.h"
#include "host/clock.h"
#include "host/log.h"
#include "probe/allocator.h"
#include "probe/load.h"
#include "probe/process_code.h"
#include "probe/stacks.h"
#include "probe/v8_programs.h"
#include "profile/stack_counts.h"

#include "abi/memleak-trace.h"
#include "stack-stops.h"
#include "test/stack-stops.skel.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_CPUS     64
#define STOPS_MAX_NS (60 * 1000000000ull) /* for stops that do not come */

enum mode { MODE_STOPS, MODE_TICKS, MODE_COUNT, MODE_SAMPLE, MODE_SWITCH, MODES };

static const char *const mode_names[MODES] = { "stops", "ticks", "count", "sample", "switch" };

struct run {
	enum mode mode;
	unsigned long amount, rate; /* the arguments after PID */
	bool prints_complete;
	struct target target;
	struct stack_stops_bpf *skel;
	struct unwind_tables *tables;
	struct v8_programs *programs;
	struct symbols *symbols;
	struct uprobe_links uprobes;
	struct bpf_link *links[MAX_CPUS];
	size_t link_count;
	struct ring_buffer *ring;
	unsigned long stops, refreshes;
};

static bool is_stopping(const struct run *r)
{
	return r->mode == MODE_STOPS || r->mode == MODE_TICKS;
}

static int refresh(struct run *r)
{
	_release_(procmaps_done) struct procmaps maps = { 0 };
	struct v8_program program;
	int err = target_maps(&r->target, &maps);

	r->refreshes++;
	if (!err)
		err = process_code_take(r->symbols, r->tables, &r->target, &maps);
	return err ? err : v8_programs_look(r->programs, &r->target, &maps, &program);
}

/* --- stops --------------------------------------------------------------------------------------
 */

static int on_event(void *ctx, void *data, size_t size)
{
	const struct stops_event *e = data;
	struct run *r = ctx;
	struct stack_frames f;
	int err;

	if (size < sizeof(*e))
		return -EBADMSG;
	if (e->kind == STOPS_UNMAPPED) {
		err = refresh(r);
		return err == -ESRCH ? 0 : err;
	}
	err = stack_read(bpf_map__fd(r->skel->maps.stacks), e->stack, &f);
	if (err)
		return log_errno(err, "cannot read a stack");
	r->stops++;
	printf("stop %u %" PRIx64 " %s %s", e->tid, (uint64_t)e->sp,
	       e->is_return ? "return" : "tick", stack_end_names[e->end]);
	for (size_t i = 0; i < f.len; i++)
		printf(" %" PRIx64, f.at[i]);
	putchar('\n');
	return 0;
}

/* --- counted stacks -----------------------------------------------------------------------------
 */

/* With what was inlined there, outermost first. */
static void print_place(struct run *r, uint64_t addr)
{
	struct frame frames[16];
	size_t len = symbols_frames(r->symbols, r->target.pid, addr, frames, 16);

	if (!len)
		printf("[unmapped]");
	for (size_t i = len; i-- > 0;) {
		if (frames[i].function[0])
			printf("%s", frames[i].function);
		else
			printf("%s+0x%" PRIx64, frames[i].module, frames[i].offset);
		if (i)
			putchar(';');
	}
}

static int print_stack(struct run *r, uint64_t id, uint64_t count)
{
	struct stack_frames f;
	int err = stack_read(bpf_map__fd(r->skel->maps.stacks), id, &f);

	if (!err && !r->prints_complete && f.end == STACK_COMPLETE)
		return 0;
	if (!err)
		err = symbols_resolve(r->symbols, r->target.pid, f.at, f.len);
	if (err)
		return log_errno(err, "cannot read a stack");
	printf("%" PRIu64 " %s ", count, stack_end_names[f.end]);
	for (size_t i = f.len; i-- > 0;) {
		print_place(r, f.at[i]);
		if (i)
			putchar(';');
	}
	putchar('\n');
	return 0;
}

static int print_stacks(struct run *r)
{
	int fd = bpf_map__fd(r->skel->maps.met);
	uint64_t id, count, *last = NULL;
	int err = 0;

	while (!err && bpf_map_get_next_key(fd, last, &id) == 0) {
		if (bpf_map_lookup_elem(fd, &id, &count) == 0)
			err = print_stack(r, id, count);
		last = &id;
	}
	return err;
}

static void print_counts(const struct run *r)
{
	struct unwind_tables_cost cost;

	unwind_tables_cost(r->tables, &cost);
	printf("{\"mode\":\"%s\",\"stacks\":%" PRIu64 ",\"ends\":{", mode_names[r->mode],
	       (uint64_t)r->skel->bss->stack_count);
	for (size_t i = 0; i < STACK_ENDS; i++)
		printf("%s\"%s\":%" PRIu64, i ? "," : "", stack_end_names[i],
		       (uint64_t)r->skel->bss->stack_ends[i]);
	printf("},\"by_fp\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"without_memory\":%" PRIu64
	       ",\"stops\":%lu,\"refreshes\":%lu,\"table_bytes\":%" PRIu64 "}\n",
	       (uint64_t)r->skel->bss->by_fp_count, (uint64_t)r->skel->bss->lost_count,
	       (uint64_t)r->skel->bss->ended_count, r->stops, r->refreshes, cost.kernel_bytes);
}

/* --- begin and end ------------------------------------------------------------------------------
 */

/*
 * For gdb only functions that call no other one of them (malloc and calloc): it would find the
 * kernel's trampoline in place of the return address of a call whose return is waited for.
 */
static bool is_wanted(const struct run *r, uint64_t cookie)
{
	return r->mode != MODE_STOPS || cookie == COOKIE_PLAIN(0) ||
	       (COOKIE_FIELD(cookie, 1) != ARG_NONE && COOKIE_FIELD(cookie, 2) == ARG_NONE);
}

static int attach_allocator(struct run *r, const struct allocator *a)
{
	struct uprobe_place places[ALLOCATOR_MAX_PROBES];
	struct uprobe_request request = {
		.prog = r->skel->progs.at_return,
		.fd = a->fd,
		.pid = r->target.pid,
		.is_return = true,
		.places = places,
	};

	for (size_t i = 0; i < a->alloc_count; i++)
		if (is_wanted(r, a->allocs[i].cookie))
			places[request.count++] = a->allocs[i];
	return request.count ? uprobes_attach(&r->uprobes, &request) : 0;
}

static int attach_allocators(struct run *r)
{
	_release_(allocators_done) struct allocators found = { 0 };
	int err = allocators_find(&r->target, false, &found);

	for (size_t i = 0; !err && i < found.len; i++)
		err = attach_allocator(r, &found.at[i]);
	return err;
}

static int keep_link(struct run *r, struct bpf_link *link)
{
	if (!link)
		return log_errno(-errno, "cannot attach");
	r->links[r->link_count++] = link;
	return 0;
}

static int attach_clock(struct run *r)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = 1000000000ull / r->rate,
	};
	int cpus = libbpf_num_possible_cpus(), err = 0;

	for (int cpu = 0; !err && cpu < cpus && cpu < MAX_CPUS; cpu++) {
		int fd =
			(int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

		if (fd < 0)
			return log_errno(-errno, "perf_event_open");
		err = keep_link(r, bpf_program__attach_perf_event(r->skel->progs.at_sample, fd));
	}
	return err;
}

static int attach(struct run *r)
{
	switch (r->mode) {
	case MODE_TICKS:
	case MODE_SAMPLE:
		return attach_clock(r);
	case MODE_SWITCH:
		return keep_link(r, bpf_program__attach(r->skel->progs.at_switch));
	default:
		return attach_allocators(r);
	}
}

static int load(struct run *r)
{
	struct stack_stops_bpf *skel = r->skel = stack_stops_bpf__open();
	bool is_uprobe = r->mode == MODE_STOPS || r->mode == MODE_COUNT;
	bool is_clock = r->mode == MODE_TICKS || r->mode == MODE_SAMPLE;

	if (!skel)
		return log_errno(-errno, "cannot open");
	skel->rodata->target_tgid = (uint32_t)r->target.pid;
	skel->rodata->max_stops = is_stopping(r) ? (uint32_t)r->amount : 0;
	skel->rodata->one_in = r->mode == MODE_STOPS ? (uint32_t)r->rate : UINT32_MAX;
	(void)bpf_program__set_autoload(skel->progs.at_return, is_uprobe);
	(void)bpf_program__set_autoload(skel->progs.at_sample, is_clock);
	(void)bpf_program__set_autoload(skel->progs.at_switch, r->mode == MODE_SWITCH);
	if (is_uprobe)
		uprobes_prepare(skel->progs.at_return);
	return probe_load(skel->skeleton);
}

static int prepare(struct run *r)
{
	struct unwind_maps maps;
	int err = load(r);

	if (err)
		return err;
	maps = UNWIND_MAPS(r->skel);
	r->tables = unwind_tables_new(&maps);
	r->symbols = symbols_new();
	r->ring = ring_buffer__new(bpf_map__fd(r->skel->maps.events), on_event, r, NULL);
	r->programs = v8_programs_new(maps.js);
	if (!r->tables || !r->symbols || !r->ring || !r->programs)
		return log_errno(-ENOMEM, "cannot start");
	return refresh(r);
}

static void detach(struct run *r)
{
	uprobes_detach(&r->uprobes);
	while (r->link_count)
		(void)bpf_link__destroy(r->links[--r->link_count]);
}

static void run_done(struct run *r)
{
	detach(r);
	ring_buffer__free(r->ring);
	v8_programs_free(r->programs);
	unwind_tables_free(r->tables);
	symbols_free(r->symbols);
	stack_stops_bpf__destroy(r->skel);
	target_done(&r->target);
}

static bool is_over(const struct run *r, uint64_t began_ns)
{
	uint64_t passed_ns = clock_monotonic_ns() - began_ns;

	if (is_stopping(r))
		return r->stops >= r->amount || passed_ns > STOPS_MAX_NS;
	return passed_ns > r->amount * 1000000000ull;
}

static int observe(struct run *r)
{
	uint64_t began_ns = clock_monotonic_ns();
	int err = attach(r);

	if (err)
		return err;
	fprintf(stderr, "ready\n");
	while (err >= 0 && !is_over(r, began_ns) && target_is_same(&r->target))
		err = ring_buffer__poll(r->ring, 50);
	if (err < 0)
		return log_errno(err, "stopped");
	detach(r);
	if (!is_stopping(r))
		err = print_stacks(r);
	print_counts(r);
	return err < 0 ? err : 0;
}

static bool arguments(struct run *r, int argc, char **argv)
{
	if (argc < 4)
		return false;
	while (r->mode < MODES && strcmp(mode_names[r->mode], argv[1]) != 0)
		r->mode++;
	r->amount = strtoul(argv[3], NULL, 10);
	r->rate = argc > 4 ? strtoul(argv[4], NULL, 10) : 99;
	r->prints_complete = r->mode == MODE_SAMPLE && argc <= 5;
	return r->mode < MODES && r->amount && r->rate;
}

int main(int argc, char **argv)
{
	struct run r = { 0 };
	int err;

	log_init("stack-stops", LOG_WARN);
	probe_log_init();
	if (!arguments(&r, argc, argv)) {
		fprintf(stderr,
			"usage: stack-stops stops|ticks|count|sample|switch PID AMOUNT [RATE [incomplete]]\n");
		return 2;
	}
	err = target_open(&r.target, (pid_t)strtoul(argv[2], NULL, 10), NULL);
	if (err)
		return log_errno(err, "%s", argv[2]), 3;
	err = prepare(&r);
	if (!err)
		err = observe(&r);
	run_done(&r);
	return err ? 1 : 0;
}

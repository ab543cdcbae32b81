// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Prints one of a few fixed reports of loop-stall: loop_report CASE FORMAT. What comes out is
 * compared with the files beside this one, and read back by others' programs (tests/readers).
 */
#include "report/loop_report.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array)  (sizeof(array) / sizeof(*(array)))
#define FRAMES(array) .frames = (array), .depth = COUNT(array)
#define STACKS(array) .stacks = (array), .stack_count = COUNT(array)
#define LOOPS(array)  .loops = (array), .loop_count = COUNT(array)
#define STALLS(array) .stalls = (array), .stall_count = COUNT(array)
#define MIB	      1048576ull
#define US	      1000ull
#define MS	      1000000ull
#define SECOND	      1000000000ull
#define START_NS      (1795415174 * SECOND)
#define BEGAN_NS      (5000 * SECOND)

/* A stall that began so long after the start. */
#define AFTER(ns_) .time_ns = START_NS + (ns_), .began_ns = BEGAN_NS + (ns_)
#define PARTS(...) .part_ns = { __VA_ARGS__ }

#define FRAME(...) FRAME_OF(__VA_ARGS__)
#define FRAME_OF(f, m, path, number, address, what)                                                \
	{                                                                                          \
		.function = (f), .module = (m), .file = (path), .line = (number),                  \
		.offset = (address), .kind = (what), .column = (what) == FRAME_JIT ? 7 : 0         \
	}

struct loop_case {
	const char *name;
	struct loops loops;
	struct loop_report_style style;
};

/* --- a server in JavaScript ------------------------------------------------------------------- */

static const struct frame regexp_frames[] = {
	FRAME("RegExp:^(a+)+$", "[jit]", "", 0, 0x40, FRAME_JIT),
	FRAME("validate", "[jit]", "/srv/app/validate.js", 12, 0x1000, FRAME_JIT),
	FRAME("handleRequest", "[jit]", "/srv/app/server.js", 88, 0x2000, FRAME_JIT),
	FRAME("uv__io_poll", "node", "", 0, 0x9f10, FRAME_NATIVE),
	FRAME("uv_run", "node", "", 0, 0x9a00, FRAME_NATIVE),
};
static const struct frame sync_frames[] = {
	FRAME("schedule", "[kernel]", "", 0, 0x900, FRAME_KERNEL),
	FRAME("vfs_fsync_range", "[kernel]", "", 0, 0x5000, FRAME_KERNEL),
	FRAME("fsync", "libc.so.6", "", 0, 0x10e000, FRAME_NATIVE),
	FRAME("uv__fs_work", "node", "", 0, 0xa100, FRAME_NATIVE),
	FRAME("saveSession", "[jit]", "/srv/app/session.js", 31, 0x3000, FRAME_JIT),
	FRAME("uv_run", "node", "", 0, 0x9a00, FRAME_NATIVE),
};
static const struct frame spawn_frames[] = {
	FRAME("epoll_pwait", "libc.so.6", "", 0, 0x10e900, FRAME_NATIVE),
	FRAME("uv__io_poll", "node", "", 0, 0x9f10, FRAME_NATIVE),
	FRAME("node::SyncProcessRunner::TryInitializeAndRunLoop(v8::Local<v8::Value>)", "node", "",
	      0, 0xb000, FRAME_NATIVE),
};
static const struct frame collect_frames[] = {
	FRAME("v8::internal::Scavenger::Process(v8::JobDelegate*)", "node", "", 0, 0xc000,
	      FRAME_NATIVE),
	FRAME("v8::internal::Heap::CollectGarbage(v8::internal::AllocationSpace)", "node", "", 0,
	      0xc800, FRAME_NATIVE),
};

#define RUNNING_IN(array, samples, time)                                                           \
	{                                                                                          \
		.part = LOOP_RUNNING, .wait = "", .count = (samples), .ns = (time), FRAMES(array)  \
	}
#define ASLEEP_IN(what, in, array, time)                                                           \
	{                                                                                          \
		.part = (what), .wait = (in), .count = 1, .ns = (time), FRAMES(array)              \
	}

static const struct stall_stack regexp_stacks[] = { RUNNING_IN(regexp_frames, 42, 425 * MS) };
static const struct stall_stack sync_stacks[] = {
	ASLEEP_IN(LOOP_DISK, "fsync", sync_frames, 16 * MS),
	RUNNING_IN(sync_frames, 1, 9 * MS),
};
static const struct stall_stack spawn_stacks[] = {
	ASLEEP_IN(LOOP_NESTED, "epoll_pwait", spawn_frames, 61 * MS + 500 * US),
};
static const struct stall_stack collect_stacks[] = {
	{ .part = LOOP_GC, .wait = "", .count = 4, .ns = 45 * MS, FRAMES(collect_frames) },
	{ .part = LOOP_GC,
	  .wait = "futex",
	  .count = 9,
	  .ns = 64 * MS,
	  .cut = "no unwind table",
	  FRAMES(collect_frames) },
};
static const struct stall_stack innocent_stacks[] = { RUNNING_IN(regexp_frames, 33, 337 * MS) };

static const struct stall node_stalls[] = {
	{ AFTER(1234 * MS), .ns = 430 * MS,
	  PARTS([LOOP_RUNNING] = 425 * MS, [LOOP_RUN_QUEUE] = 5 * MS), .min_faults = 12,
	  STACKS(regexp_stacks) },
	{ AFTER(2500 * MS), .ns = 26700 * US,
	  PARTS([LOOP_RUNNING] = 9700 * US, [LOOP_RUN_QUEUE] = MS, [LOOP_DISK] = 16 * MS),
	  .longest_ns = 16 * MS, .longest_part = LOOP_DISK, .longest_wait = "fsync",
	  .longest_file = "sessions.db", STACKS(sync_stacks) },
	{ AFTER(3 * SECOND), .ns = 857 * MS,
	  PARTS([LOOP_RUNNING] = 337 * MS, [LOOP_RUN_QUEUE] = 511 * MS, [LOOP_DISK] = 9 * MS),
	  .min_faults = 2, .steal_pct = 12, .longest_ns = 9 * MS, .longest_part = LOOP_DISK,
	  .longest_wait = "openat", .longest_file = "", STACKS(innocent_stacks) },
	{ AFTER(4 * SECOND), .ns = 84400 * US,
	  PARTS([LOOP_RUNNING] = 5700 * US, [LOOP_RUN_QUEUE] = 600 * US, [LOOP_SLEEP] = 16600 * US,
		[LOOP_NESTED] = 61500 * US),
	  .longest_ns = 61500 * US, .longest_part = LOOP_NESTED, .longest_wait = "epoll_pwait",
	  .longest_file = "", STACKS(spawn_stacks) },
	{ AFTER(5 * SECOND), .ns = 150 * MS,
	  PARTS([LOOP_RUNNING] = 9 * MS, [LOOP_RUN_QUEUE] = 32 * MS, [LOOP_GC] = 109 * MS),
	  .min_faults = 40, .maj_faults = 2, STACKS(collect_stacks) },
	{ AFTER(6 * SECOND), .ns = 430 * MS,
	  PARTS([LOOP_RUNNING] = 429 * MS, [LOOP_RUN_QUEUE] = MS), STACKS(regexp_stacks) },
};

/* Its histograms are made at the start. */
static struct loop_info node_loops[] = {
	{ .pid = 4242,
	  .tid = 4242,
	  .process = "node",
	  .thread = "node",
	  .wait = "epoll",
	  .fd = 14 },
};

static void fill_node(struct loop_times *t, uint64_t iterations)
{
	struct loop_hist *h = t->hists;

	for (uint64_t i = 0; i < iterations; i++) {
		loop_hist_add(&h[LOOP_HIST_GAP], 40 * US + i % 97 * 7 * US, BEGAN_NS + i * MS);
		loop_hist_add(&h[LOOP_HIST_WAKE_LAG], 4 * US + i % 89 * 500, BEGAN_NS + i * MS);
	}
	for (size_t i = 0; i < COUNT(node_stalls); i++)
		loop_hist_add(&h[LOOP_HIST_GAP], node_stalls[i].ns, node_stalls[i].began_ns);
	for (uint64_t i = 0; i < 120; i++)
		loop_hist_add(&h[LOOP_HIST_EXPIRY], 90 * US + i * US, BEGAN_NS);
	for (uint64_t i = 0; i < 3; i++)
		loop_hist_add(&h[LOOP_HIST_PASSED], (i + 1) * 10400 * US, BEGAN_NS);
	t->window_ns = 10 * SECOND;
	t->iterations = h[LOOP_HIST_GAP].count;
	t->waits = 2 * t->iterations;
	t->merged = 30;
	t->busy_ns = h[LOOP_HIST_GAP].sum;
	t->polling_ns = 40 * MS;
	t->waiting_ns = t->window_ns - t->busy_ns - t->polling_ns;
	t->idle_ns = t->waiting_ns - 300 * MS;
	t->part_ns[LOOP_RUN_QUEUE] = 600 * MS;
	t->part_ns[LOOP_DISK] = 25 * MS;
	t->part_ns[LOOP_NESTED] = 61500 * US;
	t->part_ns[LOOP_GC] = 109 * MS;
	t->part_ns[LOOP_RUNNING] = t->busy_ns - 795500 * US;
	for (size_t i = 0; i < COUNT(node_stalls); i++)
		t->stall_ns += node_stalls[i].ns;
	t->stalls = COUNT(node_stalls);
}

/* --- two workers in C, one of which is stuck -------------------------------------------------- */

static const struct frame lock_frames[] = {
	FRAME("schedule", "[kernel]", "", 0, 0x900, FRAME_KERNEL),
	FRAME("futex_wait", "[kernel]", "", 0, 0x7000, FRAME_KERNEL),
	FRAME("pthread_mutex_lock", "libc.so.6", "", 0, 0x8f000, FRAME_NATIVE),
	FRAME("cache_get", "server", "src/cache.c", 130, 0x5020, FRAME_NATIVE),
	FRAME("on_request", "server", "src/server.c", 341, 0x3c52, FRAME_NATIVE),
};
static const struct stall_stack lock_stacks[] = {
	ASLEEP_IN(LOOP_SLEEP, "futex", lock_frames, 8 * SECOND),
};
static const struct stall_stack file_stacks[] = {
	ASLEEP_IN(LOOP_DISK, "fsync", sync_frames, 3200 * MS),
};
static const struct stall stuck_stalls[] = {
	{ .loop = 1,
	  AFTER(0),
	  .ns = 8002 * MS,
	  .is_at_least = true,
	  PARTS([LOOP_RUNNING] = MS, [LOOP_SLEEP] = 8001 * MS),
	  .longest_ns = 8 * SECOND,
	  .longest_part = LOOP_SLEEP,
	  .longest_wait = "futex",
	  .longest_file = "",
	  STACKS(lock_stacks) },
	{ .loop = 0,
	  AFTER(6800 * MS),
	  .ns = 3200 * MS,
	  .is_going_on = true,
	  PARTS([LOOP_DISK] = 3200 * MS),
	  .longest_ns = 3200 * MS,
	  .longest_part = LOOP_DISK,
	  .longest_wait = "fsync",
	  .longest_file = "wal.log",
	  STACKS(file_stacks) },
	{ .loop = 1,
	  AFTER(9 * SECOND),
	  .ns = SECOND,
	  .is_going_on = true,
	  PARTS([LOOP_RUNNING] = 999 * MS, [LOOP_RUN_QUEUE] = MS) },
};
static struct loop_info stuck_loops[] = {
	{ .pid = 10,
	  .tid = 11,
	  .process = "server",
	  .thread = "worker-1",
	  .wait = "epoll",
	  .fd = 5,
	  .stuck_ns = 3200 * MS },
	{ .pid = 10,
	  .tid = 12,
	  .process = "server",
	  .thread = "worker-2",
	  .wait = "poll",
	  .fd = -1,
	  .stuck_ns = SECOND },
	{ .pid = 10,
	  .tid = 13,
	  .process = "server",
	  .thread = "idle",
	  .wait = "io_uring",
	  .fd = -1,
	  .is_ended = true },
};

static void fill_stuck(void)
{
	struct loop_times *t = &stuck_loops[0].total;

	*t = (struct loop_times){ .window_ns = 10 * SECOND,
				  .waits = 150,
				  .iterations = 150,
				  .busy_ns = 150 * 100 * US,
				  .waiting_ns = 6785 * MS,
				  .idle_ns = 6780 * MS };
	for (int i = 0; i < 150; i++)
		loop_hist_add(&t->hists[LOOP_HIST_GAP], 100 * US, BEGAN_NS);
	t->part_ns[LOOP_RUNNING] = t->busy_ns;
	stuck_loops[0].interval = (struct loop_times){ .window_ns = SECOND };
	t = &stuck_loops[1].total;
	*t = (struct loop_times){ .window_ns = 10 * SECOND,
				  .waits = 2,
				  .iterations = 1,
				  .busy_ns = 8002 * MS,
				  .waiting_ns = 998 * MS,
				  .idle_ns = 990 * MS,
				  .stalls = 1,
				  .stall_ns = 8002 * MS };
	loop_hist_add(&t->hists[LOOP_HIST_GAP], 8002 * MS, BEGAN_NS + 8002 * MS);
	t->part_ns[LOOP_RUNNING] = MS;
	t->part_ns[LOOP_SLEEP] = 8001 * MS;
	stuck_loops[1].interval = *t;
	stuck_loops[1].interval.window_ns = SECOND;
	stuck_loops[2].total = (struct loop_times){
		.window_ns = 4 * SECOND, .waits = 3, .waiting_ns = 4 * SECOND, .idle_ns = 4 * SECOND
	};
	stuck_loops[2].interval = stuck_loops[2].total;
}

/* --- throttled -------------------------------------------------------------------------------- */

static const struct stall throttled_stalls[] = {
	{ AFTER(100 * MS), .ns = 90 * MS,
	  PARTS([LOOP_RUNNING] = 18 * MS, [LOOP_RUN_QUEUE] = 4 * MS, [LOOP_THROTTLED] = 68 * MS),
	  STACKS(innocent_stacks) },
	{ AFTER(300 * MS), .ns = 40 * MS,
	  PARTS([LOOP_RUNNING] = 2 * MS, [LOOP_STOPPED] = 38 * MS) },
};

/* --- without stacks --------------------------------------------------------------------------- */

static const struct stall unseen_stalls[] = {
	{ AFTER(SECOND), .ns = 200 * MS, PARTS([LOOP_RUNNING] = 99 * MS, [LOOP_FAULT] = 101 * MS),
	  .min_faults = 3, .maj_faults = 700, .longest_ns = 3 * MS, .longest_part = LOOP_FAULT,
	  .longest_wait = "page fault", .longest_file = "" },
	{ AFTER(2 * SECOND), .ns = 300 * MS, PARTS([LOOP_SLEEP] = 300 * MS), .longest_ns = 299 * MS,
	  .longest_part = LOOP_SLEEP, .longest_wait = "wait4", .longest_file = "" },
};

static struct loop_info calm_loops[] = {
	{ .pid = 4242,
	  .tid = 4242,
	  .process = "node",
	  .thread = "node",
	  .wait = "epoll",
	  .fd = 14,
	  .total = { .window_ns = 10 * SECOND,
		     .waits = 3,
		     .iterations = 3,
		     .busy_ns = 3 * MS,
		     .waiting_ns = 9997 * MS,
		     .idle_ns = 9990 * MS } },
};

/* --- without a division ----------------------------------------------------------------------- */

static const struct stall undivided_stalls[] = {
	{ AFTER(SECOND), .ns = 430 * MS, PARTS([LOOP_RUNNING] = 430 * MS), .min_faults = 12,
	  STACKS(regexp_stacks) },
	{ AFTER(2 * SECOND), .ns = 50 * MS },
	{ AFTER(9 * SECOND), .ns = 70 * MS, .is_going_on = true },
};

/* --- hostile ---------------------------------------------------------------------------------- */

static char long_name[2001];

static const struct frame hostile_frames[] = {
	FRAME("f;main 12", "m;x", "a b;c.c", 4294967295u, UINT64_MAX, FRAME_NATIVE),
	FRAME("</script><script>alert(1)</script>", "\"><img src=x>", "'&amp;.js", 1, 0, FRAME_JIT),
	FRAME("[no sample]", "", "", 0, 0, FRAME_NATIVE),
	FRAME(long_name, long_name, long_name, 3, 1, FRAME_NATIVE),
	FRAME("", long_name, "", 0, 3, FRAME_NATIVE),
	FRAME("", "", "", 0, 0x7f, FRAME_NATIVE),
};
static struct frame deep_frames[PROFILE_MAX_DEPTH];

static const struct stall_stack hostile_stacks[] = {
	{ .part = LOOP_SLEEP,
	  .wait = "x;y 3",
	  .cut = "; 9",
	  .count = 1ull << 40,
	  .ns = 1ull << 47,
	  FRAMES(hostile_frames) },
	{ .part = LOOP_RUNNING, .wait = "", .count = 1, .ns = 1ull << 60, FRAMES(deep_frames) },
	{ .part = LOOP_RUNNING, .wait = "" },
};
static const struct stall hostile_stalls[] = {
	{ AFTER(0), .ns = 1ull << 49, PARTS([LOOP_RUNNING] = 1ull << 48, [LOOP_SLEEP] = 1ull << 48),
	  .min_faults = UINT64_MAX / 2, .maj_faults = 3, .longest_ns = 1ull << 48,
	  .longest_part = LOOP_SLEEP, .longest_wait = long_name, .longest_file = long_name,
	  .steal_pct = 100, STACKS(hostile_stacks) },
	{ .time_ns = START_NS - SECOND,
	  .ns = 1,
	  .is_going_on = true,
	  .is_at_least = true,
	  PARTS([LOOP_RUNNING] = 1) },
	{ .loop = 1,
	  AFTER(SECOND),
	  .ns = 9 * SECOND,
	  PARTS(SECOND, SECOND, SECOND, SECOND, SECOND, SECOND, SECOND, SECOND, SECOND),
	  .longest_ns = 1,
	  .longest_wait = "</script>",
	  .longest_file = "\"; 1",
	  STACKS(hostile_stacks) },
};
static struct loop_info hostile_loops[] = {
	{ .pid = 2147483647,
	  .tid = 2147483647,
	  .process = long_name,
	  .thread = long_name,
	  .wait = "epoll",
	  .fd = 2147483647,
	  .stuck_ns = UINT64_MAX },
	{ .pid = 1, .tid = 7, .process = "a;b 1", .thread = "", .wait = "select", .fd = 0 },
};

static void fill_hostile(void)
{
	memset(long_name, 'x', sizeof(long_name) - 1);
	for (size_t i = 0; i < COUNT(deep_frames); i++)
		deep_frames[i] = regexp_frames[i % 2];
	loop_hist_add(&hostile_loops[0].total.hists[LOOP_HIST_GAP], UINT64_MAX / 2, UINT64_MAX);
	hostile_loops[0].total.busy_ns = UINT64_MAX;
	hostile_loops[0].total.waiting_ns = UINT64_MAX;
	hostile_loops[0].total.part_ns[LOOP_GC] = 1;
}

/* --- the cases -------------------------------------------------------------------------------- */

#define META(what)                                                                                 \
	.version = "0.3.0", .title = (what), .time_ns = START_NS, .duration_ns = 10 * SECOND,      \
	.threshold_ns = 20 * MS, .own_rss_bytes = 24 * MIB, .own_cpu_ns = 120 * MS,                \
	.table_bytes = 3 * MIB
#define WHOLE .frequency_hz = 99, .has_split = true, .is_complete = true
#define TAKEN .stacks = { .ended = { [STACK_COMPLETE] = 130, [STACK_NO_TABLE] = 9 } }

static const struct loop_case cases[] = {
	{ "normal",
	  { .meta = { META("node (PID 4242)"), WHOLE, TAKEN },
	    LOOPS(node_loops),
	    STALLS(node_stalls) },
	  { .top = 3 } },
	{ "list",
	  { .meta = { META("node (PID 4242)"), .frequency_hz = 99, .has_split = true, TAKEN,
		      .lost_events = 3, .lost_stacks = 2, .lost_loops = 1, .skipped_stacks = 1000,
		      .dropped_stalls = 7 },
	    LOOPS(node_loops),
	    STALLS(node_stalls) },
	  { .top = 10, .has_list = true } },
	{ "stuck",
	  { .meta = { META("server (PID 10)"), WHOLE, TAKEN, .interval_ns = SECOND },
	    LOOPS(stuck_loops),
	    STALLS(stuck_stalls) },
	  { .top = 10, .has_list = true } },
	{ "throttled",
	  { .meta = { META("node (PID 4242)"), WHOLE, TAKEN },
	    LOOPS(node_loops),
	    STALLS(throttled_stalls) },
	  { .top = 10, .has_list = true } },
	{ "no-split",
	  { .meta = { META("node (PID 4242)"), .frequency_hz = 99, .is_complete = true, TAKEN },
	    LOOPS(node_loops),
	    STALLS(undivided_stalls) },
	  { .top = 2, .has_list = true } },
	{ "no-stacks",
	  { .meta = { META("node (PID 4242)"), .has_split = true, .is_complete = true },
	    LOOPS(node_loops),
	    STALLS(unseen_stalls) },
	  { .top = 2 } },
	{ "hostile",
	  { .meta = { META("<script>\"; 12"), WHOLE, .note = "</script> ]]> -->",
		      .interval_ns = SECOND },
	    LOOPS(hostile_loops),
	    STALLS(hostile_stalls) },
	  { .top = SIZE_MAX, .has_list = true } },
	{ "calm",
	  { .meta = { META("node (PID 4242)"), WHOLE }, LOOPS(calm_loops) },
	  { .top = 10, .has_list = true } },
	{ "empty",
	  { .meta = { META("postgres (PID 9)"), WHOLE } },
	  { .top = 10, .has_list = true } },
};

static int print(const struct loop_case *c, const char *format)
{
	if (!strcmp(format, "text"))
		return loop_report_text(&c->loops, &c->style, stdout);
	if (!strcmp(format, "interval"))
		return loop_report_interval(&c->loops, stdout);
	if (!strcmp(format, "json"))
		return loop_report_json(&c->loops, stdout);
	if (!strcmp(format, "folded"))
		return loop_report_folded(&c->loops, stdout);
	if (!strcmp(format, "svg"))
		return loop_report_svg(&c->loops, NULL, stdout);
	if (!strcmp(format, "trace"))
		return loop_report_trace(&c->loops, stdout);
	if (!strcmp(format, "stall"))
		return c->loops.stall_count
			       ? loop_report_stall(&c->loops, &c->loops.stalls[0], stdout)
			       : 0;
	(void)fprintf(stderr, "loop_report: no format %s\n", format);
	return -1;
}

int main(int argc, char **argv)
{
	fill_node(&node_loops[0].total, 20000);
	fill_node(&node_loops[0].interval, 2000);
	fill_stuck();
	fill_hostile();
	for (size_t i = 0; argc == 3 && i < COUNT(cases); i++)
		if (!strcmp(argv[1], cases[i].name))
			return print(&cases[i], argv[2]) ? 1 : 0;
	(void)fprintf(stderr, "usage: loop_report CASE FORMAT\n");
	return 2;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Prints one of a few fixed reports of memleak-trace: leak_report CASE text|json|folded. What comes
 * out is compared with the files beside this one.
 */
#include "report/leak_report.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array)  (sizeof(array) / sizeof(*(array)))
#define MIB	      1048576ull
#define SECOND	      1000000000ull

#define FRAMES(array) .frames = (array), .depth = COUNT(array)

static struct frame session_frames[] = {
	{ "xmalloc", "leak-example", "src/alloc.c", 12, false, 0x1a40, FRAME_NATIVE, 0 },
	{ "session_store", "leak-example", "src/session.c", 120, false, 0x2b10, FRAME_NATIVE, 0 },
	{ "handle_request", "leak-example", "src/server.c", 341, false, 0x3c52, FRAME_NATIVE, 0 },
	{ "event_loop", "leak-example", "src/loop.c", 77, false, 0x4010, FRAME_NATIVE, 0 },
	{ "main", "leak-example", "src/main.c", 31, false, 0x1180, FRAME_NATIVE, 0 },
	{ "__libc_start_main", "libc.so.6", "", 0, false, 0x27249, FRAME_NATIVE, 0 },
};
static struct frame cache_frames[] = {
	{ "std::vector<std::pair<std::basic_string<char>, std::shared_ptr<Entry> > >::_M_realloc_insert(Entry&&)",
	  "leak-example", "/usr/include/c++/12/bits/vector.tcc", 440, true, 0x5120, FRAME_NATIVE,
	  0 },
	{ "", "libcache.so.1", "", 0, false, 0x9f3c, FRAME_NATIVE, 0 },
	{ "handle_request", "leak-example", "src/server.c", 355, false, 0x3cf0, FRAME_NATIVE, 0 },
};
static struct frame log_frames[] = {
	{ "log_line", "leak-example", "src/log.c", 0, false, 0x2210, FRAME_NATIVE, 0 },
	{ "", "[jit]", "", 0, false, 0x40, FRAME_NATIVE, 0 },
};
static struct frame map_frames[] = {
	{ "arena_map", "leak-example", "src/arena.c", 58, true, 0x6620, FRAME_NATIVE, 0 },
	{ "main", "leak-example", "src/main.c", 22, false, 0x1130, FRAME_NATIVE, 0 },
};
static struct frame thread_frames[] = { { "allocate_stack", "libc.so.6", "", 0, false, 0x86000,
					  FRAME_NATIVE, 0 } };

static struct leak_row normal_rows[] = {
	{ .pid = 4242,
	  FRAMES(session_frames),
	  .bytes = 10800000,
	  .blocks = 12345,
	  .growth_last_bytes = 893000,
	  .growth_run_bytes = 10800000,
	  .age_median_ns = 28100000000,
	  .age_oldest_ns = 59800000000,
	  .share = 0.813,
	  .trend = { TREND_STEADY, 4.04, 900000, 893000 } },
	{ .pid = 4242,
	  FRAMES(cache_frames),
	  .cut = "no unwind table",
	  .bytes = 2097152,
	  .blocks = 512,
	  .growth_last_bytes = 4096,
	  .growth_run_bytes = 2097152,
	  .age_median_ns = 31000000000,
	  .age_oldest_ns = 58000000000,
	  .share = 0.158,
	  .trend = { TREND_MAY_LEVEL, 3.2, 131072, 4096 } },
	{ .pid = 4242,
	  .kind = LEAK_MMAP,
	  FRAMES(map_frames),
	  .bytes = 1048576,
	  .blocks = 1,
	  .age_median_ns = 55000000000,
	  .age_oldest_ns = 55000000000,
	  .share = 1,
	  .trend = { TREND_PLATEAU, 0, 0, 0 } },
	{ .pid = 4242,
	  FRAMES(log_frames),
	  .cut = "no unwind table",
	  .bytes = 385024,
	  .blocks = 94,
	  .growth_last_bytes = -4096,
	  .growth_run_bytes = -8192,
	  .age_median_ns = 1200000,
	  .age_oldest_ns = 40000000,
	  .share = 0.029,
	  .trend = { TREND_SHRINKING, -2.4, -700, -650 } },
	{ .pid = 4242,
	  .cut = "no unwind table",
	  .bytes = 96,
	  .blocks = 1,
	  .growth_run_bytes = 96,
	  .age_median_ns = 900,
	  .age_oldest_ns = 900,
	  .share = 0.0000072,
	  .trend = { TREND_PLATEAU, 1.1, 0, 0 } },
	{ .pid = 4242,
	  .kind = LEAK_RUNTIME,
	  FRAMES(thread_frames),
	  .bytes = 67108864,
	  .blocks = 8,
	  .growth_run_bytes = 67108864,
	  .age_median_ns = 59000000000,
	  .age_oldest_ns = 59000000000,
	  .share = 1,
	  .trend = { TREND_PLATEAU, 0.5, 0, 0 } },
};

static const struct leak_target normal_target = {
	.pid = 4242,
	.start_ticks = 123456,
	.comm = "leak-example",
	.exe = "/srv/bin/leak-example",
	.allocator = "glibc in /usr/lib/x86_64-linux-gnu/libc.so.6",
	.state = "running",
	.window_ns = 60 * SECOND,
	.counts = { .allocs = 736953,
		    .alloc_bytes = 72000000,
		    .frees = 724000,
		    .free_bytes = 57669152,
		    .frees_before_attach = 1234,
		    .failed_allocs = 2,
		    .nested = 12,
		    .hits = 1461000 },
	.stacks = { .ended = { [STACK_COMPLETE] = 736200,
			       [STACK_NO_TABLE] = 700,
			       [STACK_TOO_DEEP] = 53 },
		    .by_fp = 41,
		    .js = { .frames = 912, .unreadable = 3 } },
};

static const struct leak_report normal = {
	.version = "0.1.0",
	.time_ns = 1795415174 * SECOND,
	.window_ns = 60 * SECOND,
	.interval_ns = 5 * SECOND,
	.samples = 13,
	.is_final = true,
	.max_size_bytes = UINT64_MAX,
	.sort = "bytes",
	.targets = &normal_target,
	.target_count = 1,
	.rows = normal_rows,
	.row_count = COUNT(normal_rows),
	.top = 3,
	.is_complete = true,
	.own_rss_bytes = 24 * MIB,
	.own_cpu_ns = 1200000000,
	.table_bytes = 3 * MIB,
	.unwind_bytes = 1572864,
	.unwind_load_ns = 160000000,
	.live_blocks = 12953,
	.max_blocks = 1000000,
	.probe_cost_ns = 850,
};

/* --- nothing to show ---------------------------------------------------------------------------
 */

static const struct leak_target idle_target = {
	.pid = 7,
	.comm = "idle",
	.exe = "/usr/bin/idle",
	.allocator = "musl, static in /usr/bin/idle",
	.state = "ended",
	.window_ns = 1500000000,
};

static const struct leak_report empty = {
	.version = "0.1.0",
	.time_ns = 1795415174 * SECOND,
	.window_ns = 1500000000,
	.samples = 1,
	.is_final = true,
	.max_size_bytes = UINT64_MAX,
	.sort = "bytes",
	.targets = &idle_target,
	.target_count = 1,
	.top = 10,
	.is_complete = true,
	.own_rss_bytes = 9 * MIB,
	.own_cpu_ns = 60000000,
	.max_blocks = 1000000,
};

/* --- what a hostile target can do after its names were cleaned ---------------------------------
 */

static struct frame hostile_frames[] = {
	{ "f;main 12", "m;x", "a b;c.c", 4294967295u, false, UINT64_MAX, FRAME_NATIVE, 0 },
	{ "\"quoted\\\" \\x1b[31m", "[vdso]", "../../../../../../../../../../../../../etc/passwd",
	  1, false, 0, FRAME_NATIVE, 0 },
	{ "\xe5\x86\x85\xe5\xad\x98\xe5\x86\x85\xe5\xad\x98\xe5\x86\x85\xe5\xad\x98\xe5\x86\x85\xe5"
	  "\xad\x98\xe5\x86\x85\xe5\xad\x98\xe5\x86\x85\xe5\xad\x98\xe5\x86\x85\xe5\xad\x98\xe5\x86"
	  "\x85\xe5\xad\x98",
	  "a-module-with-a-name-that-is-far-too-long-for-a-line-of-a-report.so.1.2.3",
	  "src/a-file-with-a-name-that-is-far-too-long-for-a-line.c", 7, false, 0x10, FRAME_NATIVE,
	  0 },
	{ "", "", "", 0, false, 0x7f, FRAME_NATIVE, 0 },
};
static struct frame hostile_same_frames[] = {
	/* reads the same in folded form, on another line */
	{ "f:main 12", "m", "b.c", 1, false, 1, FRAME_NATIVE, 0 },
	{ "\"quoted\\\" \\x1b[31m", "n", "", 0, false, 2, FRAME_NATIVE, 0 },
	{ "\xe5\x86\x85\xe5\xad\x98\xe5\x86\x85\xe5\xad\x98\xe5\x86\x85\xe5\xad\x98\xe5\x86\x85\xe5"
	  "\xad\x98\xe5\x86\x85\xe5\xad\x98\xe5\x86\x85\xe5\xad\x98\xe5\x86\x85\xe5\xad\x98\xe5\x86"
	  "\x85\xe5\xad\x98",
	  "o", "", 0, false, 3, FRAME_NATIVE, 0 },
	{ "", "", "", 0, false, 0x80, FRAME_NATIVE, 0 },
};
static struct frame deep_frames[40];

static struct leak_row hostile_rows[] = {
	{ .pid = 1,
	  FRAMES(hostile_frames),
	  .bytes = UINT64_MAX - 100,
	  .blocks = UINT64_MAX,
	  .growth_last_bytes = INT64_MAX,
	  .growth_run_bytes = INT64_MIN,
	  .age_median_ns = UINT64_MAX,
	  .age_oldest_ns = UINT64_MAX,
	  .share = 0.5,
	  .trend = { TREND_STEADY, 1e300, 1e300, -1e300 } },
	{ .pid = 2,
	  FRAMES(hostile_same_frames),
	  .bytes = 100,
	  .blocks = 1,
	  .trend = { TREND_PLATEAU, 0, 0, 0 } },
	{ .pid = 1,
	  FRAMES(hostile_same_frames),
	  .bytes = 7,
	  .blocks = 1,
	  .trend = { TREND_PLATEAU, 0, 0, 0 } },
	{ .pid = 1, .blocks = 1, .trend = { TREND_PLATEAU, 0, 0, 0 } },
	{ .pid = 1,
	  FRAMES(deep_frames),
	  .cut = "no unwind table",
	  .bytes = 50,
	  .blocks = 1,
	  .trend = { TREND_PLATEAU, 0, 0, 0 } },
};

static const struct leak_target hostile_target = {
	.pid = 1,
	.start_ticks = UINT64_MAX,
	.comm = "a;b 1",
	.exe = "/tmp/\\x0a\\x1b]0;title\\x07 (deleted)",
	.allocator = "own malloc in /tmp/\\u{202E}so.evil",
	.state = "running",
};

static const struct leak_report hostile = {
	.version = "0.1.0",
	.interval_ns = 1,
	.samples = 128,
	.max_size_bytes = UINT64_MAX,
	.sort = "growth",
	.targets = &hostile_target,
	.target_count = 1,
	.rows = hostile_rows,
	.row_count = COUNT(hostile_rows),
	.top = SIZE_MAX,
	.is_complete = true,
};

/* --- losses ------------------------------------------------------------------------------------
 */

static struct leak_row incomplete_rows[] = {
	{ .pid = 4242,
	  FRAMES(session_frames),
	  .bytes = 5242880,
	  .blocks = 5000,
	  .growth_last_bytes = 5242880,
	  .growth_run_bytes = 5242880,
	  .age_median_ns = 2000000000,
	  .age_oldest_ns = 11000000000,
	  .share = 1,
	  .trend = { TREND_TOO_SHORT, 1.0, 1747626, 1747626 } },
};

static const struct leak_target incomplete_target = {
	.pid = 4242,
	.start_ticks = 123456,
	.comm = "leak-example",
	.exe = "/srv/bin/leak-example",
	.allocator = "jemalloc in /usr/lib/x86_64-linux-gnu/libjemalloc.so.2",
	.state = "detached: too many probe hits",
	.window_ns = 12 * SECOND,
	.counts = { .allocs = 10000000,
		    .alloc_bytes = 1ull << 34,
		    .frees = 9990000,
		    .free_bytes = 17174626304,
		    .frees_before_attach = 5,
		    .filtered = 77,
		    .nested = 3,
		    .hits = 20000900,
		    .lost_blocks = 4000,
		    .lost_stacks = 300,
		    .lost_threads = 20,
		    .lost_frees = 10,
		    .lost_returns = 7,
		    .lost_reads = 1,
		    .lost_events = 2,
		    .missed_runs = 9 },
	.stacks = { .ended = { [STACK_UNTOLD] = 10000000 } },
};

static const struct leak_report incomplete = {
	.version = "0.1.0",
	.time_ns = 1795415174 * SECOND,
	.window_ns = 12 * SECOND,
	.interval_ns = 4 * SECOND,
	.samples = 4,
	.min_age_ns = 10 * SECOND,
	.min_size_bytes = 1024,
	.max_size_bytes = 1048576,
	.sort = "age",
	.targets = &incomplete_target,
	.target_count = 1,
	.rows = incomplete_rows,
	.row_count = COUNT(incomplete_rows),
	.top = 10,
	.lost_pct = 0.0217,
	.note = "stopped: 812000 probe hits/s are over --max-hits 500000",
	.own_rss_bytes = 30 * MIB,
	.own_cpu_ns = 4 * SECOND,
	.table_bytes = 120 * MIB,
	.live_blocks = 10000,
	.max_blocks = 10000,
	.probe_cost_ns = 1200,
};

/* --- several processes -------------------------------------------------------------------------
 */

static struct leak_row several_rows[] = {
	{ .pid = 100,
	  FRAMES(session_frames),
	  .bytes = 3145728,
	  .blocks = 3000,
	  .growth_last_bytes = 262144,
	  .growth_run_bytes = 3145728,
	  .age_median_ns = 30000000000,
	  .age_oldest_ns = 60000000000,
	  .share = 1,
	  .trend = { TREND_MAY_LEVEL, 4.0, 262144, 60000 } },
	{ .pid = 101,
	  FRAMES(session_frames),
	  .bytes = 1048576,
	  .blocks = 1000,
	  .growth_run_bytes = 1048576,
	  .age_median_ns = 50000000000,
	  .age_oldest_ns = 60000000000,
	  .share = 1,
	  .trend = { TREND_PLATEAU, 0.7, 0, 0 } },
};

static const struct leak_target several_targets[] = {
	{ 100,
	  1000,
	  "worker",
	  "/usr/sbin/worker",
	  "glibc in /lib/libc.so.6",
	  "running",
	  60 * SECOND,
	  { .allocs = 5000,
	    .alloc_bytes = 5242880,
	    .frees = 2000,
	    .free_bytes = 2097152,
	    .hits = 9000 },
	  { .ended = { [STACK_COMPLETE] = 5000 } } },
	{ 101,
	  1001,
	  "worker",
	  "/usr/sbin/worker",
	  "glibc in /lib/libc.so.6",
	  "ended",
	  42 * SECOND,
	  { .allocs = 1200,
	    .alloc_bytes = 1258291,
	    .frees = 200,
	    .free_bytes = 209715,
	    .hits = 2000 },
	  { .ended = { [STACK_COMPLETE] = 1199, [STACK_EXPRESSION] = 1 } } },
};

static const struct leak_report several = {
	.version = "0.1.0",
	.time_ns = 1795415174 * SECOND,
	.window_ns = 60 * SECOND,
	.interval_ns = 5 * SECOND,
	.samples = 13,
	.max_size_bytes = UINT64_MAX,
	.sort = "count",
	.targets = several_targets,
	.target_count = COUNT(several_targets),
	.rows = several_rows,
	.row_count = COUNT(several_rows),
	.top = 10,
	.is_complete = true,
	.own_rss_bytes = 11 * MIB,
	.own_cpu_ns = 200000000,
	.table_bytes = 900000,
	.live_blocks = 4000,
	.max_blocks = 1000000,
	.probe_cost_ns = 900,
};

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		const struct leak_report *report;
	} cases[] = {
		{ "normal", &normal },	       { "empty", &empty },	{ "hostile", &hostile },
		{ "incomplete", &incomplete }, { "several", &several },
	};
	static const struct {
		const char *name;
		int (*print)(const struct leak_report *, FILE *);
	} formats[] = {
		{ "text", leak_report_text },
		{ "json", leak_report_json },
		{ "folded", leak_report_folded },
	};

	for (size_t i = 0; i < COUNT(deep_frames); i++)
		deep_frames[i] = (struct frame){ .function = "recurse",
						 .module = "server",
						 .file = "src/recurse.c",
						 .line = (uint32_t)i + 1,
						 .offset = i };
	for (size_t c = 0; argc == 3 && c < COUNT(cases); c++)
		for (size_t f = 0; f < COUNT(formats); f++)
			if (!strcmp(argv[1], cases[c].name) && !strcmp(argv[2], formats[f].name))
				return formats[f].print(cases[c].report, stdout) ? 1 : 0;
	(void)fprintf(stderr, "usage: leak_report CASE text|json|folded\n");
	return 2;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Prints one of a few fixed profiles of cpu-sample: profile_report CASE FORMAT. What comes out is
 * compared with the files beside this one, and read back by others' programs (tests/readers).
 */
#include "report/profile_report.h"
#include "base/scope.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array)  (sizeof(array) / sizeof(*(array)))
#define FRAMES(array) .frames = (array), .depth = COUNT(array)
#define MIB	      1048576ull
#define MS	      1000000ull
#define SECOND	      1000000000ull
#define START_NS      (1795415174 * SECOND)

struct profile_case {
	const char *name;
	struct profile_meta meta;
	const struct profile_sample *samples;
	size_t count, top;
};

static const char *build_id(void *ctx, const char *module, bool is_kernel)
{
	if (is_kernel)
		return strcmp(module, "[kernel]") ? NULL : "e4e2";
	return strcmp(module, "server") ? NULL : ctx;
}

/* --- on the CPU, one process ------------------------------------------------------------------ */

/* FRAME(function, module, file, line, offset, NATIVE...) */
#define FRAME(...) FRAME_OF(__VA_ARGS__)
#define FRAME_OF(f, m, path, number, address, what, inlining)                                      \
	{                                                                                          \
		.function = (f), .module = (m), .file = (path), .line = (number),                  \
		.offset = (address), .kind = (what), .is_inlined = (inlining),                     \
		.column = (what) == FRAME_JIT && (number) ? 7 : 0                                  \
	}
#define NATIVE	FRAME_NATIVE, false
#define INLINED FRAME_NATIVE, true
#define KERNEL	FRAME_KERNEL, false
#define JIT	FRAME_JIT, false

static const struct frame hash_frames[] = {
	FRAME("rotate", "server", "src/hash.h", 14, 0x1a42, INLINED),
	FRAME("mix", "server", "src/hash.h", 22, 0x1a42, INLINED),
	FRAME("hash_block", "server", "src/hash.c", 51, 0x1a42, NATIVE),
	FRAME("handle_request", "server", "src/server.c", 341, 0x3c52, NATIVE),
	FRAME("main", "server", "src/main.c", 31, 0x1180, NATIVE),
	FRAME("__libc_start_main", "libc.so.6", "", 0, 0x27249, NATIVE),
};
static const struct frame hash_other_line[] = {
	FRAME("hash_block", "server", "src/hash.c", 57, 0x1a90, NATIVE),
	FRAME("handle_request", "server", "src/server.c", 341, 0x3c52, NATIVE),
	FRAME("main", "server", "src/main.c", 31, 0x1180, NATIVE),
	FRAME("__libc_start_main", "libc.so.6", "", 0, 0x27249, NATIVE),
};
static const struct frame write_frames[] = {
	FRAME("copy_user_generic", "[kernel]", "", 0, 0x12340, KERNEL),
	FRAME("vfs_write", "[kernel]", "", 0, 0x45670, KERNEL),
	FRAME("do_syscall_64", "[kernel]", "", 0, 0x100, KERNEL),
	FRAME("__write", "libc.so.6", "", 0, 0xf1000, NATIVE),
	FRAME("log_line", "server", "src/log.c", 0, 0x2210, NATIVE),
	FRAME("main", "server", "src/main.c", 38, 0x11a0, NATIVE),
	FRAME("__libc_start_main", "libc.so.6", "", 0, 0x27249, NATIVE),
};
static const struct frame script_frames[] = {
	FRAME("render", "[jit]", "/app/views/page.js", 12, 0x40, JIT),
	FRAME("", "[jit]", "", 0, 0x1000, JIT),
	FRAME("std::_Function_handler<void (std::vector<std::pair<std::string, int> >), Lambda>::_M_invoke(std::_Any_data const&)",
	      "libengine.so.3", "", 0, 0x77f0, NATIVE),
};

#define IN_SERVER .pid = 4242, .process = "server", .thread = "", .wait = ""

static const struct profile_sample small_samples[] = {
	{ IN_SERVER, FRAMES(hash_frames), .count = 520, .weight = 520 * 10 * MS },
	{ IN_SERVER, FRAMES(hash_other_line), .count = 210, .weight = 210 * 10 * MS },
	{ IN_SERVER, FRAMES(write_frames), .count = 170, .weight = 170 * 10 * MS },
	{ IN_SERVER, FRAMES(script_frames), .cut = "no unwind table", .count = 80,
	  .weight = 80 * 10 * MS },
	{ IN_SERVER, .cut = "stack memory unreadable", .count = 10, .weight = 100 * MS },
};

/* --- off the CPU, two threads ----------------------------------------------------------------- */

static const struct frame poll_frames[] = {
	FRAME("schedule", "[kernel]", "", 0, 0x900, KERNEL),
	FRAME("ep_poll", "[kernel]", "", 0, 0x5000, KERNEL),
	FRAME("epoll_wait", "libc.so.6", "", 0, 0x10e000, NATIVE),
	FRAME("loop", "node", "src/loop.cc", 77, 0x4010, NATIVE),
};
static const struct frame lock_frames[] = {
	FRAME("schedule", "[kernel]", "", 0, 0x900, KERNEL),
	FRAME("futex_wait", "[kernel]", "", 0, 0x7000, KERNEL),
	FRAME("pthread_mutex_lock", "libc.so.6", "", 0, 0x8f000, NATIVE),
	FRAME("take_job", "node", "src/pool.cc", 130, 0x5020, NATIVE),
};
static const struct frame run_frames[] = {
	FRAME("exit_to_user_mode", "[kernel]", "", 0, 0x300, KERNEL),
	FRAME("take_job", "node", "src/pool.cc", 140, 0x5060, NATIVE),
};

#define IN_MAIN	  .pid = 77, .tid = 77, .process = "node", .thread = "node"
#define IN_WORKER .pid = 77, .tid = 78, .process = "node", .thread = "libuv-worker"

static const struct profile_sample off_cpu_samples[] = {
	{ IN_MAIN, FRAMES(poll_frames), .state = PROFILE_BLOCKED, .wait = "epoll_wait", .count = 40,
	  .weight = 9200 * MS },
	{ IN_WORKER, FRAMES(lock_frames), .state = PROFILE_BLOCKED, .wait = "futex", .count = 1200,
	  .weight = 6100 * MS + 123456 },
	{ IN_WORKER, FRAMES(run_frames), .state = PROFILE_RUNNABLE, .wait = "", .count = 300,
	  .weight = 450 * MS },
	{ IN_WORKER, FRAMES(lock_frames), .state = PROFILE_BLOCKED, .wait = "", .count = 2,
	  .weight = 1501 },
};

/* --- on the CPU and off it -------------------------------------------------------------------- */

static const struct frame answer_frames[] = {
	FRAME("refine", "server", "src/answer.c", 12, 0x2040, INLINED),
	FRAME("answer", "server", "src/answer.c", 30, 0x2040, NATIVE),
	FRAME("main", "server", "src/main.c", 31, 0x1180, NATIVE),
};
static const struct frame preempted_frames[] = {
	FRAME("__schedule", "[kernel]", "", 0, 0x700, KERNEL),
	FRAME("irqentry_exit", "[kernel]", "", 0, 0x300, KERNEL),
	FRAME("refine", "server", "src/answer.c", 12, 0x2040, INLINED),
	FRAME("answer", "server", "src/answer.c", 30, 0x2040, NATIVE),
	FRAME("main", "server", "src/main.c", 31, 0x1180, NATIVE),
};
static const struct frame read_frames[] = {
	FRAME("copy_page", "[kernel]", "", 0, 0x10, KERNEL),
	FRAME("__read", "libc.so.6", "", 0, 0xf0000, NATIVE),
	FRAME("answer", "server", "src/answer.c", 25, 0x2010, NATIVE),
	FRAME("main", "server", "src/main.c", 31, 0x1180, NATIVE),
};
static const struct frame wait_read_frames[] = {
	FRAME("__schedule", "[kernel]", "", 0, 0x700, KERNEL),
	FRAME("__read", "libc.so.6", "", 0, 0xf0000, NATIVE),
	FRAME("answer", "server", "src/answer.c", 25, 0x2010, NATIVE),
	FRAME("main", "server", "src/main.c", 31, 0x1180, NATIVE),
};
static const struct frame worker_frames[] = {
	FRAME("__schedule", "[kernel]", "", 0, 0x700, KERNEL),
	FRAME("worker_thread", "[kernel]", "", 0, 0x90, KERNEL),
};

#define IN_THREAD .pid = 4242, .tid = 4243, .process = "server", .thread = "answers"
#define IN_KERNEL .pid = 9, .tid = 9, .process = "kworker/0:1", .thread = "kworker/0:1"

static const struct profile_sample wall_samples[] = {
	{ IN_THREAD, FRAMES(answer_frames), .wait = "", .count = 300, .weight = 3000 * MS },
	{ IN_THREAD, FRAMES(preempted_frames), .state = PROFILE_RUNNABLE, .wait = "", .count = 700,
	  .weight = 1500 * MS },
	{ IN_THREAD, FRAMES(read_frames), .wait = "", .count = 50, .weight = 500 * MS },
	{ IN_THREAD, FRAMES(wait_read_frames), .state = PROFILE_BLOCKED, .wait = "read",
	  .count = 40, .weight = 4800 * MS },
	{ IN_THREAD, FRAMES(wait_read_frames), .state = PROFILE_RUNNABLE, .wait = "", .count = 40,
	  .weight = 200 * MS },
	{ IN_KERNEL, FRAMES(worker_frames), .state = PROFILE_BLOCKED, .wait = "kernel", .count = 3,
	  .weight = 9900 * MS },
	{ IN_KERNEL, .state = PROFILE_ON_CPU, .wait = "", .count = 10, .weight = 100 * MS },
};

/* --- hostile ---------------------------------------------------------------------------------- */

static char long_name[100001], long_other[100001];

static const struct frame hostile_frames[] = {
	FRAME("f;main 12", "m;x", "a b;c.c", 4294967295u, UINT64_MAX, NATIVE),
	FRAME("</script><script>alert(1)</script>", "\"><img src=x>", "'&amp;.js", 1, 0, JIT),
	FRAME("\"quoted\\\" \x1b[31m\r\n\t", "[vdso]",
	      "../../../../../../../../../../../../../etc/passwd", 1, 0, NATIVE),
	FRAME("\xff\xfe overlong \xc0\x80", "\xed\xa0\x80", "\x80", 7, 0x10, NATIVE),
	FRAME(long_name, long_name, long_name, 3, 1, NATIVE),
	FRAME(long_other, "lib.so", "", 0, 2, INLINED),
	FRAME("", long_name, "", 0, 3, NATIVE),
	FRAME(" ", " ", " ", 0, 4, KERNEL),
	FRAME("12", "7", "", 0, 5, NATIVE),
	FRAME("", "", "", 0, 0x7f, NATIVE),
	FRAME("\xe2\x80\xae"
	      "gnp.exe",
	      "\xe2\x80\x8b", "", 0, 6, INLINED),
};
static struct frame deep_frames[PROFILE_MAX_DEPTH];

static const struct profile_sample hostile_samples[] = {
	{ .pid = 1,
	  .tid = 2147483647,
	  .process = "a;b 1",
	  .thread = "-- 5",
	  .state = PROFILE_BLOCKED,
	  .wait = "x;y 3",
	  .cut = "; 9",
	  FRAMES(hostile_frames),
	  .count = 3,
	  .weight = 3 * MS },
	{ .pid = 1,
	  .tid = 7,
	  .process = "",
	  .thread = "",
	  .wait = "",
	  FRAMES(deep_frames),
	  .count = 1,
	  .weight = 1 },
	{ .pid = 2,
	  .tid = 9,
	  .process = long_name,
	  .thread = long_name,
	  .wait = long_name,
	  .state = PROFILE_BLOCKED,
	  .count = 1ull << 40,
	  .weight = 1ull << 52 },
	{ .pid = 3,
	  .tid = 3,
	  .process = "nothing",
	  .thread = "nothing",
	  .wait = "",
	  FRAMES(write_frames) },
};

/* --- the cases -------------------------------------------------------------------------------- */

static const struct profile_case cases[] = {
	{ "small",
	  { .version = "0.2.0",
	    .event = "cpu-clock",
	    .title = "server (PID 4242)",
	    .time_ns = START_NS,
	    .duration_ns = 10 * SECOND,
	    .frequency_hz = 100,
	    .period_ns = 10 * MS,
	    .lost = 4,
	    .is_complete = true,
	    .stacks = { .ended = { [STACK_COMPLETE] = 900,
				   [STACK_NO_TABLE] = 80,
				   [STACK_UNREADABLE] = 10 },
			.by_fp = 41,
			.js = { .frames = 912, .unreadable = 3 } },
	    .own_rss_bytes = 24 * MIB,
	    .own_cpu_ns = 120 * MS,
	    .table_bytes = 3 * MIB,
	    .build_id = build_id,
	    .build_id_ctx = "a1b2c3" },
	  small_samples,
	  COUNT(small_samples),
	  3 },
	{ "off-cpu",
	  { .version = "0.2.0",
	    .event = "off-cpu",
	    .title = "node (PID 77)",
	    .time_ns = START_NS,
	    .duration_ns = 10 * SECOND,
	    .lost = 600,
	    .note = "node (PID 77) ended after 10.0 s",
	    .stacks = { .ended = { [STACK_COMPLETE] = 1542 } },
	    .own_rss_bytes = 24 * MIB,
	    .own_cpu_ns = 120 * MS,
	    .table_bytes = 3 * MIB },
	  off_cpu_samples,
	  COUNT(off_cpu_samples),
	  10 },
	{ "wall",
	  { .version = "0.2.0",
	    .event = "wall",
	    .title = "all processes",
	    .time_ns = START_NS,
	    .duration_ns = 10 * SECOND,
	    .frequency_hz = 100,
	    .period_ns = 10 * MS,
	    .is_complete = true,
	    .stacks = { .ended = { [STACK_COMPLETE] = 1143 } },
	    .own_rss_bytes = 24 * MIB,
	    .own_cpu_ns = 120 * MS,
	    .table_bytes = 3 * MIB },
	  wall_samples,
	  COUNT(wall_samples),
	  10 },
	{ "hostile",
	  { .version = "0.2.0",
	    .event = "wall",
	    .title = "<script>\"; 12",
	    .is_complete = true,
	    .note = "</script> ]]> -->" },
	  hostile_samples,
	  COUNT(hostile_samples),
	  SIZE_MAX },
	{ "empty",
	  { .version = "0.2.0",
	    .event = "cpu-clock",
	    .title = "all processes",
	    .time_ns = START_NS,
	    .duration_ns = SECOND,
	    .frequency_hz = 99,
	    .period_ns = SECOND / 99,
	    .is_complete = true },
	  NULL,
	  0,
	  10 },
};

static int print(const struct profile *p, const struct profile_case *c, const char *format)
{
	if (!strcmp(format, "text"))
		return profile_text(p, &c->meta, c->top, stdout);
	if (!strcmp(format, "json"))
		return profile_json(p, &c->meta, stdout);
	if (!strcmp(format, "folded"))
		return profile_folded(p, false, PROFILE_WEIGHTS, stdout);
	if (!strcmp(format, "annotated"))
		return profile_folded(p, true, PROFILE_COUNTS, stdout);
	if (!strcmp(format, "speedscope"))
		return profile_speedscope(p, &c->meta, PROFILE_WEIGHTS, stdout);
	if (!strcmp(format, "speedscope-counts"))
		return profile_speedscope(p, &c->meta, PROFILE_COUNTS, stdout);
	if (!strcmp(format, "cpuprofile"))
		return profile_cpuprofile(p, &c->meta, stdout);
	if (!strcmp(format, "pprof"))
		return profile_pprof(p, &c->meta, stdout);
	(void)fprintf(stderr, "profile_report: no format %s\n", format);
	return -1;
}

/* @is_backwards: the samples come in another order; what is printed must not tell. */
static int run(const struct profile_case *c, const char *format, bool is_backwards)
{
	_release_(profile_freep) struct profile *p = profile_new();

	for (size_t i = 0; p && i < c->count; i++)
		if (profile_add(p, &c->samples[is_backwards ? c->count - 1 - i : i]))
			return 1;
	return !p || profile_finish(p) || print(p, c, format) ? 1 : 0;
}

int main(int argc, char **argv)
{
	memset(long_name, 'x', sizeof(long_name) - 1);
	memset(long_other, '\xe2', sizeof(long_other) - 1);
	for (size_t i = 0; i < COUNT(deep_frames); i++)
		deep_frames[i] = (struct frame){
			.function = "recurse",
			.module = "server",
			.file = "src/recurse.c",
			.line = (uint32_t)i % 50 + 1,
			.offset = i % 50,
		};
	for (size_t i = 0; argc >= 3 && i < COUNT(cases); i++)
		if (!strcmp(argv[1], cases[i].name))
			return run(&cases[i], argv[2], argc > 3);
	(void)fprintf(stderr, "usage: profile_report CASE FORMAT [backwards]\n");
	return 2;
}

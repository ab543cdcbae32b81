// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* loop-stall's reports: what stands behind their figures; no memory. Their bytes: tests/golden. */
#include "report/loop_report.h"

#include "base/scope.h"
#include "failing_alloc.h"
#include "report/loop_report_parts.h"
#include "tap.h"

#define MS     1000000ull
#define SECOND 1000000000ull

static const struct frame frames[] = {
	{ .function = "spin", .module = "server", .file = "" },
	{ .function = "main", .module = "server", .file = "" },
};
static const struct stall_stack stacks[] = {
	{ .part = LOOP_RUNNING,
	  .wait = "",
	  .ns = 90 * MS,
	  .count = 9,
	  .frames = frames,
	  .depth = 2 },
};
static struct stall stalls[] = {
	{ .ns = 100 * MS,
	  .part_ns = { [LOOP_RUNNING] = 100 * MS },
	  .stacks = stacks,
	  .stack_count = 1 },
	{ .loop = 1,
	  .ns = 2 * SECOND,
	  .part_ns = { [LOOP_DISK] = 2 * SECOND },
	  .longest_ns = SECOND,
	  .longest_part = LOOP_DISK,
	  .longest_wait = "fsync",
	  .longest_file = "a.db" },
};
static struct loop_info loop_infos[] = {
	{ .pid = 1, .tid = 1, .process = "server", .thread = "main", .wait = "epoll", .fd = 3 },
	{ .pid = 1, .tid = 2, .process = "server", .thread = "w", .wait = "poll", .fd = -1 },
};
static struct loops all = {
	.meta = { .version = "1",
		  .title = "server",
		  .has_split = true,
		  .frequency_hz = 99,
		  .is_complete = true },
	.loops = loop_infos,
	.loop_count = 2,
	.stalls = stalls,
	.stall_count = 2,
};

static void test_percentiles(void)
{
	for (size_t i = 0; i < LOOP_PERCENTILES; i++)
		ok(loop_percentiles[i].needs * (1 - loop_percentiles[i].q) > 9.99 &&
			   loop_percentiles[i].needs * (1 - loop_percentiles[i].q) < 10.01,
		   "%s: ten values lie above it", loop_percentiles[i].name);
}

/* 10 s: waiting for 8.9 of them, of which asleep for 8.4. */
static void test_utilisation(void)
{
	static const struct loop_times t = { .window_ns = 10 * SECOND,
					     .waiting_ns = 8900 * MS,
					     .idle_ns = 8400 * MS },
				       none,
				       strange = { .window_ns = 1, .idle_ns = 2, .waiting_ns = 3 };

	is_int(loop_elu(&t) * 10000 + 0.5, 1100, "as node counts");
	is_int(loop_utilisation(&t) * 10000 + 0.5, 1600, "not asleep");
	is_int(loop_elu(&none) + loop_utilisation(&none), 0, "of no time");
	is_int(loop_elu(&strange) + loop_utilisation(&strange), 0, "never below 0");
}

static void test_stuck(void)
{
	static struct loop_hist busy;
	struct loop_info *info = &loop_infos[0];
	char text[LOOP_TEXT_LEN];

	info->total.window_ns = 10 * SECOND;
	loop_busy_hist(info, &info->total, &busy);
	is_int(busy.count, 0, "nothing goes on");
	info->stuck_ns = 4 * SECOND;
	loop_busy_hist(info, &info->total, &busy);
	is_int(busy.max, 4 * SECOND, "a stall that goes on is met by arrivals");
	is_int(loop_hist_lag_quantile(&busy, info->total.window_ns, 0.9), 3 * SECOND,
	       "p90 of them");
	info->interval.window_ns = SECOND;
	loop_busy_hist(info, &info->interval, &busy);
	is_int(busy.max, SECOND, "of an interval: no more than it");
	info->stuck_ns = 0;
	ok(!loop_stuck(&all, 1), "no stall goes on");
	is_text(loop_length_text(&all, &stalls[1], text), "2000 ms", "one that is over");
	stalls[1].is_going_on = true;
	ok(loop_stuck(&all, 1) == &stalls[1] && !loop_stuck(&all, 0),
	   "one does, of the other loop");
	is_text(loop_length_text(&all, &stalls[1], text), "stuck for 2.00 s in fsync on a.db",
		"its words");
	stalls[1].is_at_least = true;
	is_text(loop_length_text(&all, &stalls[1], text),
		"stuck for at least 2.00 s in fsync on a.db", "when it was there before us");
	stalls[1].part_ns[LOOP_DISK] = 0;
	stalls[1].part_ns[LOOP_RUNNING] = 2 * SECOND;
	is_text(loop_length_text(&all, &stalls[1], text), "stuck for at least 2.00 s, computing",
		"what it slept in before is not what it is in");
}

static void test_verdict(void)
{
	is_int(loop_verdict(&all, &stalls[0]), STALL_COMPUTING, "divided");
	all.meta.has_split = false;
	is_int(loop_verdict(&all, &stalls[0]), STALL_UNKNOWN, "without a split nothing is told");
	all.meta.has_split = true;
}

typedef int (*report_fn)(const struct loops *l, FILE *out);

static int text(const struct loops *l, FILE *out)
{
	return loop_report_text(l, &(struct loop_report_style){ 1, true }, out);
}

static int svg(const struct loops *l, FILE *out)
{
	return loop_report_svg(l, NULL, out);
}

static void test_no_memory(void)
{
	static const report_fn reports[] = { text, svg, loop_report_folded };
	_release_(fclosep) FILE *out = fopen("/dev/null", "we");

	must(out);
	for (size_t i = 0; i < sizeof(reports) / sizeof(*reports); i++) {
		bool is_hit = true, is_told = true;
		size_t n;

		for (n = 1; is_hit && is_told; n++) {
			int err;

			failing_alloc_start(n);
			err = reports[i](&all, out);
			is_hit = failing_alloc_stop();
			is_told = err == (is_hit ? -ENOMEM : 0);
		}
		ok(is_told && n > 5, "report %zu: each of %zu allocations fails once", i, n - 2);
	}
}

/* Which frame a stack is blamed on. */
static void test_own_frame(void)
{
	static const struct frame libc = { .function = "read", .module = "libc.so.6", .file = "" },
				  native = { .function = "uv_run", .module = "node", .file = "" },
				  internal = { .function = "readSync",
					       .module = "[jit]",
					       .file = "node:fs",
					       .kind = FRAME_JIT },
				  own = { .function = "load",
					  .module = "[jit]",
					  .file = "/srv/a.js",
					  .kind = FRAME_JIT },
				  regexp = { .function = "RegExp:^a+$",
					     .module = "[jit]",
					     .file = "",
					     .kind = FRAME_JIT },
				  unreadable = { .function = "[js]",
						 .module = "[jit]",
						 .file = "",
						 .kind = FRAME_JIT };
	const struct frame scripts[] = { libc, native, internal, own, own, native };
	const struct frame patterns[] = { native, regexp, own, native };
	const struct frame nodes[] = { libc, native, internal, native };
	const struct frame unknown[] = { libc, unreadable, native };

	is_int(loop_own_frame(scripts, 6), 3, "the innermost of the program's scripts");
	is_int(loop_own_frame(patterns, 4), 1, "or the pattern that it is busy with");
	is_int(loop_own_frame(nodes, 4), 1, "without one the innermost outside the C library");
	is_int(loop_own_frame(unknown, 3), 1, "also when it is a script's without a name");
}

int main(void)
{
	test_own_frame();
	test_percentiles();
	test_utilisation();
	test_stuck();
	test_verdict();
	test_no_memory();
	return tap_done();
}

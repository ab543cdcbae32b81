// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Verdicts on stalls, whom they blame, and the profile of stalled time; no memory. */
#include "profile/loops.h"

#include "base/scope.h"
#include "failing_alloc.h"
#include "tap.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define MS	     1000000ull

/* --- verdicts --------------------------------------------------------------------------------- */

#define PARTS(...)	    .part_ns = { __VA_ARGS__ }
#define LONGEST(what, name) .longest_ns = 1, .longest_part = (what), .longest_wait = (name)

static const struct {
	const char *name;
	struct stall stall;
	enum stall_verdict verdict;
	bool is_own;
} verdicts[] = {
	{ "running alone", { .ns = 100, PARTS([LOOP_RUNNING] = 100) }, STALL_COMPUTING, true },
	{ "half of it in the run queue",
	  { .ns = 100, PARTS([LOOP_RUNNING] = 50, [LOOP_RUN_QUEUE] = 50) },
	  STALL_WAITS_FOR_CPU,
	  false },
	{ "less than half, of an odd number",
	  { .ns = 101, PARTS([LOOP_RUNNING] = 51, [LOOP_RUN_QUEUE] = 50) },
	  STALL_COMPUTING,
	  true },
	{ "the largest part is not half",
	  { .ns = 100, PARTS([LOOP_RUNNING] = 30, [LOOP_DISK] = 30, [LOOP_RUN_QUEUE] = 40) },
	  STALL_WAITS_FOR_CPU,
	  false },
	{ "run queue and throttled together, more of the first",
	  { .ns = 100, PARTS([LOOP_DISK] = 45, [LOOP_RUN_QUEUE] = 30, [LOOP_THROTTLED] = 25) },
	  STALL_WAITS_FOR_CPU,
	  false },
	{ "more of the second",
	  { .ns = 100, PARTS([LOOP_DISK] = 45, [LOOP_RUN_QUEUE] = 25, [LOOP_THROTTLED] = 30) },
	  STALL_IS_THROTTLED,
	  false },
	{ "disk",
	  { .ns = 100, PARTS([LOOP_RUNNING] = 30, [LOOP_DISK] = 70), LONGEST(LOOP_DISK, "fsync") },
	  STALL_IN_DISK,
	  true },
	{ "lock",
	  { .ns = 100, PARTS([LOOP_SLEEP] = 100), LONGEST(LOOP_SLEEP, "futex") },
	  STALL_IN_SLEEP,
	  true },
	{ "asleep, in what is not known",
	  { .ns = 1, PARTS([LOOP_SLEEP] = 1) },
	  STALL_IN_SLEEP,
	  true },
	{ "wait4",
	  { .ns = 100, PARTS([LOOP_SLEEP] = 100), LONGEST(LOOP_SLEEP, "wait4") },
	  STALL_IN_CHILD,
	  true },
	{ "waitid",
	  { .ns = 100, PARTS([LOOP_SLEEP] = 100), LONGEST(LOOP_SLEEP, "waitid") },
	  STALL_IN_CHILD,
	  true },
	{ "computing, and a short wait4",
	  { .ns = 100,
	    PARTS([LOOP_RUNNING] = 90, [LOOP_SLEEP] = 10),
	    LONGEST(LOOP_SLEEP, "wait4") },
	  STALL_COMPUTING,
	  true },
	{ "nested",
	  { .ns = 100, PARTS([LOOP_NESTED] = 80, [LOOP_SLEEP] = 20) },
	  STALL_IN_CHILD,
	  true },
	{ "faults",
	  { .ns = 100, PARTS([LOOP_FAULT] = 80, [LOOP_RUNNING] = 20) },
	  STALL_IN_FAULTS,
	  true },
	{ "major faults in system calls",
	  { .ns = 100 * MS,
	    PARTS([LOOP_DISK] = 90 * MS, [LOOP_RUNNING] = 10 * MS),
	    .maj_faults = 91 },
	  STALL_IN_FAULTS,
	  true },
	{ "some major faults",
	  { .ns = 100 * MS,
	    PARTS([LOOP_DISK] = 90 * MS, [LOOP_RUNNING] = 10 * MS),
	    .maj_faults = 90 },
	  STALL_IN_DISK,
	  true },
	{ "many, from memory that is compressed",
	  { .ns = 100 * MS, PARTS([LOOP_RUNNING] = 100 * MS), .maj_faults = 5000 },
	  STALL_IN_FAULTS,
	  true },
	{ "minor faults are running",
	  { .ns = 100 * MS, PARTS([LOOP_RUNNING] = 100 * MS), .min_faults = 5000 },
	  STALL_COMPUTING,
	  true },
	{ "stopped", { .ns = 100, PARTS([LOOP_STOPPED] = 100) }, STALL_IS_STOPPED, false },
	{ "garbage collection",
	  { .ns = 100, PARTS([LOOP_RUNNING] = 40, [LOOP_GC] = 60) },
	  STALL_IN_GC,
	  true },
	{ "not divided", { .ns = 100 }, STALL_UNKNOWN, true },
};

static void test_verdicts(void)
{
	for (size_t i = 0; i < COUNT(verdicts); i++) {
		enum stall_verdict verdict = stall_verdict(&verdicts[i].stall);

		is_text(stall_verdict_names[verdict], stall_verdict_names[verdicts[i].verdict],
			"%s", verdicts[i].name);
		is_int(stall_is_own(&verdicts[i].stall), verdicts[i].is_own, "%s: to blame",
		       verdicts[i].name);
	}
}

static bool is_word(const char *name)
{
	return name && name[0] && strspn(name, "abcdefghijklmnopqrstuvwxyz_") == strlen(name);
}

static void test_names(void)
{
	for (int i = 0; i < LOOP_PARTS; i++)
		ok(is_word(loop_part_names[i]) && loop_part_texts[i][0], "part %d has names", i);
	for (int i = 0; i < STALL_VERDICTS; i++)
		ok(is_word(stall_verdict_names[i]) && stall_verdict_texts[i][0],
		   "verdict %d has names", i);
}

/* --- profile ---------------------------------------------------------------------------------- */

#define FRAME(f, m)                                                                                \
	{                                                                                          \
		.function = (f), .module = (m), .file = ""                                         \
	}

static const struct frame parse_frames[] = { FRAME("parse", "server"), FRAME("main", "server") };
static const struct frame sync_frames[] = { FRAME("fsync", "libc.so.6"), FRAME("main", "server") };

#define STACK(what, in, array, time)                                                               \
	{                                                                                          \
		.part = (what), .wait = (in), .ns = (time), .count = 1, .frames = (array),         \
		.depth = COUNT(array)                                                              \
	}

static const struct stall_stack first_stacks[] = {
	STACK(LOOP_RUNNING, "", parse_frames, 40),
	STACK(LOOP_DISK, "fsync", sync_frames, 25),
};
static const struct stall_stack second_stacks[] = { STACK(LOOP_RUNNING, "", parse_frames, 7) };

static const struct loop_info loop_infos[] = {
	{ .pid = 10, .tid = 10, .process = "server", .thread = "main" },
	{ .pid = 10, .tid = 12, .process = "server", .thread = "worker" },
};

static const struct stall stalls[] = {
	/* of its own doing: stacks, and what they leave */
	{ .loop = 0,
	  .ns = 100,
	  PARTS([LOOP_RUNNING] = 50, [LOOP_RUN_QUEUE] = 15, [LOOP_DISK] = 30, [LOOP_SLEEP] = 5),
	  .stacks = first_stacks,
	  .stack_count = COUNT(first_stacks) },
	/* the same stack again */
	{ .loop = 0,
	  .ns = 7,
	  PARTS([LOOP_RUNNING] = 7),
	  .stacks = second_stacks,
	  .stack_count = COUNT(second_stacks) },
	/* not its own doing: no stack, although there is one */
	{ .loop = 0,
	  .ns = 1000,
	  PARTS([LOOP_RUNNING] = 300, [LOOP_RUN_QUEUE] = 100, [LOOP_THROTTLED] = 600),
	  .stacks = first_stacks,
	  .stack_count = COUNT(first_stacks) },
	/* another loop */
	{ .loop = 1,
	  .ns = 7,
	  PARTS([LOOP_RUNNING] = 7),
	  .stacks = second_stacks,
	  .stack_count = COUNT(second_stacks) },
	/* without a division */
	{ .loop = 1, .ns = 60, .stacks = second_stacks, .stack_count = COUNT(second_stacks) },
	/* stacks of more than there was */
	{ .loop = 1,
	  .ns = 50,
	  PARTS([LOOP_RUNNING] = 50),
	  .stacks = first_stacks,
	  .stack_count = COUNT(first_stacks) },
	{ .loop = 1, .ns = 9, PARTS([LOOP_STOPPED] = 9) },
};

static const struct loops all = { .loops = loop_infos,
				  .loop_count = COUNT(loop_infos),
				  .stalls = stalls,
				  .stall_count = COUNT(stalls) };

/* Its weight and count, 0 when there is no such stack. */
static const struct profile_stack *find(const struct profile *p, pid_t tid, const char *leaf,
					enum profile_state state, const char *wait)
{
	static const struct profile_stack none;

	for (size_t i = 0; i < profile_stack_count(p); i++) {
		const struct profile_stack *s = profile_stack(p, i);

		if (s->tid == tid && s->state == state && !strcmp(s->wait, wait) &&
		    !strcmp(profile_frame(p, s->frames[0])->function, leaf))
			return s;
	}
	return &none;
}

static void test_profile(void)
{
	static const struct {
		pid_t tid;
		const char *leaf;
		enum profile_state state;
		const char *wait;
		uint64_t weight, count;
	} expected[] = {
		{ 10, "parse", PROFILE_ON_CPU, "", 47, 2 },
		{ 10, "fsync", PROFILE_BLOCKED, "fsync", 25, 1 },
		{ 10, "[CPU wait]", PROFILE_RUNNABLE, "", 115, 2 },
		{ 10, "[throttled]", PROFILE_RUNNABLE, "", 600, 1 },
		{ 10, "[no sample]", PROFILE_ON_CPU, "", 10, 1 },
		{ 10, "[no sample]", PROFILE_BLOCKED, "disk", 5, 1 },
		{ 10, "[no sample]", PROFILE_BLOCKED, "sleep", 5, 1 },
		{ 10, "[not to blame]", PROFILE_ON_CPU, "", 300, 1 },
		{ 12, "parse", PROFILE_ON_CPU, "", 54, 3 },
		{ 12, "[no sample]", PROFILE_ON_CPU, "", 53, 1 },
		{ 12, "fsync", PROFILE_BLOCKED, "fsync", 10, 1 },
		{ 12, "[stopped]", PROFILE_BLOCKED, "stopped", 9, 1 },
	};
	_release_(profile_freep) struct profile *p = NULL;
	uint64_t stalled_ns = 0;

	is_int(loops_profile(&all, &p), 0, "a profile");
	must(p);
	for (size_t i = 0; i < COUNT(stalls); i++)
		stalled_ns += stalls[i].ns;
	is_int(profile_total_weight(p), stalled_ns, "weighs as much as the stalls");
	is_int(profile_stack_count(p), COUNT(expected), "no stack is more than expected");
	for (size_t i = 0; i < COUNT(expected); i++) {
		const struct profile_stack *s = find(p, expected[i].tid, expected[i].leaf,
						     expected[i].state, expected[i].wait);

		is_int(s->weight, expected[i].weight, "%s in %d: weight", expected[i].leaf,
		       (int)expected[i].tid);
		is_int(s->count, expected[i].count, "%s in %d: stalls", expected[i].leaf,
		       (int)expected[i].tid);
	}
}

static void test_edges(void)
{
	static struct frame deep[PROFILE_MAX_DEPTH + 5];
	const struct stall_stack stack = STACK(LOOP_RUNNING, "", deep, 9);
	const struct stall stall = {
		.ns = 9, PARTS([LOOP_RUNNING] = 9), .stacks = &stack, .stack_count = 1
	};
	const struct loops one = {
		.loops = loop_infos, .loop_count = 1, .stalls = &stall, .stall_count = 1
	};
	const struct loops none = { 0 };
	_release_(profile_freep) struct profile *p = NULL, *empty = NULL;

	for (size_t i = 0; i < COUNT(deep); i++)
		deep[i] = parse_frames[0];
	is_int(loops_profile(&one, &p), 0, "a stack too deep is no error");
	must(p && profile_stack_count(p) == 1);
	is_int(profile_stack(p, 0)->depth, PROFILE_MAX_DEPTH, "it is cut");
	is_text(profile_stack(p, 0)->cut, "too deep", "and says so");
	is_int(loops_profile(&none, &empty), 0, "no stalls");
	must(empty);
	is_int(profile_stack_count(empty), 0, "no stacks");
}

static void test_no_memory(void)
{
	bool is_hit = true, is_told = true;
	size_t n;

	for (n = 1; is_hit && is_told; n++) {
		_release_(profile_freep) struct profile *p = NULL;
		int err;

		failing_alloc_start(n);
		err = loops_profile(&all, &p);
		is_hit = failing_alloc_stop();
		is_told = err == (is_hit ? -ENOMEM : 0) && !p == is_hit;
	}
	ok(is_told, "each of %zu allocations fails once, and it is told", n - 2);
	ok(n > 10, "there were as many");
}

int main(void)
{
	test_verdicts();
	test_names();
	test_profile();
	test_edges();
	test_no_memory();
	return tap_done();
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Samples merged, ordered and summed; a million of them; every n-th allocation failing. */
#include "profile/profile.h"

#include "base/scope.h"
#include "failing_alloc.h"
#include "tap.h"

#include <time.h>

#define DEPTH(frames) (sizeof(frames) / sizeof(*(frames)))

#define FRAME(f, m, path, number, address, what, inlining)                                         \
	{                                                                                          \
		.function = (f), .module = (m), .file = (path), .line = (number),                  \
		.offset = (address), .kind = (what), .is_inlined = (inlining)                      \
	}

static const struct frame leaf = FRAME("leaf", "server", "a.c", 10, 0x108, FRAME_NATIVE, false);
static const struct frame leaf_again =
	FRAME("leaf", "server", "a.c", 10, 0x100, FRAME_NATIVE, false);
static const struct frame leaf_line =
	FRAME("leaf", "server", "a.c", 11, 0x110, FRAME_NATIVE, false);
static const struct frame leaf_kind = FRAME("leaf", "server", "a.c", 10, 0x100, FRAME_JIT, false);
static const struct frame leaf_in = FRAME("leaf", "server", "a.c", 10, 0x100, FRAME_NATIVE, true);
static const struct frame main_frame = FRAME("main", "server", "m.c", 1, 0x10, FRAME_NATIVE, false);
static const struct frame no_name = FRAME("", "server", "", 0, 0x500, FRAME_NATIVE, false);
static const struct frame no_name_2 = FRAME("", "server", "", 0, 0x600, FRAME_NATIVE, false);

static struct profile_sample sample_of(const struct frame *frames, size_t depth, uint64_t weight)
{
	return (struct profile_sample){
		.pid = 1,
		.process = "server",
		.thread = "",
		.wait = "",
		.frames = frames,
		.depth = depth,
		.count = 1,
		.weight = weight,
	};
}

static int add(struct profile *p, const struct frame *f, uint64_t weight)
{
	struct profile_sample s = sample_of(f, 1, weight);

	return profile_add(p, &s);
}

static void test_merge(void)
{
	_release_(profile_freep) struct profile *p = profile_new();
	char name[] = "leaf";
	struct frame copy = leaf;

	copy.function = name;
	is_int(add(p, &leaf, 5), 0, "a sample");
	is_int(add(p, &leaf_again, 7), 0, "another place on the same line");
	is_int(add(p, &copy, 1), 0, "another address of the name");
	memset(name, 'x', 4);
	is_int(profile_stack_count(p), 1, "read the same: one stack");
	is_int(profile_frame_count(p), 1, "and one frame");
	is_text(profile_frame(p, 0)->function, "leaf", "names are copies");
	is_int(profile_frame(p, 0)->offset, 0x100, "the smallest offset is kept");
	is_int(profile_stack(p, 0)->count, 3, "counts add up");
	is_int(profile_stack(p, 0)->weight, 13, "weights too");
	(void)add(p, &leaf_line, 1);
	(void)add(p, &leaf_kind, 1);
	(void)add(p, &leaf_in, 1);
	(void)add(p, &no_name, 1);
	(void)add(p, &no_name_2, 1);
	is_int(profile_frame_count(p), 6, "line, kind, inlining, offset without a name: apart");
	is_int(profile_stack_count(p), 6, "so are their stacks");
	is_int(profile_total_weight(p), 18, "total weight");
	is_int(profile_total_count(p), 8, "total count");
}

/* Each of these differs from the first in one thing. */
static void test_keys(void)
{
	struct profile_sample s[9];
	_release_(profile_freep) struct profile *p = profile_new();

	for (size_t i = 0; i < DEPTH(s); i++) {
		s[i] = sample_of(&leaf, 1, 1);
		s[i].state = PROFILE_BLOCKED;
		s[i].wait = "futex";
		s[i].tid = 3;
	}
	s[1].pid = 2;
	s[2].tid = 4;
	s[3].process = "other";
	s[4].thread = "other";
	s[5].state = PROFILE_RUNNABLE;
	s[6].wait = "poll";
	s[7].cut = "no unwind table";
	s[8].depth = 0;
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < DEPTH(s); i++)
			is_int(profile_add(p, &s[i]), 0, "sample %zu", i);
	is_int(profile_stack_count(p), DEPTH(s), "all apart, each found again");
	s[0].tid = 0;
	s[0].thread = "ignored";
	s[0].state = PROFILE_ON_CPU;
	is_int(profile_add(p, &s[0]), 0, "threads not told apart");
	is_text(profile_stack(p, DEPTH(s))->thread, "", "then they have no name");
	is_text(profile_stack(p, DEPTH(s))->wait, "", "who runs waits for nothing");
	s[0].depth = PROFILE_MAX_DEPTH + 1;
	is_int(profile_add(p, &s[0]), -E2BIG, "too deep");
}

static void test_hostile(void)
{
	const struct frame bad = FRAME("f\n\xff", "m\x1b", "", 0, 1, FRAME_NATIVE, false);
	_release_(profile_freep) struct profile *p = profile_new();

	is_int(add(p, &bad, 1), 0, "names that are not clean");
	is_int(add(p, &bad, 1), 0, "twice");
	is_int(profile_frame_count(p), 1, "are one frame");
	is_text(profile_frame(p, 0)->function, "f\\x0a\\xff", "and clean");
	is_text(profile_frame(p, 0)->module, "m\\x1b", "module too");
}

static void fill(struct profile *p, bool is_backwards)
{
	const struct frame up[] = { leaf, main_frame }, down[] = { leaf_line, main_frame },
			   odd[] = { no_name, leaf, main_frame };
	const struct profile_sample samples[] = { sample_of(up, 2, 10), sample_of(down, 2, 10),
						  sample_of(odd, 3, 30), sample_of(NULL, 0, 10),
						  sample_of(&leaf_again, 1, 1) };

	for (size_t i = 0; i < DEPTH(samples); i++)
		must(!profile_add(p, &samples[is_backwards ? DEPTH(samples) - 1 - i : i]));
	must(!profile_finish(p));
}

static void test_order(void)
{
	static const uint64_t weights[] = { 30, 10, 10, 10, 1 };
	static const size_t depths[] = { 3, 0, 2, 2, 1 };
	_release_(profile_freep) struct profile *a = profile_new(), *b = profile_new();

	fill(a, false);
	fill(b, true);
	for (size_t i = 0; i < 5; i++) {
		const struct profile_stack *x = profile_stack(a, i), *y = profile_stack(b, i);

		is_int(x->weight, weights[i], "stack %zu: by weight", i);
		is_int(x->depth, depths[i], "then as they read");
		ok(y->weight == x->weight && y->depth == x->depth &&
			   !memcmp(x->frames, y->frames, x->depth * sizeof(*x->frames)),
		   "whatever the order in which they came");
	}
	is_int(profile_stack(a, 0)->frames[0], 0, "frames are numbered as they occur");
	is_int(profile_stack(a, 0)->frames[2], 2, "from leaf to root");
	is_int(profile_frame(a, 1)->offset, profile_frame(b, 1)->offset, "offsets are equal too");
	is_int(add(a, &leaf, 100), 0, "more can be added");
	is_int(profile_stack_count(a), 5, "to what is there");
	is_int(add(a, &leaf_kind, 1), 0, "new ones too");
	is_int(profile_finish(a), 0, "and be finished again");
	is_int(profile_stack(a, 0)->weight, 101, "which puts them in order");
	is_int(profile_frame_count(a), 5, "frames are known again");
}

static void test_functions(void)
{
	const struct frame recursive[] = { leaf, leaf_line, leaf, main_frame };
	const struct frame inlined[] = { leaf_in, main_frame };
	struct profile_sample s = sample_of(recursive, 4, 10);
	_release_(profile_freep) struct profile *p = profile_new();
	_release_(profile_functions_done) struct profile_functions f = { 0 };

	is_int(profile_functions(p, &f), 0, "of nothing");
	is_int(f.len, 0, "none");
	must(!profile_add(p, &s));
	s = sample_of(inlined, 2, 5);
	s.state = PROFILE_BLOCKED;
	must(!profile_add(p, &s));
	s = sample_of(&main_frame, 1, 3);
	s.state = PROFILE_RUNNABLE;
	must(!profile_add(p, &s));
	must(!add(p, &no_name, 1) && !add(p, &no_name_2, 1) && !add(p, &leaf_kind, 1));
	must(!profile_finish(p));
	is_int(profile_functions(p, &f), 0, "of some");
	is_int(f.len, 5, "lines and inlining do not count, kinds and unnamed places do");
	is_text(profile_frame(p, f.at[0].frame)->function, "leaf", "first by self weight");
	is_int(f.at[0].self_weight, 15, "self");
	is_int(f.at[0].total_weight, 15, "a recursive function counts once per stack");
	is_int(f.at[0].total_count, 2, "counts too");
	is_int(f.at[1].self_weight, 3, "main: self");
	is_int(f.at[1].total_weight, 18, "and total");
	is_int(f.at[1].blocked_weight, 5, "of it blocked");
	is_int(f.at[1].runnable_weight, 3, "of it runnable");
	is_int(f.at[2].self_count, 1, "the rest has one sample each");
	is_text(profile_frame(p, f.at[4].frame)->function, "leaf", "equal ones by name");
}

/* Kernel frames of a wait are passed over, those of what ran are not; all of it is somebody's. */
static void test_owners(void)
{
	const struct frame kernel = {
		.function = "k", .module = "[kernel]", .file = "", .kind = FRAME_KERNEL
	};
	const struct frame in_kernel[] = { kernel, leaf, main_frame };
	static const enum profile_state states[] = { PROFILE_ON_CPU, PROFILE_BLOCKED,
						     PROFILE_RUNNABLE };
	_release_(profile_freep) struct profile *p = profile_new();
	_release_(profile_functions_done) struct profile_functions f = { 0 };

	for (size_t i = 0; i < 3; i++) {
		struct profile_sample s = sample_of(in_kernel, 3, i + 1);

		s.state = states[i];
		must(!profile_add(p, &s));
		s = sample_of(&kernel, 1, 10 * (i + 1));
		s.state = states[i];
		must(!profile_add(p, &s));
	}
	must(!profile_finish(p) && !profile_functions(p, &f) && f.len == 3);
	is_text(profile_frame(p, f.at[0].frame)->function, "k", "the leaf of all");
	is_int(f.at[0].own_weight, 61, "owns what ran in it and what has no other frame");
	is_int(f.at[0].own_blocked_weight, 20, "of it blocked");
	is_int(f.at[0].own_runnable_weight, 30, "of it runnable");
	is_text(profile_frame(p, f.at[1].frame)->function, "leaf", "the innermost of the program");
	is_int(f.at[1].own_weight, 5, "owns its waits");
	is_int(f.at[1].own_blocked_weight, 2, "of it blocked");
	is_int(f.at[1].own_runnable_weight, 3, "of it runnable");
	is_int(f.at[2].own_weight, 0, "the caller owns nothing");
}

static void is_function(const struct profile *p, const struct profile_function *f, const char *name,
			uint64_t total_weight)
{
	is_text(profile_frame(p, f->frame)->function, name, "%s: its name", name);
	is_int(f->total_weight, (long long)total_weight, "%s: its weight", name);
}

static void test_calls(void)
{
	/* main calls middle and leaf, middle calls leaf and itself */
	const struct frame middle = FRAME("middle", "server", "b.c", 5, 0x50, FRAME_NATIVE, false);
	const struct frame straight[] = { leaf, main_frame };
	const struct frame around[] = { leaf_line, middle, main_frame };
	const struct frame again[] = { middle, middle, leaf, middle, main_frame };
	const struct profile_sample samples[] = { sample_of(straight, 2, 10),
						  sample_of(around, 3, 4), sample_of(again, 5, 2),
						  sample_of(&leaf, 1, 1), sample_of(NULL, 0, 50) };
	_release_(profile_freep) struct profile *p = profile_new();
	struct profile_calls c;

	is_int(profile_calls(p, &leaf, &c), 0, "neighbours in nothing");
	is_int(c.of.total_weight, 0, "none");
	profile_calls_done(&c);
	for (size_t i = 0; i < DEPTH(samples); i++)
		must(!profile_add(p, &samples[i]));
	must(!profile_finish(p));

	is_int(profile_calls(p, &leaf_again, &c), 0, "neighbours of leaf");
	is_function(p, &c.of, "leaf", 17);
	is_int(c.of.self_weight, 15, "it ran itself");
	is_int(c.callers.len, 2, "it has two callers");
	is_function(p, &c.callers.at[0], "main", 10);
	is_function(p, &c.callers.at[1], "middle", 6);
	is_int(c.callees.len, 1, "and one callee");
	is_function(p, &c.callees.at[0], "middle", 2);
	is_int(c.uncalled_weight, 1, "without a caller once");
	profile_calls_done(&c);

	is_int(profile_calls(p, &middle, &c), 0, "neighbours of what calls itself");
	is_function(p, &c.of, "middle", 6);
	is_int(c.callers.len, 3, "itself among them");
	is_function(p, &c.callers.at[0], "main", 6);
	is_int(c.callers.at[1].total_weight, 2, "once per stack");
	is_int(c.callers.at[2].total_weight, 2, "each");
	is_function(p, &c.callees.at[0], "leaf", 6);
	is_function(p, &c.callees.at[1], "middle", 2);
	profile_calls_done(&c);

	is_int(profile_calls(p, &leaf_kind, &c), 0, "neighbours of one that is in no stack");
	is_int(c.of.total_weight + c.callers.len + c.callees.len, 0, "none");
	profile_calls_done(&c);
}

static void test_tasks(void)
{
	_release_(profile_freep) struct profile *p = profile_new();
	_release_(profile_tasks_done) struct profile_tasks t = { 0 };
	struct profile_sample s = sample_of(&leaf, 1, 5);

	is_int(profile_tasks(p, &t), 0, "of nothing");
	is_int(t.len, 0, "none");
	for (pid_t tid = 2; tid < 5; tid++) {
		s.tid = tid;
		s.thread = "old name";
		s.weight = 5;
		must(!profile_add(p, &s));
		s.thread = "name";
		s.weight = tid == 4 ? 50 : 6;
		s.state = tid == 4 ? PROFILE_BLOCKED : PROFILE_ON_CPU;
		must(!profile_add(p, &s));
		s.state = PROFILE_ON_CPU;
	}
	must(!profile_finish(p));
	is_int(profile_tasks(p, &t), 0, "of three threads");
	is_int(t.len, 3, "three");
	is_int(t.at[0].tid, 4, "the heaviest first");
	is_int(t.at[0].blocked_weight, 50, "of it blocked");
	is_int(t.at[1].tid, 2, "then by number");
	is_int(t.at[1].weight, 11, "with both names");
	is_text(t.at[1].thread, "name", "shown with the one seen most");
}

/* --- cost ------------------------------------------------------------------------------------- */

#define MILLION 1000000

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

/* CPU time; the limit is loose, for sanitizers: it is there to catch a quadratic search. */
static void test_million(void)
{
	static char names[1000][32];
	struct frame frames[20];
	_release_(profile_freep) struct profile *p = profile_new();
	struct timespec start;
	uint32_t random = 1;
	double took;

	for (size_t i = 0; i < 1000; i++)
		(void)snprintf(names[i], sizeof(names[i]), "function_number_%zu", i);
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	for (size_t n = 0; n < MILLION; n++) {
		struct profile_sample s = sample_of(frames, 20, 1);

		for (size_t i = 0; i < 20; i++) {
			random = i ? random * 69069 + 1 : (uint32_t)(n % 50000) * 7919 + 1;
			frames[i] = leaf;
			frames[i].function = names[(random >> 16) % 1000];
		}
		must(!profile_add(p, &s));
	}
	must(!profile_finish(p));
	took = seconds_since(&start);
	is_int(profile_total_count(p), MILLION, "a million samples of 20 frames");
	ok(profile_stack_count(p) <= 50000 && profile_stack_count(p) > 40000, "%zu stacks",
	   profile_stack_count(p));
	ok(took < 30, "added and put in order in time");
	printf("# %.2f s\n", took);
}

/* --- no memory -------------------------------------------------------------------------------- */

static int everything(void)
{
	_release_(profile_freep) struct profile *p = profile_new();
	_release_(profile_functions_done) struct profile_functions f = { 0 };
	_release_(profile_tasks_done) struct profile_tasks t = { 0 };
	_release_(profile_calls_done) struct profile_calls c = { 0 };
	int err = p ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < 100 && !err; i++) {
		struct frame frames[] = { leaf, main_frame };
		struct profile_sample s = sample_of(frames, 2, i);

		frames[0].line = i;
		frames[1].function = "";
		frames[1].offset = i;
		s.tid = (pid_t)i;
		s.thread = "thread";
		s.cut = "cut";
		err = profile_add(p, &s);
	}
	if (!err)
		err = profile_finish(p);
	if (!err)
		err = profile_functions(p, &f);
	if (!err)
		err = profile_calls(p, &leaf, &c);
	return err ? err : profile_tasks(p, &t);
}

static void test_no_memory(void)
{
	bool is_hit = true, is_told = true;
	size_t n;

	for (n = 1; is_hit && is_told; n++) {
		int err;

		failing_alloc_start(n);
		err = everything();
		is_hit = failing_alloc_stop();
		is_told = err == (is_hit ? -ENOMEM : 0);
	}
	ok(is_told, "each of %zu allocations fails once, and it is told", n - 2);
	ok(n > 30, "there were as many");
}

int main(void)
{
	test_merge();
	test_keys();
	test_hostile();
	test_order();
	test_functions();
	test_owners();
	test_calls();
	test_tasks();
	test_million();
	test_no_memory();
	return tap_done();
}

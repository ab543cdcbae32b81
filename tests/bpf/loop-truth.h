/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stalls of one kind, made several times by a thread that knows how long each was, and what the
 * kernel side must have said of them: the parts of each sum to it exactly, and the part that the
 * kind is about is, in the median, what the thread knows.
 */
#ifndef TESTS_BPF_LOOP_TRUTH_H
#define TESTS_BPF_LOOP_TRUTH_H

#include "loop-watch.h"

#include <sys/resource.h>
#include <time.h>

#define TRUTH_ROUNDS	   5
#define TRUTH_THRESHOLD_NS (30 * MS_NS)
#define TRUTH_STALL_NS	   (60 * MS_NS)
#define TRUTH_SLOP_NS	   MS_NS

/* In memory that children share: they write it too. */
static struct {
	struct {
		uint64_t began_ns, ended_ns, cpu_ns;
		uint64_t asked_ns; /* for how long it slept at least */
		uint64_t min_faults, maj_faults;
	} at[TRUTH_ROUNDS];
} * truth;

/* First of all. */
static inline void truth_begin(void)
{
	truth = shared_memory(sizeof(*truth));
}

/* CPU time of the current thread. */
static inline uint64_t cpu_ns(void)
{
	struct timespec t;

	must(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* For a thread or child under test: an iteration of *@stall in each round. */
static inline void truth_stalls(void (**stall)(void))
{
	int epoll = epoll_loop();

	for (int i = 0; i < TRUTH_ROUNDS; i++) {
		struct rusage before, after;

		must(getrusage(RUSAGE_THREAD, &before) == 0);
		truth->at[i].began_ns = now_ns();
		truth->at[i].cpu_ns = cpu_ns();
		truth->at[i].asked_ns = TRUTH_STALL_NS;
		(*stall)();
		truth->at[i].cpu_ns = cpu_ns() - truth->at[i].cpu_ns;
		truth->at[i].ended_ns = now_ns();
		must(getrusage(RUSAGE_THREAD, &after) == 0);
		truth->at[i].min_faults = (uint64_t)(after.ru_minflt - before.ru_minflt);
		truth->at[i].maj_faults = (uint64_t)(after.ru_majflt - before.ru_majflt);
		must(wait_on(epoll, 1) == 0);
	}
	(void)close(epoll);
}

/* The stall of round @i; NULL: none was seen. */
static inline const struct loop_stall_event *stall_of(const struct watched *t, int i)
{
	for (size_t n = 0; n < t->stall_count; n++)
		if (t->stalls[n].began_ns <= truth->at[i].began_ns &&
		    t->stalls[n].header.time_ns >= truth->at[i].ended_ns)
			return &t->stalls[n];
	return NULL;
}

static inline uint64_t sum_of(const uint64_t *part_ns)
{
	uint64_t ns = 0;

	for (int i = 0; i < LOOP_PARTS; i++)
		ns += part_ns[i];
	return ns;
}

static inline int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static inline int64_t median(int64_t values[TRUTH_ROUNDS])
{
	qsort(values, TRUTH_ROUNDS, sizeof(*values), by_number);
	return values[TRUTH_ROUNDS / 2];
}

/* Every stall is there, with parts that sum to it, and @part no longer than the thread knows. */
static inline void check_all(const struct watched *t, enum loop_part part, const char *what)
{
	int found = 0, whole = 0, contained = 0;

	for (int i = 0; i < TRUTH_ROUNDS; i++) {
		const struct loop_stall_event *e = stall_of(t, i);
		uint64_t ns = truth->at[i].ended_ns - truth->at[i].began_ns;

		if (!e)
			continue;
		found++;
		whole += sum_of((const uint64_t *)e->part_ns) == e->header.time_ns - e->began_ns;
		contained += e->part_ns[part] <= ns + (part == LOOP_RUNNING ? TRUTH_SLOP_NS : 0);
	}
	is_int(found, TRUTH_ROUNDS, "%s: every stall is seen", what);
	is_int(whole, TRUTH_ROUNDS, "%s: the parts of each sum to it", what);
	if (part != LOOP_RUNNING)
		is_int(contained, TRUTH_ROUNDS, "%s: no part is longer than it lasted", what);
}

/* The median of @part is what was asked for at least. */
static inline void check_median(const struct watched *t, enum loop_part part, const char *what)
{
	int64_t off_ns[TRUTH_ROUNDS] = { 0 };

	for (int i = 0; i < TRUTH_ROUNDS; i++) {
		const struct loop_stall_event *e = stall_of(t, i);

		if (e)
			off_ns[i] = (int64_t)(e->part_ns[part] - truth->at[i].asked_ns);
	}
	ok(median(off_ns) >= -(int64_t)TRUTH_SLOP_NS, "%s: nothing of it is missing (%lld us)",
	   what, (long long)median(off_ns) / 1000);
}

/* The longest block of the stall of round @i. */
static inline void check_longest(const struct watched *t, int i, enum loop_part part, int number,
				 const char *what)
{
	const struct loop_stall_event *e = i < 0 ? NULL : stall_of(t, i);

	if (!ok(e, "%s: a block is told of", what))
		return;
	is_int(e->longest.part, part, "%s: the longest block is of that part", what);
	is_int(e->longest.syscall, number, "%s: its system call", what);
	ok(e->longest.ns <= e->part_ns[part], "%s: and not longer than all", what);
}

#endif

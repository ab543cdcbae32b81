/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The collecting side of memleak-trace: its BPF programs, the processes they watch, and the value
 * they fill (profile/leaks.h). Life: open, add processes, start, let the loop run, stop, report.
 */
#ifndef COLLECT_MEMLEAK_H
#define COLLECT_MEMLEAK_H

#include "collect/stack_method.h"
#include "host/loop.h"
#include "report/leak_report.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct memleak_options {
	enum stack_method stacks;
	bool follow_children, follow_exec;
	/* For weeks: processes come and go by memleak_add and memleak_remove, the loop goes on, and
	 * nothing of one that has ended is kept. */
	bool is_endless;
	bool of_buffers;   /* node's Buffers instead of malloc's blocks (probe/buffer_allocator.h);
			      each   stack is then the function that had them made
			      (profile/frame_owner.h) */
	bool has_js_tiers; /* names of JavaScript functions tell the tier of their code */
	bool with_mmap;	   /* also anonymous mappings and brk of the program itself */
	bool with_throwing_new; /* probe/allocator.h */
	uint64_t min_size_bytes, max_size_bytes, min_age_ns;
	uint32_t max_blocks, max_stacks, max_threads; /* table sizes */
	uint64_t max_hits; /* probe hits per second before it lets go; 0: no guard */
	double max_loss_pct;
	uint64_t sample_ns; /* distance of the samples of the trend: memleak_sample_ns */
	enum leak_sort sort;
	uint32_t top;
};

#define MEMLEAK_MIN_SAMPLE_NS 250000000ull

/* What a run of @duration_ns (0: until stopped) needs for a verdict, when nothing else is asked. */
uint64_t memleak_sample_ns(uint64_t duration_ns);

struct memleak;

/* Loads the programs. 0 or -errno after saying why. @options and @loop are borrowed for the life of
 * it. */
int memleak_open(const struct memleak_options *options, struct loop *loop, struct memleak **ret);
void memleak_free(struct memleak *m);
void memleak_freep(struct memleak **m);

/* Watches process @pid. EXIT_DONE or the exit status for what went wrong (said). */
int memleak_add(struct memleak *m, pid_t pid);

/* The same for a process below one asked for: one that ends or cannot be traced is noted, no error.
 */
int memleak_add_descendant(struct memleak *m, pid_t pid);

/* An endless one only: lets go of a process, which may run on; without it nothing is done. */
void memleak_remove(struct memleak *m, pid_t pid);

/* What @pid has allocated since it was added and not freed, and its probe hits so far. 0; -ESRCH:
 * it is not watched; or -errno. */
struct memleak_outstanding {
	uint64_t bytes, blocks, hits;
};
int memleak_outstanding(struct memleak *m, pid_t pid, struct memleak_outstanding *ret);

/* Registers timers and descriptors with the loop. 0 or -errno. */
int memleak_start(struct memleak *m);

/* Detaches every probe; the ledger stays readable. */
void memleak_stop(struct memleak *m);

/* "node (PID 42), glibc" ... what is traced, for the line after the attach. Owned by @m. */
const char *memleak_describe(struct memleak *m);

/*
 * The report as of the last sample (taken now when @is_final). Strings and rows are owned by @m
 * until the next call. 0 or -errno.
 */
int memleak_report(struct memleak *m, bool is_final, struct leak_report *ret_report);

#endif

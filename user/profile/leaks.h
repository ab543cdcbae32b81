/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The value between collecting and reporting for memleak-trace: live blocks per stack, over time.
 *
 * A collector walks the ledger once per interval: leaks_begin, leaks_block for each live block,
 * leaks_end. At the end (or for an interim report) leaks_rows merges stacks that read the same and
 * ranks them.
 */
#ifndef PROFILE_LEAKS_H
#define PROFILE_LEAKS_H

#include "profile/trend.h"
#include "symbol/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum leak_kind {
	LEAK_HEAP,    /* malloc and kin */
	LEAK_MMAP,    /* anonymous memory mapped by the program itself (--mmap) */
	LEAK_RUNTIME, /* allocator arenas, thread stacks, the loader's mappings: shown apart, never
			 ranked */
};

struct leaks;

struct leaks *leaks_new(void);
void leaks_free(struct leaks *l);
void leaks_freep(struct leaks **l);

/* A walk of the ledger at @now_ns (CLOCK_MONOTONIC) begins; blocks younger than @min_age_ns will be
 * left out. */
void leaks_begin(struct leaks *l, uint64_t now_ns, uint64_t min_age_ns);

/*
 * One live block (or mapping). @stack is the id of its raw stack, unique over all processes.
 * 0 or -ENOMEM.
 */
int leaks_block(struct leaks *l, pid_t pid, enum leak_kind kind, uint64_t stack, uint64_t bytes,
		uint64_t born_ns);

/*
 * The walk is over; each stack's total becomes a sample of its series (stacks not seen: 0). When
 * TREND_MAX_SAMPLES is reached every second sample is dropped and, from then on, only every second
 * walk is kept, and so on. A walk less than half an interval after the last one (a report right
 * after a sample) renews the totals but is no sample. 0 or -ENOMEM.
 */
int leaks_end(struct leaks *l);

/* Forgets all stacks of a process (it executed another program). */
void leaks_forget(struct leaks *l, pid_t pid);

/* Number of samples in the series and their mean distance (ns; 0 with fewer than two). */
size_t leaks_samples(const struct leaks *l);
uint64_t leaks_sample_distance_ns(const struct leaks *l);

/* Raw stacks seen so far, those without live bytes included. */
size_t leaks_stack_count(const struct leaks *l);

/* Calls @fn for each stack that has live bytes in the last walk, so that the caller can resolve it.
 */
void leaks_each_stack(const struct leaks *l, void (*fn)(void *ctx, pid_t pid, uint64_t stack),
		      void *ctx);

enum leak_sort { LEAK_BY_BYTES, LEAK_BY_COUNT, LEAK_BY_GROWTH, LEAK_BY_AGE };

struct leak_row {
	pid_t pid;
	enum leak_kind kind;
	struct frame *frames; /* leaf (caller of the allocator) first; owned by the list */
	size_t depth;
	const char
		*cut; /* why the walk broke off before the start of the thread, NULL: it did not */
	uint64_t bytes, blocks;
	int64_t growth_last_bytes; /* between the last two samples */
	int64_t growth_run_bytes;  /* since the first sample */
	uint64_t age_median_ns;	   /* within 6.25 % (hist.h) */
	uint64_t age_oldest_ns;
	double share;	    /* of the bytes of all rows of its process and kind, 0..1 */
	struct trend trend; /* of the samples of all merged stacks */
};

struct leak_rows {
	struct leak_row *at;
	size_t len, cap;
};

void leak_rows_done(struct leak_rows *rows);

/*
 * How the caller names a stack: fills up to @max frames, leaf first; returns their number;
 * *ret_cut as in struct leak_row, living as long as the rows.
 */
typedef size_t (*leak_names_fn)(void *ctx, pid_t pid, uint64_t stack, struct frame *ret_frames,
				size_t max, const char **ret_cut);

#define LEAK_MAX_DEPTH 512 /* frames, those of inlined functions included */

/*
 * Rows with live blocks, merged by (pid, kind, function+module+file+line of every frame; the offset
 * instead where the function has no name). The trend of a row leaves out the first sample: the
 * ledger is empty at the attach, and the step from there is no growth. Sorted:
 * heap and mmap rows first by @sort descending, then bytes, then frames' text, so that equal input
 * gives equal output; runtime rows last. 0 or -ENOMEM.
 * @min_slope_bytes: for trend_of.
 */
int leaks_rows(struct leaks *l, leak_names_fn names, void *ctx, enum leak_sort sort,
	       double min_slope_bytes, struct leak_rows *ret_rows);

/* What happened in one process, counted in the kernel since the attach. */
struct leak_counts {
	uint64_t allocs, alloc_bytes; /* entered the ledger */
	uint64_t frees, free_bytes;   /* left it */
	uint64_t frees_before_attach; /* of addresses not in the ledger: allocated before the attach
					 (or not recorded) */
	uint64_t failed_allocs;	      /* returned no block */
	uint64_t filtered;	      /* outside --min-size, --max-size */
	uint64_t nested;	      /* calls inside another allocator call: counted with it */
	uint64_t hits;		      /* probe hits */
	/* Losses: each makes the report a lower bound or leaves a block that may be gone. */
	uint64_t lost_blocks;  /* the ledger was full, or the kernel had no memory */
	uint64_t lost_stacks;  /* recorded with an unknown stack */
	uint64_t lost_threads; /* calls of threads for which there was no room */
	uint64_t lost_frees;   /* an address was handed out again without its free being seen */
	uint64_t lost_returns; /* calls that never returned (exception, longjmp) */
	uint64_t lost_reads;   /* the target's memory could not be read */
	uint64_t lost_events;  /* process or mapping events dropped */
	uint64_t missed_runs;  /* the kernel skipped the program (recursion) */
};

/* Sum of the lost_* fields and missed_runs. */
uint64_t leak_counts_lost(const struct leak_counts *c);
void leak_counts_add(struct leak_counts *into, const struct leak_counts *from);

#endif

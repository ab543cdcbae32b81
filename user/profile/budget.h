/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What watching one process costs, and what is given up when that is more than was allowed: one
 * step at a time, always in the same order, and back again after a quiet while.
 */
#ifndef PROFILE_BUDGET_H
#define PROFILE_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

/* Each includes those before it. */
enum budget_step {
	BUDGET_ALL,
	BUDGET_NO_ALLOC,      /* no probes on malloc and free */
	BUDGET_NO_SPLIT,      /* switches of threads are not traced */
	BUDGET_NO_GC,	      /* no probes on V8's collector */
	BUDGET_MEMORY_RARELY, /* memory is looked at a tenth as often */
	BUDGET_NO_LOOPS,      /* nothing but /proc is left */
	BUDGET_STEPS,
};

#define BUDGET_RARELY	  10 /* of so many looks at memory one is left */
#define BUDGET_OVER_LOOKS 3  /* so many times in turn it costs too much before a step down, */
#define BUDGET_QUIET_NS	  300000000000ull /* and less than half of it for so long before one up */

/* Zeroed at birth. */
struct budget {
	enum budget_step step;
	uint32_t over_looks;
	uint64_t quiet_since_ns; /* 0: it is not */
};

/*
 * @share: of one CPU, as it is now; @allowed likewise; @possible: a bit for each step that would
 * change anything. True: budget->step is another than before.
 */
bool budget_update(struct budget *b, double share, double allowed, uint32_t possible,
		   uint64_t now_ns);

/* What was counted of a process within some time. */
struct budget_counts {
	uint64_t iterations, collections;
	uint64_t hits;	   /* of probes on malloc and free */
	uint64_t looks_ns; /* CPU time of our own reading of it */
	uint64_t window_ns;
};

/*
 * The share of one CPU that this took, by what each kind costs on common machines (chapter 07):
 * the kernel does not tell what a probe costs one process. With @has_split more.
 */
double budget_share(const struct budget_counts *c, bool has_split);

#endif

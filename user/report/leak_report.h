/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * memleak-trace's report: a value in, text, JSON or folded stacks out. Same input, same bytes.
 */
#ifndef REPORT_LEAK_REPORT_H
#define REPORT_LEAK_REPORT_H

#include "profile/leaks.h"
#include "profile/stack_counts.h"

#include <stdio.h>

/* docs/schema/memleak-trace.schema.json says the same */
#define LEAK_REPORT_SCHEMA "memleak-trace/3"

struct leak_target {
	pid_t pid;
	uint64_t start_ticks;
	const char *comm;      /* clean */
	const char *exe;       /* clean */
	const char *allocator; /* "jemalloc in /usr/lib/.../libjemalloc.so.2: malloc free ..."
				  short: name and path */
	const char *state;     /* "running", "ended", "executed another program", "detached: ..." */
	uint64_t window_ns;    /* time under observation */
	struct leak_counts counts;
	struct stack_counts stacks;
};

struct leak_report {
	const char *version;
	uint64_t time_ns;     /* CLOCK_REALTIME of the report */
	uint64_t window_ns;   /* since the first attach */
	uint64_t interval_ns; /* between samples, 0 when there are fewer than two */
	size_t samples;
	bool is_final;
	uint64_t min_age_ns, min_size_bytes,
		max_size_bytes; /* filters in force; 0, 0, UINT64_MAX: none */
	const char *sort;	/* "bytes" "count" "growth" "age" */
	const struct leak_target *targets;
	size_t target_count;
	const struct leak_row *rows; /* all of them, sorted */
	size_t row_count;
	size_t top;	  /* text shows so many ranked rows; JSON and folded have all */
	double lost_pct;  /* of allocations and frees */
	bool is_complete; /* lost_pct within --max-loss, and no guard or table stopped the recording
			   */
	const char *note; /* why it ended or what to know ("stopped: 812000 probe hits/s over
			     --max-hits ..."), NULL */
	uint64_t own_rss_bytes, own_cpu_ns;
	uint64_t table_bytes;	 /* BPF tables in use, estimate */
	uint64_t unwind_bytes;	 /* of them: unwind tables */
	uint64_t unwind_load_ns; /* CPU time that making those took */
	uint64_t live_blocks, max_blocks;
	uint64_t probe_cost_ns; /* least time of one probe hit on this machine, 0 unknown */
};

int leak_report_text(const struct leak_report *r, FILE *out);
/* One object on one line. */
int leak_report_json(const struct leak_report *r, FILE *out);
/* "comm-PID;root;...;leaf BYTES" per row, sorted bytewise; runtime rows left out. */
int leak_report_folded(const struct leak_report *r, FILE *out);
/* Each returns 0 or -EIO when @out failed; folded, which sorts, also -ENOMEM. */

#endif

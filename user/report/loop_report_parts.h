/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What several of loop-stall's reports are made of. */
#ifndef REPORT_LOOP_REPORT_PARTS_H
#define REPORT_LOOP_REPORT_PARTS_H

#include "profile/loops.h"

#include <stdio.h>

/* A percentile that few values cannot tell: ten have to lie above it. */
struct loop_percentile {
	const char *name; /* "p99.9" */
	const char *key;  /* "p99_9_ns" */
	double q;
	uint64_t needs; /* so many values */
};

#define LOOP_PERCENTILES 5
extern const struct loop_percentile loop_percentiles[LOOP_PERCENTILES];

/* As stall_verdict; STALL_UNKNOWN without a split, whatever the parts say. */
enum stall_verdict loop_verdict(const struct loops *l, const struct stall *s);

/* 1 - waiting / window, as node's eventLoopUtilization counts, and 1 - asleep / window. */
double loop_elu(const struct loop_times *t);
double loop_utilisation(const struct loop_times *t);

/* Busy times as an arrival meets them: those of @t, and the stall that goes on. */
void loop_busy_hist(const struct loop_info *info, const struct loop_times *t,
		    struct loop_hist *ret);

/* The stall of loop @index that goes on, NULL. */
const struct stall *loop_stuck(const struct loops *l, size_t index);

#define LOOP_TEXT_LEN 200

/* "stuck for at least 3.20 s in fsync on data.db", "857 ms" when it is over. Returns @buf. */
char *loop_length_text(const struct loops *l, const struct stall *s, char buf[LOOP_TEXT_LEN]);

/* "nginx (TID 7)". Returns @buf. */
char *loop_name_text(const struct loop_info *info, char buf[LOOP_TEXT_LEN]);

/* A section of a text report: a loop's figures. */
void loop_put_figures(const struct loops *l, size_t index, FILE *out);

/* A stall in a line, or few: when, how long, its division; below it the verdict. */
void loop_put_stall(const struct loops *l, const struct stall *s, FILE *out);
/* The stack that explains most of it; nothing when none does, or it is not its own doing. */
void loop_put_stall_stack(const struct loops *l, const struct stall *s, FILE *out);
/* All of its stacks, each whole; nothing as above. */
void loop_put_stall_stacks(const struct loops *l, const struct stall *s, FILE *out);

#define LOOP_WAIT_LEN 80

/* "fsync on data.db", what it was longest asleep in; "" when that is not known. Returns @buf. */
char *loop_wait_text(const struct stall *s, char buf[LOOP_WAIT_LEN]);

/* The innermost frame of user mode, @depth: there is none. */
size_t loop_user_frame(const struct frame *frames, size_t depth);
/*
 * The innermost of the program's own scripts, if there is one; else the innermost that is not of
 * the C library either, which says less; else as above.
 */
size_t loop_own_frame(const struct frame *frames, size_t depth);

/* A stack of loops_profile(): its share, its functions, whose time it was, all of it. */
void loop_put_culprit(const struct profile *p, const struct profile_stack *s, size_t number,
		      FILE *out);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the three forms of memleak-trace's report share. */
#ifndef REPORT_LEAK_REPORT_PARTS_H
#define REPORT_LEAK_REPORT_PARTS_H

#include "report/leak_report.h"

/* One counter of struct leak_counts; names are those of the fields. */
struct leak_counter {
	const char *name;
	size_t offset;	     /* in struct leak_counts */
	const char *meaning; /* of a loss, for people; NULL when the counter is no loss */
};

#define LEAK_COUNTER_COUNT 17
extern const struct leak_counter leak_counters[LEAK_COUNTER_COUNT];

uint64_t leak_counter_of(const struct leak_counts *counts, const struct leak_counter *counter);

/* Of all targets together. */
struct leak_counts leak_report_counts(const struct leak_report *r);

/* The stacks of all targets together. */
struct stack_counts leak_report_stacks(const struct leak_report *r);

/* The first target with that PID, or NULL. */
const struct leak_target *leak_report_target(const struct leak_report *r, pid_t pid);

/* Bytes per minute of a slope in bytes per interval; 0 when the interval is not known. */
int64_t leak_per_minute(const struct leak_report *r, double slope_bytes);

#endif

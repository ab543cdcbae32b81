/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the three forms of memleak-trace's report share. */
#ifndef REPORT_LEAK_REPORT_PARTS_H
#define REPORT_LEAK_REPORT_PARTS_H

#include "base/json.h"
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

/* Bytes per minute of a slope in bytes per interval; 0 when the interval is not known (0). */
int64_t leak_per_minute(uint64_t interval_ns, double slope_bytes);

/*
 * The counters as two objects, "counts" and "lost", so that whoever looks for losses need not know
 * which counters are some.
 */
void leak_counts_json(const struct leak_counts *counts, struct json *j);

/* A line for each loss there was. */
void leak_losses_text(const struct leak_counts *counts, FILE *out);

#endif

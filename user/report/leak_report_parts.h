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

/* A frame's name with the longest function name there is. */
#define LEAK_LABEL_LEN 1280

/* The function, or "[module]+0x1234" when it has no known name. Returns @buf. */
char *leak_frame_label(const struct frame *f, char buf[LEAK_LABEL_LEN]);

/* RFC 3339, UTC, of CLOCK_REALTIME nanoseconds: "2025-11-23T06:26:14Z". Returns @buf. */
#define LEAK_TIME_LEN 40
char *leak_time(uint64_t realtime_ns, char buf[LEAK_TIME_LEN]);

/* Bytes per minute of a slope in bytes per interval; 0 when the interval is not known. */
int64_t leak_per_minute(const struct leak_report *r, double slope_bytes);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The tables of cpu-sample's text report: functions, threads, what was waited for. */
#ifndef REPORT_PROFILE_TABLES_H
#define REPORT_PROFILE_TABLES_H

#include "profile/profile.h"

#include <stdio.h>

struct profile_tables {
	const struct profile *profile;
	struct profile_functions *functions; /* put in another order */
	const struct profile_tasks *tasks;
	const struct profile_waits *waits;
	size_t top;
	bool has_cpu, has_waits; /* what was measured: time on the CPU, off it, or both */
};

void profile_tables_text(const struct profile_tables *t, FILE *out);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Private to profile/vitals_series*.c: what they share. */
#ifndef PROFILE_VITALS_SERIES_H
#define PROFILE_VITALS_SERIES_H

#include "profile/vitals_state.h"

enum info {
	INFO_BUILD,
	INFO_SERIES_DROPPED,
	INFO_TARGETS_DROPPED,
	INFO_LOST,
	INFO_RESTARTS,
	INFO_SELF_CPU,
	INFO_SELF_MEMORY,
	INFO_SELF_FDS,
	INFO_MAP,
	INFO_MAP_MAX,
	INFO_RUN,
	INFO_RUNS,
	INFO_UP,
	INFO_PROCESSES,
	INFO_START,
	INFO_STARTS,
	INFO_DEGRADED,
};
extern const struct series_info vitals_infos[];

/* The first failure stays, and nothing is written after it. */
struct series_writer {
	const struct vitals *v;
	struct series *s;
	int err;
};

void put_family(struct series_writer *w, const struct series_info *info);
void put_labelled(struct series_writer *w, const struct series_label *labels, size_t count,
		  double value);
/* With labels process and, unless NULL, @label. */
void put_of_group(struct series_writer *w, const struct vitals_group *g, const char *label,
		  const char *name, double value);

void put_process_figures(struct series_writer *w, const struct vitals_group *g);
void put_heap_figures(struct series_writer *w, const struct vitals_group *g);
void put_loop_figures(struct series_writer *w, const struct vitals_group *g);

/* @from or the first after it that runs and is of @g. */
const struct vitals_process *next_of(const struct vitals_process *from,
				     const struct vitals_group *g);
/* NOLINTBEGIN(bugprone-macro-parentheses): p is declared */
#define for_each_process(p, v, g)                                                                  \
	for (const struct vitals_process *p = next_of((v)->processes, g); p;                       \
	     p = next_of(p->next, g))
/* NOLINTEND(bugprone-macro-parentheses) */

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * cpu-sample's reports: a finished profile in, a format out. Same input, same bytes.
 * docs/formats.md says what opens each of them and what they promise.
 *
 * All return 0, -ENOMEM, or -EIO when @out failed.
 */
#ifndef REPORT_PROFILE_REPORT_H
#define REPORT_PROFILE_REPORT_H

#include "profile/profile.h"

#include <stdbool.h>
#include <stdio.h>

/* docs/schema/cpu-sample.schema.json says the same */
#define PROFILE_SCHEMA "cpu-sample/2"

/* What the number of a stack is. */
enum profile_unit {
	PROFILE_COUNTS,	 /* samples, or waits */
	PROFILE_WEIGHTS, /* nanoseconds */
};

/* For people: @top rows of each table. */
int profile_text(const struct profile *p, const struct profile_meta *m, size_t top, FILE *out);

/* One object on one line. */
int profile_json(const struct profile *p, const struct profile_meta *m, FILE *out);

/*
 * "comm-PID;root;...;leaf NUMBER", or "comm-PID/TID;thread;root;...", sorted bytewise. @annotate:
 * names end in _[k] kernel, _[j] JIT, _[i] inlined.
 */
int profile_folded(const struct profile *p, bool annotate, enum profile_unit unit, FILE *out);

/*
 * https://www.speedscope.app/file-format-schema.json: a profile "all", and one for each thread (or
 * process) when there are several. A function is one frame, on its line that weighs most.
 */
int profile_speedscope(const struct profile *p, const struct profile_meta *m,
		       enum profile_unit unit, FILE *out);

/* pprof's profile.proto, compressed. */
int profile_pprof(const struct profile *p, const struct profile_meta *m, FILE *out);

/*
 * Chrome's .cpuprofile. When a sample was taken is not kept: the time line in it is made up. Each
 * stack stands there once, for as long as its weight, in the order of profile_paths (by name, from
 * the root), so that what has callers in common is side by side. A function is one call frame, on
 * its line that weighs most.
 */
int profile_cpuprofile(const struct profile *p, const struct profile_meta *m, FILE *out);

#endif

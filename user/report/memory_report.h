/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* mem-watch's reports: a value in, a format out. Same input, same bytes. docs/formats.md. */
#ifndef REPORT_MEMORY_REPORT_H
#define REPORT_MEMORY_REPORT_H

#include "profile/memory.h"

#include <stdio.h>

/* docs/schema/mem-watch.schema.json says the same */
#define MEMORY_REPORT_SCHEMA "mem-watch/2"

/* All return 0, or -EIO when @out failed. */
int memory_report_text(const struct memory *m, FILE *out);
/* Above the first line of a sample: what the columns are. */
int memory_report_begin(const struct memory *m, FILE *out);
/* The last sample of @p in a line. */
int memory_report_sample(const struct memory *m, const struct memory_process *p, FILE *out);
/* One object on one line. */
int memory_report_json(const struct memory *m, FILE *out);
/* A line with the names of the columns, a line for each sample; bytes and seconds. */
int memory_report_csv(const struct memory *m, FILE *out);
/* Prometheus' text format 0.0.4: how it was last. */
int memory_report_prometheus(const struct memory *m, FILE *out);

#endif

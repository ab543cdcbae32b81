/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Parts of Prometheus' text format 0.0.4. */
#ifndef REPORT_PROMETHEUS_H
#define REPORT_PROMETHEUS_H

#include <stdio.h>

/* What stands once before the samples of a family; @type: counter, gauge, histogram. */
void prometheus_family(FILE *out, const char *name, const char *type, const char *help);

/* The value of a label, between its quotes. */
void prometheus_value(const char *text, FILE *out);

#endif

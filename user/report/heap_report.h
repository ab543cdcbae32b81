/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* heap-diff's reports: a value in, a format out. Same input, same bytes. docs/formats.md. */
#ifndef REPORT_HEAP_REPORT_H
#define REPORT_HEAP_REPORT_H

#include "heap/findings.h"

#include <stdio.h>

/* docs/schema/heap-diff.schema.json says the same */
#define HEAP_REPORT_SCHEMA "heap-diff/2"

struct heap_report_style {
	size_t top;	     /* rows of tables, ways to hold a class */
	const char *version; /* of the tool */
	bool is_svg;	     /* of heap_report_picture: else folded */
};

/* All return 0, -ENOMEM, or -EIO when @out failed. */
int heap_report_text(const struct findings *f, const struct heap_report_style *style, FILE *out);
/* One object on one line. */
int heap_report_json(const struct findings *f, const struct heap_report_style *style, FILE *out);
/* The tree of dominators, of two snapshots as a comparison; the plan has is_picture. */
int heap_report_picture(const struct findings *f, const struct heap_report_style *style, FILE *out);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of the flame graph share. */
#ifndef REPORT_FLAMEGRAPH_PARTS_H
#define REPORT_FLAMEGRAPH_PARTS_H

#include "report/flamegraph.h"

/* --- colours (flamegraph_colour.c): classes, whose colours for light and dark are in a style ---
 */

#define FLAME_CLASS_LEN 16

/* What a frame's colour depends on besides its name. */
struct flame_shade {
	const struct flamegraph *g;
	uint32_t kernel_depth; /* frames deeper than that are the kernel's; UINT32_MAX: not known */
};

/* Class of the frame @name at @depth; visited parents first, for what follows a system call. */
void flame_class(struct flame_shade *s, const char *name, uint32_t depth,
		 char ret_class[FLAME_CLASS_LEN]);
/* Class of a frame whose own weight changed by @change, -1 (most of all less) to 1. */
void flame_diff_class(const struct flamegraph *g, double change, char ret_class[FLAME_CLASS_LEN]);

/* The rules of all classes that this graph may use. */
void flame_style(const struct flamegraph *g, FILE *out);

/* What the colours mean, class and text (either may be empty); NULL behind the last one. */
struct flame_legend {
	const char *css_class;
	const char *text;
};
const struct flame_legend *flame_legend(const struct flamegraph *g);

/* Is @name of time off the CPU, and has a colour of its own here? Then the legend goes on. */
bool flame_is_wait(const struct flamegraph *g, const char *name);
const struct flame_legend *flame_legend_of_waits(void);

/* --- amounts (flamegraph_text.c) --- */

/* "1,234,567" */
void flame_put_count(uint64_t count, FILE *out);
/* "1,234 samples", "4,096 bytes (4.00 KiB)" */
void flame_put_amount(const struct flamegraph *g, uint64_t amount, FILE *out);
/* "12.34 %" of @whole; 0.00 % of nothing. */
void flame_put_share(uint64_t amount, uint64_t whole, FILE *out);
/* @text cleaned and escaped; what does not fit @columns ends in an ellipsis. */
void flame_put_fitting(const char *text, size_t columns, FILE *out);
const char *flame_count_name(const struct flamegraph *g);

/* What a frame's <title> says below its name. */
void flame_put_details(const struct flame *f, const struct flamegraph *g, uint32_t node, FILE *out);

/* --- comparison --- */

/* Weights "before" are multiplied by this: so that totals are the same, or 1. */
double flame_scale(const struct flame *f, const struct flamegraph *g);

/* --- the files flamegraph.js and flamegraph.css (flamegraph_assets.c) --- */

extern const char flamegraph_js[], flamegraph_css[];

#endif

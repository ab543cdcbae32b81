/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A flame graph as one interactive SVG file: it needs no network, no other file and no server, and
 * says the same without its script. What a frame is called stands in text and attributes only,
 * never in script or style.
 */
#ifndef REPORT_FLAMEGRAPH_H
#define REPORT_FLAMEGRAPH_H

#include "profile/flame.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define FLAMEGRAPH_MAX_FRAMES	 50000 /* more make browsers slow */
#define FLAMEGRAPH_DEFAULT_WIDTH 1200  /* px */
#define FLAMEGRAPH_MIN_WIDTH	 0.1   /* px of a frame that is drawn, when nothing else is said */

enum flamegraph_palette {
	FLAMEGRAPH_HOT,	   /* yellow to red: CPU time */
	FLAMEGRAPH_MEM,	   /* green: memory */
	FLAMEGRAPH_IO,	   /* blue to violet: waiting */
	FLAMEGRAPH_JS,	   /* by who wrote it: program, node_modules, node, native code, kernel */
	FLAMEGRAPH_KERNEL, /* by where it runs: native, C++, JIT, inlined, kernel */
	FLAMEGRAPH_BLUE,
	FLAMEGRAPH_GREEN,
	FLAMEGRAPH_RED,
	FLAMEGRAPH_SAFE, /* for all kinds of colour vision: told apart by lightness and blue-yellow
			  */
	FLAMEGRAPH_PALETTES,
};

/* Texts are cleaned here; NULL: none. Zeroes are defaults. */
struct flamegraph {
	const char *title;	/* "Flame graph" */
	const char *subtitle;	/* a line below it */
	const char *notes;	/* a line below the graph */
	const char *count_name; /* "samples"; with "bytes" and "ns" amounts have units too */
	enum flamegraph_palette palette;
	bool is_inverted; /* root at the top ("icicle") */
	bool is_reversed; /* the tree was merged from the leaves: for the words only */
	bool is_diff;	  /* colours tell weights "now" from weights "before" */
	bool is_raw;	  /* compare amounts; otherwise shares of the totals, when those differ */
	double min_width_px;  /* frames narrower than that are left out, at the width below */
	double min_width_pct; /* the same, of the whole */
	uint32_t width_px;    /* 0: as wide as the window */
};

/* What became of the frames, for who writes a log. */
struct flamegraph_result {
	uint64_t drawn;
	uint64_t pruned;     /* too narrow */
	double min_width_px; /* that was needed */
	bool is_capped;	     /* raised by FLAMEGRAPH_MAX_FRAMES */
};

/*
 * The finished tree @f as SVG; without any weight, a picture that says so. The same value gives the
 * same bytes. 0, -ENOMEM or -EIO (@out failed). @ret_result may be NULL.
 */
int flamegraph_svg(const struct flame *f, const struct flamegraph *g, FILE *out,
		   struct flamegraph_result *ret_result);

/* "hot", "mem", ... 0 or -EINVAL. */
int flamegraph_palette_of(const char *word, enum flamegraph_palette *ret_palette);
/* All of them, for help texts: "hot, mem, ...". */
extern const char flamegraph_palette_words[];

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One profile in several formats at once, each in its file: -f svg,pprof -o NAME. */
#ifndef HOST_REPORT_SET_H
#define HOST_REPORT_SET_H

#include "host/cli.h"
#include "profile/profile.h"

struct report_style {
	size_t top;	   /* rows of the text's tables */
	const char *title; /* of the flame graph, NULL: what was sampled */
};

struct report_set;

/* Does "svg,pprof" name more than one? */
bool report_set_is_several(const char *formats);

/*
 * Opens the output of each of @formats (a list with commas): with one format -o FILE or standard
 * output, with several NAME.svg, NAME.pb.gz and so on for -o NAME. Exits with EXIT_USAGE for what
 * does not make sense; EXIT_DONE, or EXIT_FAILED after saying why.
 */
int report_set_open(const char *formats, const struct cli_common *c, struct report_set **ret);
void report_set_free(struct report_set *s);
void report_set_freep(struct report_set **s);

/* Writes @p, as the new content of each. 0; 1 when standard output's reader is gone; -errno. */
int report_set_write(struct report_set *s, const struct profile_meta *m, const struct profile *p,
		     const struct report_style *style);

/* The files get their names. 0 or -errno. */
int report_set_commit(struct report_set *s);

#endif

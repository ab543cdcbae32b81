/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One version of a report to an output file or to standard output. */
#ifndef HOST_REPORT_OUT_H
#define HOST_REPORT_OUT_H

#include "host/cli.h"
#include "host/outfile.h"

/* Opens the output that -o asks for, before anything is traced. An exit status; what is wrong is
 * said. */
int report_out_open(const struct cli_common *c, struct outfile **ret_out);

/*
 * Lets @write fill @out, whose path the user gave as @path. 0; 1 when nobody reads standard output
 * any more (| head), which is no error but the end; -errno.
 */
int report_out(struct outfile *out, const char *path, int (*write)(void *ctx, FILE *out),
	       void *ctx);

/*
 * Where what comes is told as it comes: before the report, when people are to read it there
 * (@is_text), else on standard error.
 */
FILE *report_lines_to(const struct cli_common *c, bool is_text);

/* @err of such lines, for a loop: what cannot be written ends the run; the report then says so,
 * unless nobody reads any more. */
int report_lines_status(int err);

#endif

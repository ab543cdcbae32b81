/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a node was started with, from /proc/PID/cmdline and /proc/PID/environ. */
#ifndef HEAP_NODE_OPTIONS_H
#define HEAP_NODE_OPTIONS_H

#include "base/bytes.h"

#include <stddef.h>

#define NODE_OPTIONS_MAX 8192 /* bytes of the variable; a longer one is not read */

/*
 * The value of option @name ("--diagnostic-dir"): what stands before the script on the command
 * line, else in NODE_OPTIONS; of several the last. Both texts are words that each end with a NUL.
 * 0; -ENODATA: it is not there, or stands where it may be the script's; -E2BIG: longer than @size
 * with its NUL.
 */
int node_option(struct bytes cmdline, struct bytes environment, const char *name, char *buf,
		size_t size);

#endif

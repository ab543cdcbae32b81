/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A thread, "worker", that is off the CPU for most of its time, for known reasons: it sleeps 40 %
 * of it, waits 30 % for a mutex that the thread "lock-holder" holds, and computes 30 %. Each part
 * is measured by the worker itself.
 */
#ifndef BUSY_OFF_CPU_H
#define BUSY_OFF_CPU_H

#include <stdio.h>

/* --off-cpu */
int off_cpu_use(const char *unused);

/* Starts both threads when the option was given. 0 or a negative errno. */
int off_cpu_start(void);

/* Ends both threads; nothing when they do not run. */
void off_cpu_stop(void);

/* A JSON object; "null" without the option. */
void off_cpu_print(FILE *out);

#endif

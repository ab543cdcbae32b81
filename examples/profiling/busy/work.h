/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a server does all day, in four functions. A call takes some 1 ms of CPU, each has callees of
 * its own, in this program and in libc, and none waits.
 */
#ifndef BUSY_WORK_H
#define BUSY_WORK_H

#include <stdint.h>

/* Makes the data that the functions work on; call it first. */
void work_prepare(void);

/* They return something of their result, so that it has to be computed. */
uint64_t hash_body(void);
uint64_t sort_results(void);
uint64_t parse_request(void);
uint64_t render_json(void);

#endif

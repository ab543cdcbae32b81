/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Requests at a fixed rate: the n-th is due n / rate seconds after the start, whatever became of
 * those before it. What is due when no connection is free waits here, and that counts as its
 * latency.
 */
#ifndef RATE_RUN_H
#define RATE_RUN_H

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "results.h"

#define RUN_CONNECTIONS_MAX 4096
#define RUN_REQUEST_MAX	    4096

struct run_plan {
	const struct addrinfo *address;
	const char *request; /* its bytes */
	size_t request_len;
	uint64_t period_ns;
	uint64_t requests; /* all of them, with the lead */
	uint64_t lead;	   /* the first ones, which are not in the results */
	uint64_t timeout_ns;
	uint32_t connections; /* at a time */
};

/*
 * Until all are answered or given up, or *@is_stopped, which a signal sets: then nothing more is
 * sent. *@ret_due: how many were due, without the lead. 0 or a negative errno.
 */
int run(const struct run_plan *plan, const volatile int *is_stopped, struct results *results,
	uint64_t *ret_due);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What became of the requests of a run: latencies, errors by kind, how late they were sent. */
#ifndef RATE_RESULTS_H
#define RATE_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum failure {
	FAILURE_CONNECT,
	FAILURE_TIMEOUT,
	FAILURE_RESET, /* the connection ended before the answer did */
	FAILURE_MALFORMED,
	FAILURE_4XX,
	FAILURE_5XX,
	FAILURES,
};

/* Times in microseconds. */
struct times {
	uint32_t *us;
	size_t count, size;
};

struct results {
	struct times latency; /* from the intended time; answered well, or given up */
	struct times late;    /* what the generator itself added */
	uint64_t answered;    /* 2xx and 3xx */
	uint64_t failures[FAILURES];
	uint64_t all_answered; /* of any status, those of the lead too */
};

/* Room for @count requests. 0 or -ENOMEM. */
int results_init(struct results *results, size_t count);
void results_done(struct results *results);

void times_add(struct times *times, uint64_t ns);

/* An object on one line, less its braces; sorts the times. */
void results_print(struct results *results, FILE *out);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Private to host/symboliser*.c, and for tests, which put a child of their own in its place. */
#ifndef HOST_SYMBOLISER_CHILD_H
#define HOST_SYMBOLISER_CHILD_H

#include "host/symboliser.h"

#include <stdio.h>

/* How a child ends, besides 0. */
enum symboliser_exit {
	SYMBOLISER_NO_SANDBOX = 1,
	SYMBOLISER_MALFORMED,
	SYMBOLISER_TOO_BIG,
	SYMBOLISER_NO_MEMORY,
};

/* Where chains go. */
struct symboliser_out {
	FILE *pipe;
	uint8_t buf[CALL_CHAIN_BYTES_MAX];
};

void symboliser_write(struct symboliser_out *out, const struct call_chain *chain);

/* Each reads its part of the question. 0 or enum symboliser_exit. */
typedef int (*symboliser_child_fn)(const struct symboliser_question *q, struct symboliser_out *out);
int symboliser_read_dwarf(const struct symboliser_question *q, struct symboliser_out *out);
int symboliser_read_debugdata(const struct symboliser_question *q, struct symboliser_out *out);

/* symboliser_ask with @child for what the child does in its sandbox. */
int symboliser_run(const struct symboliser_question *q, symboliser_child_fn child,
		   symboliser_found_fn found, void *ctx);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stalls without a client: each loop holds itself up COUNT times, by any kind, for 5 to
 * 500 ms, and rests 1 to 40 ms in between. Kinds, lengths and rests follow from SEED and the index
 * of the loop. When all loops are through, "done" is printed on standard output.
 */
#ifndef STALLS_INJECTOR_H
#define STALLS_INJECTOR_H

#include <stdint.h>
#include <stdio.h>

#include "server.h"

struct injector_app {
	unsigned int kind_count;
	/* Holds that loop up for @ns; how long it took */
	uint64_t (*stall)(struct server *server, unsigned int kind, uint64_t ns);
};

int injector_set(const char *text);    /* option: "SEED,COUNT" */
int injector_hold(const char *unused); /* option: wait for injector_go */

/* For each loop, before it runs. @app: borrowed for good. Nothing when none was set. */
void injector_start(struct server *server, const struct injector_app *app);
/* Any thread; begins what is held. */
void injector_go(void);

/* A JSON object, or null when none was set. */
void injector_print(FILE *out);

#endif

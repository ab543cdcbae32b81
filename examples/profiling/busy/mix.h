/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A server under load without a client: it burns a fixed mix of functions, all the CPU that it
 * gets, and knows what each has really used.
 */
#ifndef BUSY_MIX_H
#define BUSY_MIX_H

#include <stdbool.h>
#include <stdio.h>

#include "server.h"

/* --burn: 40 % hash_body, 30 % sort_results, 20 % parse_request, 10 % render_json. */
int mix_use_default(const char *unused);

/* --mix: "NAME=SHARE,...", whole per cent that add up to 100. -EINVAL when it is not. */
int mix_set(const char *text);

bool mix_is_set(void);

/* Burns from now on, in slices between which the loop serves clients. */
void mix_start(struct server *server);

/* A JSON object; "null" when no mix is set. */
void mix_print(FILE *out);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The server behind the server: one more, of its own routes, in a thread of its own. */
#ifndef EXAMPLE_UPSTREAM_H
#define EXAMPLE_UPSTREAM_H

#include <stdint.h>

#include "server.h"

/* Once, when signals are blocked already: from the app's start. 0 or a negative errno. */
int upstream_start(const struct server_app *app, uint16_t *ret_port);

/* Drains it and waits for its end; nothing when it does not run. */
void upstream_stop(void);

#endif

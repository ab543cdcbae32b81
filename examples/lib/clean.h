/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The innocent route: memory that every request takes and gives back. No tool may name it. */
#ifndef EXAMPLE_CLEAN_H
#define EXAMPLE_CLEAN_H

#include "server.h"

void clean_route(struct exchange *exchange);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is part of a document in a browser, and what was taken out of it and is still held. */
#ifndef HEAP_DETACHED_H
#define HEAP_DETACHED_H

#include "heap/snapshot.h"

/*
 * The snapshot says it of some native objects: those that they lead to, through native objects
 * alone, are the same; attached wins. s->link of all natives is set. 0 or -ENOMEM.
 */
int detached_spread(struct snapshot *s);

#endif

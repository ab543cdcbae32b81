/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What grows, by the variable that holds it in the end: one cause is one row, whatever it keeps
 * alive.
 */
#ifndef HEAP_ANCHORS_H
#define HEAP_ANCHORS_H

#include "base/id_table.h"

#include <stddef.h>
#include <stdint.h>

struct anchors_part {
	uint32_t class;
	uint64_t count, all; /* objects held here, of so many of the class that were looked at */
	uint64_t bytes;	     /* of those held here, without what they hold */
};

struct anchors_row {
	uint32_t shape; /* of holders: the value of the variable */
	uint64_t bytes;
	struct {
		struct anchors_part
			*at; /* after anchors_order: held here alone first, then by count */
		size_t len, cap;
	} parts;
};

/* Zeroed at birth, ended by anchors_done. */
struct anchors {
	struct anchors_row *at; /* after anchors_order: the largest first */
	size_t len, cap;
	struct id_table ids; /* by shape, until anchors_order */
};

/* Of one class at a time: a further part of the last class given is added to it. 0 or -ENOMEM. */
int anchors_add(struct anchors *a, uint32_t shape, const struct anchors_part *part);

/* Nothing is added afterwards. */
void anchors_order(struct anchors *a);

void anchors_done(struct anchors *a);

#endif

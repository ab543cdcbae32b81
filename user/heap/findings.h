/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The value between reading and reporting for heap-diff: what one snapshot, or a series of them,
 * says. Snapshots are added one after the other; only of the last one everything is kept.
 */
#ifndef HEAP_FINDINGS_H
#define HEAP_FINDINGS_H

#include "heap/anchors.h"
#include "heap/comparison.h"
#include "heap/dominated.h"
#include "heap/functions.h"
#include "heap/holders.h"
#include "heap/texts.h"

enum findings_kind { FINDINGS_DIFF, FINDINGS_TOP, FINDINGS_RETAINERS };

struct findings_plan {
	enum findings_kind kind;
	const char *what;  /* FINDINGS_RETAINERS: an id (@123 or 123), or a class */
	bool is_raw;	   /* as V8 wrote it */
	bool ignore_ids;   /* compare counts alone */
	bool is_picture;   /* only the trees of dominators are asked for */
	size_t held_count; /* growing classes whose holders are looked for */
	struct comparison_limits limits;
};

struct findings_file {
	const char *name; /* borrowed */
	uint64_t nodes, edges, node_fields;
};

struct findings_way {
	uint32_t shape; /* of holders */
	uint64_t count, bytes;
};

/* The objects of one class that were looked at, and who holds them. */
struct findings_held {
	uint32_t class;
	uint64_t count, bytes, retained; /* retained: FINDINGS_RETAINERS by id */
	uint32_t node;			 /* the one object, or SNAPSHOT_NONE */
	struct findings_way *ways;	 /* by count */
	size_t way_count;
};

/* Zeroed at birth but for the plan; ended by findings_done; must not move in between. */
struct findings {
	struct findings_plan plan;
	struct classes classes;
	size_t count; /* snapshots */
	struct findings_file files[COMPARISON_MAX];
	struct census series[COMPARISON_MAX];
	struct objects first_objects;
	struct heap last; /* of its dominators only FINDINGS_RETAINERS has what they retain */
	struct comparison comparison; /* FINDINGS_DIFF; FINDINGS_TOP: rows with "after" alone */
	size_t growing_count;
	struct functions first_functions, functions;
	struct texts texts;
	struct dominated before, now; /* is_picture */
	struct holders holders;
	struct {
		struct findings_held *at;
		size_t len, cap;
	} held;
	struct anchors anchors; /* of what grows */
};

/* 0 or as snapshot_read. @is_last: none comes after it. */
int findings_add(struct findings *f, struct json_source source, const char *name, bool is_last,
		 struct snapshot_fault *ret_fault);

/*
 * After the last one. 0, -ENOMEM, -ENODATA (there is no such object or class), -EXDEV: ids are not
 * those of one process (comparison_trust says why).
 */
int findings_conclude(struct findings *f);

void findings_done(struct findings *f);

#endif

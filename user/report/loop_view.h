/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The state of loop-stall's live screen: loops, stalls or culprits as a list, and one of them in
 * full. Values and keys go in, and loop_screen_draw (report/loop_screen.h) makes lines of it.
 */
#ifndef REPORT_LOOP_VIEW_H
#define REPORT_LOOP_VIEW_H

#include "profile/loops.h"
#include "report/list_cursor.h"

enum loop_list {
	LOOP_LIST_LOOPS,
	LOOP_LIST_STALLS,   /* the latest first */
	LOOP_LIST_CULPRITS, /* stacks by the time they stalled a loop */
	LOOP_LISTS,
};

enum loop_answer {
	LOOP_NOTHING, /* the key means nothing here */
	LOOP_CHANGED, /* draw again */
	LOOP_REFRESH, /* take a value now */
	LOOP_QUIT,
};

/* What a row stands for keeps its key from value to value; never 0. */
struct loop_row {
	uint64_t key;
	size_t index; /* of the loop, the stall, the stack in the profile */
};

/* Zeroed at birth, ended by loop_view_done. Read by the screen. */
struct loop_view {
	struct loops value;
	struct profile *culprits; /* of that value, NULL: not made yet */
	enum loop_list list;
	struct {
		struct loop_row *at;
		size_t len, cap;
	} rows;
	struct list_cursor cursor; /* in the rows */
	uint64_t held;		   /* the row it stays with; 0: with the top */
	uint64_t open;		   /* the row that is shown in full, 0: the list is */
	char *text;		   /* of that row; it stays when the row is gone */
	size_t line_count;
	struct list_cursor line; /* the first that is seen of it */
	bool is_frozen, has_help;
	bool has_ended;	    /* nothing more will come */
	double own_cpu_pct; /* of one CPU, between the last two values */
};

void loop_view_done(struct loop_view *v);

/* Shows @l from now on; borrowed until the next one. 0 or -ENOMEM. */
int loop_view_take(struct loop_view *v, const struct loops *l);

/* @key: base/screen.h. 0 or -ENOMEM. */
int loop_view_key(struct loop_view *v, int key, enum loop_answer *ret);

/* @page lines can be seen of the text that is shown in full. */
void loop_view_page(struct loop_view *v, size_t page);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The state of a live screen: which profile it shows and how. Profiles and keys go in, and
 * live_screen_draw (report/live_screen.h) makes lines of it.
 */
#ifndef REPORT_LIVE_VIEW_H
#define REPORT_LIVE_VIEW_H

#include "base/strings.h"
#include "report/list_cursor.h"
#include "report/live_rows.h"

#include <stdbool.h>

#define LIVE_FILTER_LEN 64
#define LIVE_ZOOM_MAX	32 /* functions gone into, for the way back; older ones are forgotten */

enum live_answer {
	LIVE_NOTHING, /* the key means nothing here */
	LIVE_CHANGED, /* draw again */
	LIVE_REFRESH, /* take figures now */
	LIVE_ANEW,    /* the same, and count from now on */
	LIVE_QUIT,
};

/* Made by live_view_init, ended by live_view_done; must not move in between. Read by the screen. */
struct live_view {
	struct profile *profile; /* NULL: nothing taken yet */
	struct profile_meta meta;
	struct profile_functions functions;
	struct profile_waits waits;
	struct live_rows rows;
	enum live_order order;
	bool is_frozen, has_help, is_typing; /* typing: the filter */
	bool has_ended;			     /* nothing more will be sampled */
	char filter[LIVE_FILTER_LEN];
	struct frame zoom[LIVE_ZOOM_MAX]; /* the last is shown; texts are in names */
	size_t zoom_len;
	struct list_cursor cursor; /* in the rows */
	bool is_held;		   /* it stays on this row, wherever it comes to stand */
	enum live_role held_role;
	struct frame held;
	struct strings names;
	double own_cpu_pct; /* of one CPU, between the last two profiles */
};

void live_view_init(struct live_view *v, enum live_order order);
void live_view_done(struct live_view *v);

/*
 * Shows @p (finished) from now on, which becomes the view's, also when this fails; it may be the
 * one that is shown, with more in it. Strings of @m are borrowed until the next one. 0 or -ENOMEM.
 */
int live_view_take(struct live_view *v, struct profile *p, const struct profile_meta *m);

/* @key: base/screen.h. 0 or -ENOMEM. */
int live_view_key(struct live_view *v, int key, enum live_answer *ret);

#endif

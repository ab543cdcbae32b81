/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a live screen lists: the functions of a profile, or one of them with its neighbours. */
#ifndef REPORT_LIVE_ROWS_H
#define REPORT_LIVE_ROWS_H

#include "profile/profile.h"

enum live_order { LIVE_BY_SELF, LIVE_BY_TOTAL, LIVE_BY_NAME };

enum live_role {
	LIVE_FUNCTION,	/* of the list */
	LIVE_NO_CALLER, /* around one: stacks that begin with it */
	LIVE_CALLER,
	LIVE_FOCUS,  /* the one itself */
	LIVE_ITSELF, /* its own time */
	LIVE_CALLEE,
};

struct live_row {
	enum live_role role;
	uint32_t frame; /* that of the function; of LIVE_NO_CALLER and LIVE_ITSELF the focus's */
	uint64_t self_weight, total_weight; /* self: of LIVE_FUNCTION only */
};

struct live_rows {
	struct live_row *at;
	size_t len, cap;
	size_t unfiltered_len;
	uint64_t whole_weight; /* what a share is of: the profile's, or the focus's in total */
};

/*
 * The functions in that order. @filter: only those whose name or module contains it, upper and
 * lower case alike; "" are all. 0 or -ENOMEM.
 */
int live_rows_list(const struct profile *p, const struct profile_functions *f,
		   enum live_order order, const char *filter, struct live_rows *ret);

/*
 * Callers of what reads like @function, the heaviest next to it, itself, and what it calls, the
 * heaviest first. No row when it is in no stack. 0 or -ENOMEM.
 */
int live_rows_around(const struct profile *p, const struct frame *function, struct live_rows *ret);

void live_rows_done(struct live_rows *r);

#endif

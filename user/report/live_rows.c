// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From functions and neighbours to rows in their order. */
#include "report/live_rows.h"

#include "base/scope.h"
#include "base/vec.h"
#include "profile/frame_order.h"
#include "report/label.h"

#include <errno.h>
#include <string.h>

static int add(struct live_rows *r, struct live_row row)
{
	struct live_row *new_row = vec_push(r);

	if (!new_row)
		return -ENOMEM;
	*new_row = row;
	return 0;
}

void live_rows_done(struct live_rows *r)
{
	free(r->at);
	*r = (struct live_rows){ 0 };
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

struct sorting {
	const struct profile *profile;
	enum live_order order;
};

static int compare_rows(const void *left, const void *right, void *ctx)
{
	const struct live_row *a = left, *b = right;
	const struct sorting *s = ctx;
	int self = compare_u64(b->self_weight, a->self_weight);
	int total = compare_u64(b->total_weight, a->total_weight);
	int order = 0;

	if (s->order == LIVE_BY_SELF)
		order = self ? self : total;
	else if (s->order == LIVE_BY_TOTAL)
		order = total ? total : self;
	return order ? order
		     : frame_compare_functions(profile_frame(s->profile, a->frame),
					       profile_frame(s->profile, b->frame));
}

static bool is_wanted(const struct frame *f, const char *filter)
{
	char label[LABEL_LEN];

	return !*filter || strcasestr(label_frame(f, label), filter) ||
	       strcasestr(f->module, filter);
}

int live_rows_list(const struct profile *p, const struct profile_functions *f,
		   enum live_order order, const char *filter, struct live_rows *ret)
{
	_release_(live_rows_done) struct live_rows rows = { .unfiltered_len = f->len,
							    .whole_weight =
								    profile_total_weight(p) };
	struct sorting sorting = { p, order };

	for (size_t i = 0; i < f->len; i++) {
		const struct profile_function *one = &f->at[i];

		if (!is_wanted(profile_frame(p, one->frame), filter))
			continue;
		if (add(&rows, (struct live_row){ LIVE_FUNCTION, one->frame, one->self_weight,
						  one->total_weight }))
			return -ENOMEM;
	}
	if (rows.len)
		qsort_r(rows.at, rows.len, sizeof(*rows.at), compare_rows, &sorting);
	*ret = rows;
	rows = (struct live_rows){ 0 };
	return 0;
}

/* Those rows that stand for something. */
static int add_part(struct live_rows *r, enum live_role role, uint32_t frame, uint64_t weight)
{
	return weight ? add(r, (struct live_row){ role, frame, 0, weight }) : 0;
}

static int add_all(const struct profile_calls *c, struct live_rows *r)
{
	int err = add_part(r, LIVE_NO_CALLER, c->of.frame, c->uncalled_weight);

	for (size_t i = c->callers.len; i > 0 && !err; i--)
		err = add_part(r, LIVE_CALLER, c->callers.at[i - 1].frame,
			       c->callers.at[i - 1].total_weight);
	if (!err)
		err = add_part(r, LIVE_FOCUS, c->of.frame, c->of.total_weight);
	if (!err)
		err = add_part(r, LIVE_ITSELF, c->of.frame, c->of.self_weight);
	for (size_t i = 0; i < c->callees.len && !err; i++)
		err = add_part(r, LIVE_CALLEE, c->callees.at[i].frame,
			       c->callees.at[i].total_weight);
	return err;
}

int live_rows_around(const struct profile *p, const struct frame *function, struct live_rows *ret)
{
	_release_(profile_calls_done) struct profile_calls calls = { 0 };
	_release_(live_rows_done) struct live_rows rows = { 0 };

	if (profile_calls(p, function, &calls) || add_all(&calls, &rows))
		return -ENOMEM;
	rows.unfiltered_len = rows.len;
	rows.whole_weight = calls.of.total_weight;
	*ret = rows;
	rows = (struct live_rows){ 0 };
	return 0;
}

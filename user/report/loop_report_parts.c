// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Figures of a loop that no field holds. */
#include "report/loop_report_parts.h"

#include "profile/frame_owner.h"

#include <string.h>

const struct loop_percentile loop_percentiles[LOOP_PERCENTILES] = {
	{ "p50", "p50_ns", 0.5, 20 },	       { "p90", "p90_ns", 0.9, 100 },
	{ "p95", "p95_ns", 0.95, 200 },	       { "p99", "p99_ns", 0.99, 1000 },
	{ "p99.9", "p99_9_ns", 0.999, 10000 },
};

enum stall_verdict loop_verdict(const struct loops *l, const struct stall *s)
{
	return l->meta.has_split ? stall_verdict(s) : STALL_UNKNOWN;
}

static double rest_of(uint64_t part_ns, uint64_t window_ns)
{
	return part_ns < window_ns ? 1 - (double)part_ns / (double)window_ns : 0;
}

double loop_elu(const struct loop_times *t)
{
	return rest_of(t->waiting_ns, t->window_ns);
}

double loop_utilisation(const struct loop_times *t)
{
	return rest_of(t->idle_ns, t->window_ns);
}

void loop_busy_hist(const struct loop_info *info, const struct loop_times *t, struct loop_hist *ret)
{
	*ret = t->hists[LOOP_HIST_GAP];
	if (info->stuck_ns)
		loop_hist_add(ret, info->stuck_ns < t->window_ns ? info->stuck_ns : t->window_ns,
			      0);
}

const struct stall *loop_stuck(const struct loops *l, size_t index)
{
	for (size_t i = l->stall_count; i-- > 0;)
		if (l->stalls[i].loop == index && l->stalls[i].is_going_on)
			return &l->stalls[i];
	return NULL;
}

size_t loop_user_frame(const struct frame *frames, size_t depth)
{
	size_t i = 0;

	while (i < depth && frames[i].kind == FRAME_KERNEL)
		i++;
	return i;
}

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static bool is_of_libc(const char *module)
{
	static const char *const names[] = { "libc.so", "libc-", "libpthread", "ld-linux",
					     "ld-musl" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (starts_with(module, names[i]))
			return true;
	return false;
}

size_t loop_own_frame(const struct frame *frames, size_t depth)
{
	size_t user = loop_user_frame(frames, depth), i = user;

	for (size_t k = user; k < depth; k++)
		if (frame_is_own_script(&frames[k]))
			return k;
	while (i < depth && is_of_libc(frames[i].module))
		i++;
	return i < depth ? i : user;
}

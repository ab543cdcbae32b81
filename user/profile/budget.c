// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profile/budget.h"

/* Two tracepoints at each wait call; a switch out and in, and a wake-up; a dozen probes of V8. */
#define ITERATION_NS  1000
#define SPLIT_NS      1500
#define COLLECTION_NS 40000
#define HIT_NS	      1500

double budget_share(const struct budget_counts *c, bool has_split)
{
	uint64_t ns = c->iterations * (ITERATION_NS + (has_split ? SPLIT_NS : 0)) +
		      c->collections * COLLECTION_NS + c->hits * HIT_NS + c->looks_ns;

	return c->window_ns ? (double)ns / (double)c->window_ns : 0;
}

static bool is_possible(uint32_t possible, int step)
{
	return possible >> step & 1;
}

/* The next step that changes anything, in direction @by; the present one when there is none. */
static enum budget_step next_step(const struct budget *b, uint32_t possible, int by)
{
	int step = (int)b->step + by;

	while (step > BUDGET_ALL && step < BUDGET_STEPS && !is_possible(possible, step))
		step += by;
	return step < BUDGET_ALL || step >= BUDGET_STEPS ? b->step : (enum budget_step)step;
}

bool budget_update(struct budget *b, double share, double allowed, uint32_t possible,
		   uint64_t now_ns)
{
	bool is_quiet = share < allowed / 2;
	enum budget_step step = b->step;

	b->over_looks = share > allowed ? b->over_looks + 1 : 0;
	if (!is_quiet || !b->quiet_since_ns)
		b->quiet_since_ns = is_quiet ? now_ns : 0;
	if (b->over_looks >= BUDGET_OVER_LOOKS)
		step = next_step(b, possible, 1);
	else if (is_quiet && now_ns - b->quiet_since_ns >= BUDGET_QUIET_NS)
		step = next_step(b, possible, -1);
	if (step == b->step)
		return false;
	b->step = step;
	b->over_looks = 0;
	b->quiet_since_ns = 0;
	return true;
}

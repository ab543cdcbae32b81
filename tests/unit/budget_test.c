// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is given up, in which order, and when it comes back. */
#include "profile/budget.h"

#include "tap.h"

#define S   1000000000ull
#define ALL 0xffffffffu

/* @share for @seconds, a look each 5; how often it changed. */
static int look(struct budget *b, double share, uint32_t possible, uint64_t *now_ns, int seconds)
{
	int changes = 0;

	for (int i = 0; i < seconds; i += 5) {
		*now_ns += 5 * S;
		changes += budget_update(b, share, 0.02, possible, *now_ns);
	}
	return changes;
}

static void test_order(void)
{
	struct budget b = { 0 };
	uint64_t now_ns = 1000 * S;

	is_int(look(&b, 0.02, ALL, &now_ns, 1000), 0, "within the budget nothing changes");
	is_int(look(&b, 0.03, ALL, &now_ns, 10), 0, "a short while above it is nothing");
	is_int(look(&b, 0.015, ALL, &now_ns, 5), 0, "if it is over");
	is_int(look(&b, 0.03, ALL, &now_ns, 10), 0, "counting begins anew");
	is_int(look(&b, 0.03, ALL, &now_ns, 5), 1, "three looks above it are one step");
	is_int(b.step, BUDGET_NO_ALLOC, "the first");
	(void)look(&b, 0.03, ALL, &now_ns, 15);
	is_int(b.step, BUDGET_NO_SPLIT, "then switches");
	is_int(look(&b, 0.03, ALL, &now_ns, 15), 1, "three more the next");
	is_int(b.step, BUDGET_NO_GC, "gc");
	(void)look(&b, 0.03, ALL, &now_ns, 15);
	is_int(b.step, BUDGET_MEMORY_RARELY, "memory");
	(void)look(&b, 0.03, ALL, &now_ns, 15);
	is_int(b.step, BUDGET_NO_LOOPS, "loops");
	is_int(look(&b, 0.03, ALL, &now_ns, 600), 0, "after the last there is none");
	is_int(look(&b, 0.005, ALL, &now_ns, 300), 0, "not yet quiet for long");
	is_int(look(&b, 0.005, ALL, &now_ns, 5), 1, "five quiet minutes are a step back");
	is_int(b.step, BUDGET_MEMORY_RARELY, "the last one first");
	is_int(look(&b, 0.015, ALL, &now_ns, 3600), 0, "just within the budget is not quiet");
	(void)look(&b, 0, ALL, &now_ns, 3600);
	is_int(b.step, BUDGET_ALL, "in the end all is back");
}

static void test_possible(void)
{
	const uint32_t possible = 1u << BUDGET_ALL | 1u << BUDGET_NO_LOOPS;
	struct budget b = { 0 };
	uint64_t now_ns = 1000 * S;

	is_int(look(&b, 0.03, possible, &now_ns, 15), 1, "steps that change nothing are left out");
	is_int(b.step, BUDGET_NO_LOOPS, "down");
	(void)look(&b, 0, possible, &now_ns, 310);
	is_int(b.step, BUDGET_ALL, "and up");
	is_int(look(&b, 0.03, 1u << BUDGET_ALL, &now_ns, 600), 0, "nothing to give up");
}

static void test_share(void)
{
	struct budget_counts c = { .iterations = 10000, .window_ns = S };

	ok(budget_share(&c, false) > 0.005 && budget_share(&c, false) < 0.05,
	   "10,000 iterations a second are around one percent");
	ok(budget_share(&c, true) > budget_share(&c, false), "with switches more");
	c = (struct budget_counts){ .looks_ns = 20000000, .window_ns = S };
	ok(budget_share(&c, false) == 0.02, "looks count as long as they took");
	c = (struct budget_counts){ .hits = 100000, .window_ns = S };
	ok(budget_share(&c, false) > 0.05, "100,000 hits of a probe are more than that");
	c = (struct budget_counts){ .looks_ns = 20000000 };
	ok(budget_share(&c, false) == 0, "no time, no share");
}

int main(void)
{
	test_order();
	test_possible();
	test_share();
	return tap_done();
}

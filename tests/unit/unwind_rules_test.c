// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The dictionary of rules and the rows of pages, up to their limits. */
#include "symbol/unwind_rows.h"
#include "symbol/unwind_rules.h"

#include "failing_alloc.h"
#include "tap.h"

static struct unwind_rule rule_at(int32_t offset)
{
	return (struct unwind_rule){ .cfa = UNWIND_CFA_SP, .cfa_offset = offset };
}

static void test_rules(void)
{
	const struct unwind_rule lost = { .cfa = UNWIND_CFA_INEXPRESSIBLE };
	const struct unwind_rule none = { .cfa = UNWIND_CFA_NONE };
	size_t refused = 0, moved = 0;
	struct unwind_rules r;
	uint16_t place = 99;

	must(unwind_rules_init(&r) == 0);
	ok(!unwind_rules_find(&r, &none, &place) && place == UNWIND_RULE_NONE, "no rule is there");
	ok(!unwind_rules_find(&r, &lost, &place) && place == UNWIND_RULE_INEXPRESSIBLE,
	   "so is what cannot be expressed");
	for (int32_t i = 0; r.len < UNWIND_TABLE_MAX_RULES && i < UNWIND_TABLE_MAX_RULES; i++) {
		struct unwind_rule rule = rule_at(i * 8);

		must(unwind_rules_find(&r, &rule, &place) == 0);
		refused += place == UNWIND_RULE_INEXPRESSIBLE;
	}
	ok(r.len == UNWIND_TABLE_MAX_RULES && !refused, "as many as there may be are taken");
	for (int32_t i = 0; i < UNWIND_TABLE_MAX_RULES - 2; i++) {
		struct unwind_rule rule = rule_at(i * 8);

		must(unwind_rules_find(&r, &rule, &place) == 0);
		moved += place != i + 2;
	}
	is_int(moved, 0, "and are found where they were");
	const struct unwind_rule more = rule_at(-8);

	ok(!unwind_rules_find(&r, &more, &place) && place == UNWIND_RULE_INEXPRESSIBLE,
	   "one more cannot be expressed");
	is_int(r.len, UNWIND_TABLE_MAX_RULES, "and takes no room");
	unwind_rules_done(&r);
	unwind_rules_done(NULL);
}

/* Rules chosen to collide: the table is filled so that nothing is free where they belong. */
static void test_collisions(void)
{
	const struct unwind_rule rule = rule_at(8);
	struct unwind_rules r;
	uint16_t place;

	must(unwind_rules_init(&r) == 0);
	for (size_t i = 0; i < 1u << 18; i++)
		r.slots[i] = UNWIND_RULE_INEXPRESSIBLE;
	ok(!unwind_rules_find(&r, &rule, &place) && place == UNWIND_RULE_INEXPRESSIBLE,
	   "a look-up that takes too long is given up");
	unwind_rules_done(&r);
}

static void test_rows_limit(void)
{
	struct unwind_rows r;
	uint64_t vaddr = 0;
	int err = 0;

	must(unwind_rows_init(&r, 0, 300) == 0);
	while (!err && r.len < UNWIND_TABLE_MAX_ROWS) {
		vaddr++;
		err = unwind_rows_add(&r, vaddr, vaddr % 2);
	}
	ok(!err && r.len == UNWIND_TABLE_MAX_ROWS, "as many rows as there may be");
	is_int(unwind_rows_add(&r, vaddr, vaddr % 2), 0, "the same again is no row");
	is_int(unwind_rows_add(&r, vaddr + 1, 2), -E2BIG, "one more is too much");
	is_int(unwind_rows_finish(&r), -E2BIG, "so are the pages that have none");
	unwind_rows_done(&r);
	unwind_rows_done(NULL);
}

static void test_no_memory(void)
{
	bool is_hit = true;

	for (size_t n = 1; is_hit; n++) {
		struct unwind_rules r;
		int err;

		failing_alloc_start(n);
		err = unwind_rules_init(&r);
		is_hit = failing_alloc_stop();
		is_int(err, is_hit ? -ENOMEM : 0, "rules: allocation %zu", n);
		unwind_rules_done(&r);
	}
	is_hit = true;
	for (size_t n = 1; is_hit; n++) {
		struct unwind_rows r;
		int err;

		failing_alloc_start(n);
		err = unwind_rows_init(&r, 16, 64);
		for (uint64_t i = 0; i < 64 && !err; i++)
			err = unwind_rows_add(&r, 0x100000 + i * 8, i % 2);
		if (!err)
			err = unwind_rows_finish(&r);
		is_hit = failing_alloc_stop();
		is_int(err, is_hit ? -ENOMEM : 0, "rows: allocation %zu", n);
		unwind_rows_done(&r);
	}
}

int main(void)
{
	test_rules();
	test_collisions();
	test_rows_limit();
	test_no_memory();
	return tap_done();
}

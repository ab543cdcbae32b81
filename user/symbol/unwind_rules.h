/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The rules of an unwind table, each of them once. A look-up costs at most UNWIND_RULES_PROBES
 * comparisons, also with rules that were chosen to collide.
 */
#ifndef SYMBOL_UNWIND_RULES_H
#define SYMBOL_UNWIND_RULES_H

#include "symbol/unwind_table.h"

#define UNWIND_RULES_PROBES 128

enum { UNWIND_RULE_NONE, UNWIND_RULE_INEXPRESSIBLE }; /* always there, in these places */

struct unwind_rules {
	struct unwind_rule *at;
	size_t len, cap;
	uint16_t *slots; /* places in @at, 0 = free */
	uint16_t last;	 /* found: rules come in runs */
};

/* 0 or -ENOMEM. */
int unwind_rules_init(struct unwind_rules *r);
void unwind_rules_done(struct unwind_rules *r);

/*
 * The place of @rule, which is added if it is new. What finds no room any more
 * (UNWIND_TABLE_MAX_RULES, or too many that collide) is UNWIND_RULE_INEXPRESSIBLE. 0 or -ENOMEM.
 */
int unwind_rules_find(struct unwind_rules *r, const struct unwind_rule *rule, uint16_t *ret_place);

#endif

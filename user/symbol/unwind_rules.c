// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A hash table with open addressing, at most a quarter full: no removal, no growth. */
#include "symbol/unwind_rules.h"

#include "base/vec.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SLOT_BITS  18
#define SLOT_COUNT (1u << SLOT_BITS)

static bool is_same(const struct unwind_rule *a, const struct unwind_rule *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static uint32_t hash(const struct unwind_rule *rule)
{
	uint32_t words[3];
	uint64_t h;

	memcpy(words, rule, sizeof(words));
	h = ((uint64_t)words[1] << 32 | words[0]) * 0x9e3779b97f4a7c15ull;
	h = (h ^ h >> 32 ^ words[2]) * 0xd6e8feb86659fd93ull;
	return (uint32_t)(h >> (64 - SLOT_BITS));
}

static int add_rule(struct unwind_rules *r, const struct unwind_rule *rule)
{
	struct unwind_rule *new = vec_push(r);

	if (!new)
		return -ENOMEM;
	*new = *rule;
	return 0;
}

int unwind_rules_init(struct unwind_rules *r)
{
	static const struct unwind_rule none = { .cfa = UNWIND_CFA_NONE };
	static const struct unwind_rule inexpressible = { .cfa = UNWIND_CFA_INEXPRESSIBLE };
	int err;

	*r = (struct unwind_rules){ .slots = calloc(SLOT_COUNT, sizeof(r->slots[0])) };
	err = r->slots ? add_rule(r, &none) : -ENOMEM;
	if (!err)
		err = add_rule(r, &inexpressible);
	if (err)
		unwind_rules_done(r);
	return err;
}

void unwind_rules_done(struct unwind_rules *r)
{
	if (!r)
		return;
	free(r->at);
	free(r->slots);
	*r = (struct unwind_rules){ 0 };
}

int unwind_rules_find(struct unwind_rules *r, const struct unwind_rule *rule, uint16_t *ret_place)
{
	uint32_t slot = hash(rule);
	unsigned int probes = 0;
	int err;

	if (rule->cfa <= UNWIND_CFA_INEXPRESSIBLE) {
		*ret_place = rule->cfa;
		return 0;
	}
	if (is_same(&r->at[r->last], rule)) {
		*ret_place = r->last;
		return 0;
	}
	while (r->slots[slot] && probes < UNWIND_RULES_PROBES &&
	       !is_same(&r->at[r->slots[slot]], rule)) {
		slot = (slot + 1) % SLOT_COUNT;
		probes++;
	}
	if (probes == UNWIND_RULES_PROBES ||
	    (!r->slots[slot] && r->len == UNWIND_TABLE_MAX_RULES)) {
		*ret_place = UNWIND_RULE_INEXPRESSIBLE;
		return 0;
	}
	if (!r->slots[slot]) {
		err = add_rule(r, rule);
		if (err)
			return err;
		r->slots[slot] = (uint16_t)(r->len - 1);
	}
	r->last = r->slots[slot];
	*ret_place = r->last;
	return 0;
}

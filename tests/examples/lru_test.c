// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What an LRU keeps and what it gives back, against a model of a list. */
#include "lru.h"

#include "tap.h"

#include <stdint.h>

#define KEYS 40

struct entry {
	struct lru_node lru;
	char key[8];
	bool is_in;
	unsigned int used_at;
};

static struct lru lru;
static struct entry entries[KEYS];

static void prepare(size_t capacity)
{
	memset(&lru, 0, sizeof(lru));
	memset(entries, 0, sizeof(entries));
	lru_init(&lru, capacity);
	for (unsigned int i = 0; i < KEYS; i++) {
		(void)snprintf(entries[i].key, sizeof(entries[i].key), "k%u", i);
		entries[i].lru.node.key = entries[i].key;
	}
}

static void test_order(void)
{
	prepare(2);
	ok(!lru_find(&lru, "k0"), "nothing is in an empty one");
	ok(!lru_insert(&lru, &entries[0].lru) && !lru_insert(&lru, &entries[1].lru),
	   "up to its bound nothing has to go");
	ok(lru_find(&lru, "k0") == &entries[0].lru, "found by its key");
	ok(lru_insert(&lru, &entries[2].lru) == &entries[1].lru, "the one not used goes");
	ok(!lru_find(&lru, "k1"), "it is gone");
	ok(lru_find(&lru, "k0") && lru_find(&lru, "k2"), "the others stay");
	is_int(lru.count, 2, "count");
}

static void test_no_room(void)
{
	prepare(0);
	ok(lru_insert(&lru, &entries[0].lru) == &entries[0].lru, "without room it is given back");
	is_int(lru.count, 0, "none is kept");
}

static const struct entry *model_oldest(void)
{
	const struct entry *oldest = NULL;

	for (unsigned int i = 0; i < KEYS; i++) {
		if (entries[i].is_in && (!oldest || entries[i].used_at < oldest->used_at))
			oldest = &entries[i];
	}
	return oldest;
}

static void test_model(void)
{
	size_t count = 0;
	uint32_t chance = 1;
	bool is_same = true;

	prepare(10);
	for (unsigned int step = 1; step < 20000; step++) {
		struct entry *entry;
		struct entry *gone;

		chance = chance * 1664525U + 1013904223U;
		entry = &entries[(chance >> 16) % KEYS];
		is_same &= (lru_find(&lru, entry->key) != NULL) == entry->is_in;
		entry->used_at = step;
		if (entry->is_in)
			continue;
		entry->is_in = true;
		gone = (struct entry *)lru_insert(&lru, &entry->lru);
		is_same &= gone == (++count > 10 ? model_oldest() : NULL);
		count -= gone != NULL;
		if (gone)
			gone->is_in = false;
	}
	ok(is_same, "20000 steps as the model has them");
	is_int(lru.count, 10, "full");
}

int main(void)
{
	test_order();
	test_no_room();
	test_model();
	return tap_done();
}

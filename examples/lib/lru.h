/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Entries of the caller by their keys, up to a bound: who was not used for longest makes room. It
 * allocates nothing.
 */
#ifndef EXAMPLE_LRU_H
#define EXAMPLE_LRU_H

#include <stddef.h>
#include <sys/queue.h>

#include "table.h"

/* The first member of the caller's entry. */
struct lru_node {
	struct table_node node; /* its key is the caller's, as table.h says */
	TAILQ_ENTRY(lru_node) used;
};

struct lru {
	struct table table;
	TAILQ_HEAD(lru_order, lru_node) order; /* used last comes first */
	size_t count;
	size_t capacity;
};

/* @lru is zeroed. */
void lru_init(struct lru *lru, size_t capacity);

/* The entry, which now is the one used last, or NULL. */
struct lru_node *lru_find(struct lru *lru, const char *key);

/*
 * @node becomes the one used last; its key is not there yet. Returns the one that made room, which
 * is the caller's again, or NULL.
 */
struct lru_node *lru_insert(struct lru *lru, struct lru_node *node);

#endif

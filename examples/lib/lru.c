// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A table, and a queue through the same entries. */
#include "lru.h"

void lru_init(struct lru *lru, size_t capacity)
{
	TAILQ_INIT(&lru->order);
	lru->capacity = capacity;
}

struct lru_node *lru_find(struct lru *lru, const char *key)
{
	struct lru_node *node = (struct lru_node *)table_find(&lru->table, key);

	if (!node)
		return NULL;
	TAILQ_REMOVE(&lru->order, node, used);
	TAILQ_INSERT_HEAD(&lru->order, node, used);
	return node;
}

struct lru_node *lru_insert(struct lru *lru, struct lru_node *node)
{
	struct lru_node *oldest;

	table_insert(&lru->table, &node->node);
	TAILQ_INSERT_HEAD(&lru->order, node, used);
	if (++lru->count <= lru->capacity)
		return NULL;
	oldest = TAILQ_LAST(&lru->order, lru_order);
	TAILQ_REMOVE(&lru->order, oldest, used);
	table_remove(&oldest->node);
	lru->count--;
	return oldest;
}

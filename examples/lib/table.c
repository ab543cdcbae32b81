// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Chained hashing with FNV-1a over a fixed number of buckets. */
#include "table.h"

#include <stdint.h>
#include <string.h>

static struct table_chain *bucket_of(struct table *table, const char *key)
{
	uint32_t hash = 2166136261U;

	for (; *key; key++)
		hash = (hash ^ (unsigned char)*key) * 16777619U;
	return &table->buckets[hash % TABLE_BUCKETS];
}

struct table_node *table_find(struct table *table, const char *key)
{
	struct table_node *node = NULL;

	LIST_FOREACH(node, bucket_of(table, key), chain)
	{
		if (strcmp(node->key, key) == 0)
			return node;
	}
	return NULL;
}

void table_insert(struct table *table, struct table_node *node)
{
	LIST_INSERT_HEAD(bucket_of(table, node->key), node, chain);
}

void table_remove(struct table_node *node)
{
	LIST_REMOVE(node, chain);
}

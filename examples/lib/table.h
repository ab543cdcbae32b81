/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A hash table from strings to the caller's entries; it allocates nothing. */
#ifndef EXAMPLE_TABLE_H
#define EXAMPLE_TABLE_H

#include <sys/queue.h>

#define TABLE_BUCKETS 16384

/* The first member of the caller's entry. */
struct table_node {
	LIST_ENTRY(table_node) chain;
	const char *key; /* borrowed while the node is in the table */
};

/* Zeroed: empty. */
struct table {
	LIST_HEAD(table_chain, table_node) buckets[TABLE_BUCKETS];
};

struct table_node *table_find(struct table *table, const char *key);
void table_insert(struct table *table, struct table_node *node); /* the key is not there yet */
void table_remove(struct table_node *node);

#endif

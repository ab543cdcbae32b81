/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reading BPF tables in bulk. */
#ifndef PROBE_TABLES_H
#define PROBE_TABLES_H

#include <stddef.h>
#include <stdint.h>

/* What table_walk calls per element; a non-zero result ends the walk and is returned. */
typedef int (*table_fn)(void *ctx, const void *key, const void *value);

/*
 * Calls @fn for each element of hash table @fd. Elements that come or go during the walk may be
 * seen or not; one that stays is seen once. 0 or -errno.
 */
int table_walk(int fd, size_t key_size, size_t value_size, table_fn fn, void *ctx);

/* Sums element @key of a per-CPU array of @count 64-bit values over the CPUs. 0 or -errno. */
int table_sum_percpu(int fd, uint32_t key, uint64_t *ret_values, size_t count);

/* The same over the elements below @rows. */
int table_sum_rows(int fd, uint32_t rows, uint64_t *ret_values, size_t count);

/* Adds the sums of that element to @sums, and sets it to zeros. 0 or -errno. */
int table_take_row(int fd, uint32_t key, uint64_t *sums, size_t count);

/* Sets it to zeros on every CPU. 0 or -errno. */
int table_zero_percpu(int fd, uint32_t key, size_t count);

#endif

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Batched look-ups, whole hash buckets at a time. */
#include "probe/tables.h"

#include "base/scope.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#define BATCH_FIRST 4096
#define BATCH_MAX   (1u << 20) /* a single bucket will not be longer */

struct batch {
	uint8_t *keys, *values;
	uint32_t capacity;
};

static void batch_done(struct batch *b)
{
	free(b->keys);
	free(b->values);
}

static int batch_resize(struct batch *b, uint32_t capacity, size_t key_size, size_t value_size)
{
	batch_done(b);
	*b = (struct batch){ .keys = calloc(capacity, key_size),
			     .values = calloc(capacity, value_size),
			     .capacity = capacity };
	return b->keys && b->values ? 0 : -ENOMEM;
}

int table_walk(int fd, size_t key_size, size_t value_size, table_fn fn, void *ctx)
{
	_release_(batch_done) struct batch b = { 0 };
	uint32_t position = 0, next = 0, count;
	bool is_first = true, is_last = false;
	int err = batch_resize(&b, BATCH_FIRST, key_size, value_size);

	while (!err && !is_last) {
		count = b.capacity;
		err = bpf_map_lookup_batch(fd, is_first ? NULL : &position, &next, b.keys, b.values,
					   &count, NULL);
		if (err == -ENOSPC && b.capacity < BATCH_MAX) { /* a bucket longer than the batch */
			err = batch_resize(&b, b.capacity * 2, key_size, value_size);
			continue;
		}
		is_last = err == -ENOENT;
		if (err && !is_last)
			return err;
		err = 0;
		for (uint32_t i = 0; i < count && !err; i++)
			err = fn(ctx, b.keys + i * key_size, b.values + i * value_size);
		position = next;
		is_first = false;
	}
	return err;
}

int table_sum_percpu(int fd, uint32_t key, uint64_t *ret_values, size_t count)
{
	int cpus = libbpf_num_possible_cpus();
	_release_(freep) uint64_t *rows = NULL;
	int err;

	if (cpus < 0)
		return cpus;
	rows = calloc((size_t)cpus * count, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	err = bpf_map_lookup_elem(fd, &key, rows);
	if (err)
		return err;
	memset(ret_values, 0, count * sizeof(*ret_values));
	for (size_t cpu = 0; cpu < (size_t)cpus; cpu++)
		for (size_t i = 0; i < count; i++)
			ret_values[i] += rows[cpu * count + i];
	return 0;
}

int table_sum_rows(int fd, uint32_t rows, uint64_t *ret_values, size_t count)
{
	_release_(freep) uint64_t *values = calloc(count, sizeof(*values));

	if (!values)
		return -ENOMEM;
	memset(ret_values, 0, count * sizeof(*ret_values));
	for (uint32_t row = 0; row < rows; row++) {
		int err = table_sum_percpu(fd, row, values, count);

		if (err)
			return err;
		for (size_t i = 0; i < count; i++)
			ret_values[i] += values[i];
	}
	return 0;
}

int table_zero_percpu(int fd, uint32_t key, size_t count)
{
	int cpus = libbpf_num_possible_cpus();
	_release_(freep) uint64_t *rows = NULL;

	if (cpus < 0)
		return cpus;
	rows = calloc((size_t)cpus * count, sizeof(*rows));
	return rows ? bpf_map_update_elem(fd, &key, rows, BPF_ANY) : -ENOMEM;
}

int table_take_row(int fd, uint32_t key, uint64_t *sums, size_t count)
{
	_release_(freep) uint64_t *values = calloc(count, sizeof(*values));
	int err = values ? table_sum_percpu(fd, key, values, count) : -ENOMEM;

	if (!err)
		err = table_zero_percpu(fd, key, count);
	for (size_t i = 0; i < count && !err; i++)
		sums[i] += values[i];
	return err;
}

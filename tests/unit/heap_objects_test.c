// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Objects by id beside qsort, and packed and unpacked again: of any ids, classes and sizes. */
#include "heap/objects.h"

#include "failing_alloc.h"
#include "tap.h"

#include <errno.h>
#include <stdlib.h>

#define MAX_NODES 300
#define ROUNDS	  400

struct sample {
	struct snapshot s;
	uint32_t id[MAX_NODES], class[MAX_NODES];
	uint64_t size[MAX_NODES];
};

static uint64_t dice(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 16;
}

/* Numbers of all lengths, from 0 bits to @bits. */
static uint64_t any_number(uint64_t *state, unsigned int bits)
{
	return dice(state) & ((1ull << dice(state) % (bits + 1)) - 1);
}

static void make_sample(struct sample *p, uint64_t *state)
{
	size_t count = 1 + dice(state) % MAX_NODES;
	unsigned int id_bits = 8 + (unsigned int)(dice(state) % 25);

	for (size_t n = 0; n < count; n++) {
		p->id[n] = (uint32_t)any_number(state, id_bits);
		p->class[n] = (uint32_t)any_number(state, 32);
		p->size[n] = any_number(state, 47);
	}
	p->s = (struct snapshot){ .node_count = count, .id = p->id, .size = p->size };
}

static int by_value(const void *x, const void *y)
{
	uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;

	return (a > b) - (a < b);
}

/* Of equal ids, the node decides: the sort is stable. */
static size_t expect(const struct sample *p, uint64_t *keys)
{
	size_t len = 0;

	for (size_t n = 0; n < p->s.node_count; n++) {
		if (p->size[n])
			keys[len++] = (uint64_t)p->id[n] << 32 | n;
	}
	qsort(keys, len, sizeof(*keys), by_value);
	return len;
}

static bool is_sorted(const struct sample *p, const uint64_t *want, size_t len)
{
	uint64_t *keys = NULL;
	size_t got = 0;
	bool is_right;

	must(objects_sort(&p->s, &keys, &got) == 0);
	is_right = got == len && (!len || memcmp(keys, want, len * sizeof(*keys)) == 0);
	free(keys);
	return is_right;
}

static bool is_unpacked(const struct sample *p, const uint64_t *want, size_t len)
{
	struct objects o;
	struct objects_cursor c;
	uint32_t newest = 0;
	bool is_right;

	must(objects_pack(&p->s, p->class, &o) == 0);
	is_right = o.len == len;
	c = objects_begin(&o);
	for (size_t i = 0; i < len && is_right; i++) {
		uint32_t node = (uint32_t)want[i];

		is_right = objects_next(&c) && c.id == p->id[node] && c.class == p->class[node] &&
			   c.bytes == p->size[node];
		if (c.id % 2)
			newest = c.id;
	}
	is_right = is_right && !objects_next(&c) && o.newest == newest;
	objects_done(&o);
	return is_right;
}

static void test_random(void)
{
	uint64_t state = 5;
	int unsorted = 0, damaged = 0;

	for (int i = 0; i < ROUNDS; i++) {
		static struct sample p;
		uint64_t want[MAX_NODES] = { 0 };
		size_t len;

		make_sample(&p, &state);
		len = expect(&p, want);
		unsorted += !is_sorted(&p, want, len);
		damaged += !is_unpacked(&p, want, len);
	}
	is_int(unsorted, 0, "%d random snapshots are sorted as by qsort", ROUNDS);
	is_int(damaged, 0, "and come back as they were packed");
}

static void test_usual(void)
{
	static struct sample p;
	struct objects o;

	p.s = (struct snapshot){ .node_count = MAX_NODES, .id = p.id, .size = p.size };
	for (uint32_t n = 0; n < MAX_NODES; n++) {
		p.id[n] = 2 * n + 1;
		p.class[n] = n % 100;
		p.size[n] = 8 * (n % 12 + 1);
	}
	must(objects_pack(&p.s, p.class, &o) == 0);
	is_int(o.packed_len, 3 * MAX_NODES, "usual objects take three bytes each");
	objects_done(&o);
}

static void test_failing_alloc(void)
{
	uint64_t state = 7;
	static struct sample p;
	bool is_hit = true, is_told = true;

	make_sample(&p, &state);
	for (size_t n = 1; is_hit; n++) {
		struct objects o = { 0 };
		int err;

		failing_alloc_start(n);
		err = objects_pack(&p.s, p.class, &o);
		is_hit = failing_alloc_stop();
		is_told &= err == (is_hit ? -ENOMEM : 0);
		objects_done(&o);
	}
	ok(is_told, "every allocation that fails is told");
}

int main(void)
{
	test_random();
	test_usual();
	test_failing_alloc();
	return tap_done();
}

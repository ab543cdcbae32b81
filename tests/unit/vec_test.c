// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Growing arrays: order kept, capacity doubled, overflow and allocation failure harmless. */
#include "base/scope.h"
#include "base/vec.h"
#include "failing_alloc.h"
#include "tap.h"

#include <stdint.h>

struct numbers {
	uint32_t *at;
	size_t len, cap;
};

static int push(struct numbers *v, uint32_t value)
{
	uint32_t *slot = vec_push(v);

	if (!slot)
		return -1;
	*slot = value;
	return 0;
}

static void test_push(void)
{
	struct numbers v = { 0 };
	bool is_same = true;

	for (uint32_t i = 0; i < 1000; i++)
		is_same &= push(&v, i * 7) == 0;
	is_int(v.len, 1000, "a thousand elements");
	for (uint32_t i = 0; i < v.len; i++)
		is_same &= v.at[i] == i * 7;
	ok(is_same, "each keeps its value and place");
	is_int(v.cap, 1024, "capacity doubles");
	free(v.at);
}

static void test_overflow(void)
{
	uint32_t one;
	size_t cap = SIZE_MAX / 2 + 1;

	ok(!vec_grow(&one, cap, &cap, 1), "doubling beyond size_t is refused");
	cap = SIZE_MAX / 8;
	ok(!vec_grow(&one, cap, &cap, 8), "bytes beyond size_t are refused");
	is_int(cap, SIZE_MAX / 8, "the capacity is then unchanged");
}

static void test_failing_alloc(void)
{
	struct numbers v = { 0 };
	int err = 0;

	failing_alloc_start(1);
	is_int(push(&v, 1), -1, "the first allocation fails: nothing is pushed");
	ok(failing_alloc_stop() && v.len == 0 && v.cap == 0 && !v.at, "the vector is still empty");

	failing_alloc_start(2);
	for (uint32_t i = 0; i < 17 && err == 0; i++)
		err = push(&v, i);
	ok(failing_alloc_stop() && err == -1, "the 17th element needs a second allocation");
	ok(v.len == 16 && v.cap == 16 && v.at[15] == 15, "the old array is still whole");
	is_int(push(&v, 16), 0, "and grows once there is memory again");
	free(v.at);
}

int main(void)
{
	test_push();
	test_overflow();
	test_failing_alloc();
	return tap_done();
}

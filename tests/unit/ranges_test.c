// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The ledger of mapped ranges: each way to cut, random operations against a map of bytes, OOM. */
#include "profile/ranges.h"

#include "failing_alloc.h"
#include "ranges_model.h"
#include "tap.h"

#include <errno.h>
#include <stdlib.h>

struct op {
	char what; /* 'm'ap, 'u'nmap; 0: no more */
	uint64_t start, end;
	uint64_t stack; /* of a map; of an unmap the bytes that must have gone */
};

static const struct {
	const char *what;
	struct op ops[5];
	struct range want[4];
	size_t want_len;
} cuts[] = {
	{ "one range", { { 'm', 10, 20, 1 } }, { { 10, 20, 0, 1 } }, 1 },
	{ "two apart, the upper first",
	  { { 'm', 30, 40, 1 }, { 'm', 10, 20, 2 } },
	  { { 10, 20, 1, 2 }, { 30, 40, 0, 1 } },
	  2 },
	{ "neighbours stay two",
	  { { 'm', 10, 20, 1 }, { 'm', 20, 30, 1 } },
	  { { 10, 20, 0, 1 }, { 20, 30, 1, 1 } },
	  2 },
	{ "map in the middle",
	  { { 'm', 10, 40, 1 }, { 'm', 20, 30, 2 } },
	  { { 10, 20, 0, 1 }, { 20, 30, 1, 2 }, { 30, 40, 0, 1 } },
	  3 },
	{ "map over several",
	  { { 'm', 10, 20, 1 }, { 'm', 20, 30, 2 }, { 'm', 30, 40, 3 }, { 'm', 15, 35, 4 } },
	  { { 10, 15, 0, 1 }, { 15, 35, 3, 4 }, { 35, 40, 2, 3 } },
	  3 },
	{ "map over the same",
	  { { 'm', 10, 20, 1 }, { 'm', 10, 20, 2 } },
	  { { 10, 20, 1, 2 } },
	  1 },
	{ "unmap in the middle",
	  { { 'm', 10, 40, 1 }, { 'u', 20, 30, 10 } },
	  { { 10, 20, 0, 1 }, { 30, 40, 0, 1 } },
	  2 },
	{ "unmap over several",
	  { { 'm', 10, 20, 1 }, { 'm', 25, 30, 2 }, { 'm', 35, 45, 3 }, { 'u', 15, 40, 15 } },
	  { { 10, 15, 0, 1 }, { 40, 45, 2, 3 } },
	  2 },
	{ "unmap all and more", { { 'm', 10, 20, 1 }, { 'u', 0, 100, 10 } }, { { 0 } }, 0 },
	{ "unmap the start", { { 'm', 10, 20, 1 }, { 'u', 5, 15, 5 } }, { { 15, 20, 0, 1 } }, 1 },
	{ "unmap the end", { { 'm', 10, 20, 1 }, { 'u', 15, 25, 5 } }, { { 10, 15, 0, 1 } }, 1 },
	{ "unmap what is not there",
	  { { 'm', 10, 20, 1 }, { 'u', 20, 30, 0 } },
	  { { 10, 20, 0, 1 } },
	  1 },
	{ "unmap nothing", { { 'm', 10, 20, 1 }, { 'u', 15, 15, 0 } }, { { 10, 20, 0, 1 } }, 1 },
	{ "the whole address space",
	  { { 'm', 0, UINT64_MAX, 1 }, { 'u', 1, 2, 1 } },
	  { { 0, 1, 0, 1 }, { 2, UINT64_MAX, 0, 1 } },
	  2 },
};

static void test_cuts(void)
{
	for (size_t i = 0; i < sizeof(cuts) / sizeof(*cuts); i++) {
		struct ranges r = { 0 };
		bool is_right = true;

		for (size_t k = 0; cuts[i].ops[k].what; k++) {
			const struct op *op = &cuts[i].ops[k];
			int err;

			if (op->what == 'm')
				is_right &= !ranges_map(&r, op->start, op->end, k, op->stack);
			else
				is_right &=
					ranges_unmap(&r, op->start, op->end, &err) == op->stack &&
					err == 0;
		}
		is_right &= r.len == cuts[i].want_len;
		if (is_right && r.len)
			is_right = !memcmp(r.at, cuts[i].want, r.len * sizeof(*r.at));
		ok(is_right, "%s", cuts[i].what);
		ranges_done(&r);
	}
}

static void test_refused(void)
{
	struct ranges r = { 0 };
	int err = 1;

	is_int(ranges_map(&r, 10, 10, 0, 1), -EINVAL, "an empty range");
	is_int(ranges_map(&r, 10, 9, 0, 1), -EINVAL, "a wrapping range");
	is_int(ranges_unmap(&r, 10, 9, &err), 0, "unmap of a wrapping range");
	is_int(err, 0, "is no error");
	is_int(r.len, 0, "nothing is there");
	ranges_done(&r);
}

static void test_random(void)
{
	struct ranges_model model = { 0 };
	struct ranges r = { 0 };
	unsigned int seed = 42;
	bool is_same = true;
	size_t longest = 0;
	int err = 0;

	for (uint64_t i = 1; i <= 20000 && is_same; i++) {
		uint64_t start = (uint64_t)rand_r(&seed) % (MODEL_BYTES - 40);
		uint64_t end = start + 1 + (uint64_t)rand_r(&seed) % (rand_r(&seed) % 8 ? 6 : 40);

		if (rand_r(&seed) % 2) {
			is_same = !ranges_map(&r, start, end, i, i);
			model_map(&model, start, end, i);
		} else {
			is_same = ranges_unmap(&r, start, end, &err) ==
					  model_unmap(&model, start, end) &&
				  !err;
		}
		is_same &= model_agrees(&model, &r);
		longest = r.len > longest ? r.len : longest;
	}
	ok(is_same, "20000 random operations agree with a map of bytes");
	ok(longest > 40, "with up to %zu ranges", longest);
	ranges_done(&r);
}

static void test_no_memory(void)
{
	struct ranges r = { 0 };
	int err;

	for (uint64_t i = 0; i < 15; i++) /* room for 16 (vec.c): one is left, a map wants two */
		(void)ranges_map(&r, i * 10, i * 10 + 5, i, i);
	failing_alloc_start(1);
	is_int(ranges_map(&r, 2, 3, 0, 99), -ENOMEM, "a map that finds no memory");
	ok(failing_alloc_stop(), "asked for some");
	is_int(r.len, 15, "and leaves all as it was");
	is_int(ranges_unmap(&r, 1, 2, &err), 1, "the last split that fits");
	failing_alloc_start(1);
	is_int(ranges_unmap(&r, 12, 13, &err), 3, "a split without memory loses the upper part");
	ok(failing_alloc_stop(), "having asked for some");
	is_int(err, -ENOMEM, "and says so");
	is_int(r.at[2].start, 10, "the lower part");
	is_int(r.at[2].end, 12, "is kept");
	is_int(r.at[3].start, 20, "the next one is whole");
	ranges_done(&r);
}

int main(void)
{
	test_cuts();
	test_refused();
	test_random();
	test_no_memory();
	return tap_done();
}

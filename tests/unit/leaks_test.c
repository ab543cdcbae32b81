// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Live blocks over time: walks, series, merging, ranking, and every n-th allocation failing. */
#include "profile/leaks.h"

#include "base/scope.h"
#include "failing_alloc.h"
#include "tap.h"

#include <errno.h>

#define SECOND 1000000000ull

/* --- names: stack ids stand for the stacks of this table ---------------------------------------
 */

static const struct {
	uint64_t stack;
	struct frame frames[2];
	size_t depth;
	bool is_truncated;
} known[] = {
	{ 1,
	  { { "leak", "server", "a.c", 10, false, 0x100, FRAME_NATIVE, 0 },
	    { "main", "server", "m.c", 1, false, 0x10, FRAME_NATIVE, 0 } },
	  2,
	  false },
	/* another call on the same line */
	{ 2,
	  { { "leak", "server", "a.c", 10, false, 0x108, FRAME_NATIVE, 0 },
	    { "main", "server", "m.c", 1, false, 0x10, FRAME_NATIVE, 0 } },
	  2,
	  true },
	{ 3,
	  { { "leak", "server", "a.c", 11, false, 0x110, FRAME_NATIVE, 0 },
	    { "main", "server", "m.c", 1, false, 0x10, FRAME_NATIVE, 0 } },
	  2,
	  false },
	{ 4, { { "leak", "server", "a.c", 10, false, 0x100, FRAME_NATIVE, 0 } }, 1, false },
	{ 5, { { "", "server", "", 0, false, 0x500, FRAME_NATIVE, 0 } }, 1, false },
	{ 6, { { "", "server", "", 0, false, 0x600, FRAME_NATIVE, 0 } }, 1, false },
	{ 7,
	  { { "leak", "other", "a.c", 10, false, 0x100, FRAME_NATIVE, 0 },
	    { "main", "server", "m.c", 1, false, 0x10, FRAME_NATIVE, 0 } },
	  2,
	  false },
	/* the same places, but the leaf was inlined */
	{ 8,
	  { { "leak", "server", "a.c", 10, true, 0x100, FRAME_NATIVE, 0 },
	    { "main", "server", "m.c", 1, false, 0x100, FRAME_NATIVE, 0 } },
	  2,
	  false },
};

static size_t name(void *ctx, pid_t pid, uint64_t stack, struct frame *ret_frames, size_t max,
		   const char **ret_cut)
{
	(void)ctx;
	(void)pid;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (known[i].stack != stack || known[i].depth > max)
			continue;
		memcpy(ret_frames, known[i].frames, known[i].depth * sizeof(*ret_frames));
		*ret_cut = known[i].is_truncated ? "test" : NULL;
		return known[i].depth;
	}
	*ret_cut = "unknown";
	return 0;
}

struct block {
	pid_t pid;
	enum leak_kind kind;
	uint64_t stack, bytes, born_ns;
};

static int walk(struct leaks *l, uint64_t now_ns, const struct block *blocks, size_t count)
{
	leaks_begin(l, now_ns, 0);
	for (size_t i = 0; i < count; i++) {
		const struct block *b = &blocks[i];

		if (leaks_block(l, b->pid, b->kind, b->stack, b->bytes, b->born_ns))
			return -ENOMEM;
	}
	return leaks_end(l);
}

static struct leak_rows rows_of(struct leaks *l, enum leak_sort sort)
{
	struct leak_rows rows = { 0 };

	(void)leaks_rows(l, name, NULL, sort, 1024, &rows);
	return rows;
}

/* --- tests -------------------------------------------------------------------------------------
 */

static void test_merge(void)
{
	static const struct block blocks[] = {
		{ 9, LEAK_HEAP, 1, 100, 1 },   { 9, LEAK_HEAP, 2, 200, 1 },
		{ 9, LEAK_HEAP, 3, 1000, 1 },  { 9, LEAK_HEAP, 4, 2000, 1 },
		{ 9, LEAK_HEAP, 5, 3000, 1 },  { 9, LEAK_HEAP, 6, 4000, 1 },
		{ 9, LEAK_HEAP, 7, 5000, 1 },  { 9, LEAK_MMAP, 1, 6000, 1 },
		{ 8, LEAK_HEAP, 1, 7000, 1 },  { 9, LEAK_RUNTIME, 1, 9000, 1 },
		{ 9, LEAK_HEAP, 99, 8000, 1 }, { 9, LEAK_HEAP, 98, 500, 1 },
		{ 9, LEAK_HEAP, 8, 50, 1 },
	};
	static const uint64_t want[] = { 8500, 7000, 6000, 5000, 4000, 3000,
					 2000, 1000, 300,  50,	 9000 };
	_release_(leaks_freep) struct leaks *l = leaks_new();
	_release_(leak_rows_done) struct leak_rows rows = { 0 };

	is_int(walk(l, 10, blocks, sizeof(blocks) / sizeof(*blocks)), 0, "a walk");
	is_int(leaks_stack_count(l), 13, "raw stacks");
	rows = rows_of(l, LEAK_BY_BYTES);
	is_int(rows.len, 11,
	       "rows: same line merged; file, line, depth, module, inlining, kind, pid apart");
	for (size_t i = 0; i < rows.len && i < 11; i++)
		is_int(rows.at[i].bytes, want[i], "row %zu", i);
	is_int(rows.at[0].depth, 0, "unknown stacks are one row without frames");
	ok(rows.at[0].cut, "marked truncated");
	is_int(rows.at[8].blocks, 2, "the merged row's blocks");
	ok(rows.at[8].cut, "truncated when one of its stacks is");
	is_int(rows.at[10].kind, LEAK_RUNTIME, "runtime comes last, however large");
	ok(rows.at[1].share > 0.999 && rows.at[2].share > 0.999 && rows.at[10].share > 0.999,
	   "shares are of the process and kind");
	ok(rows.at[0].share > 0.356 && rows.at[0].share < 0.357, "8500 of 23850: %f",
	   rows.at[0].share);
}

static void test_growth(void)
{
	static const uint64_t bytes[] = { 1000, 3000, 6000, 5000 };
	_release_(leaks_freep) struct leaks *l = leaks_new();
	_release_(leak_rows_done) struct leak_rows one = { 0 }, all = { 0 };
	const struct block late = { 9, LEAK_HEAP, 3, 700, 4 * SECOND };

	for (uint64_t i = 0; i < 4; i++) {
		struct block b = { 9, LEAK_HEAP, 1, bytes[i], SECOND };

		(void)walk(l, (i + 1) * SECOND, &b, 1);
		if (i == 0)
			one = rows_of(l, LEAK_BY_BYTES);
	}
	is_int(one.at[0].growth_last_bytes, 0, "one sample: no growth over an interval");
	is_int(one.at[0].growth_run_bytes, 0, "and none over the run");
	is_int(leaks_samples(l), 4, "samples");
	is_int(leaks_sample_distance_ns(l), SECOND, "their distance");
	all = rows_of(l, LEAK_BY_BYTES);
	is_int(all.at[0].growth_last_bytes, -1000, "growth over the last interval");
	is_int(all.at[0].growth_run_bytes, 4000, "growth over the run");
	is_int(all.at[0].trend.verdict, TREND_TOO_SHORT, "no verdict yet");
	leak_rows_done(&all);
	(void)walk(l, 5 * SECOND, &late, 1);
	all = rows_of(l, LEAK_BY_BYTES);
	is_int(all.len, 1, "a stack without live blocks has no row");
	is_int(all.at[0].growth_run_bytes, 700, "a new stack grew from nothing");
}

static void test_repeat(void)
{
	_release_(leaks_freep) struct leaks *l = leaks_new();
	_release_(leak_rows_done) struct leak_rows rows = { 0 };

	for (uint64_t i = 1; i <= 3; i++) {
		struct block b = { 9, LEAK_HEAP, 1, i * 1000, SECOND };

		(void)walk(l, i * SECOND, &b, 1);
	}
	(void)walk(l, 3 * SECOND + 1000, &(struct block){ 9, LEAK_HEAP, 1, 3100, SECOND }, 1);
	is_int(leaks_samples(l), 3, "a walk right after a sample is none");
	rows = rows_of(l, LEAK_BY_BYTES);
	is_int(rows.at[0].bytes, 3100, "its totals are shown");
	is_int(rows.at[0].growth_last_bytes, 1100, "the last interval is a whole one");
	is_int(leaks_sample_distance_ns(l), SECOND, "the distance stays");
	(void)walk(l, 4 * SECOND, &(struct block){ 9, LEAK_HEAP, 1, 4000, SECOND }, 1);
	is_int(leaks_samples(l), 4, "the next one counts");
}

static void test_ages(void)
{
	_release_(leaks_freep) struct leaks *l = leaks_new();
	_release_(leak_rows_done) struct leak_rows few = { 0 }, many = { 0 }, old = { 0 };
	struct block blocks[101];

	for (uint64_t i = 0; i < 101; i++) /* ages 0 ... 100 s */
		blocks[i] = (struct block){ 9, LEAK_HEAP, 1 + i % 2, 10, (1000 - i) * SECOND };
	(void)walk(l, 1000 * SECOND, blocks, 5);
	few = rows_of(l, LEAK_BY_BYTES);
	ok(few.at[0].age_median_ns <= 2 * SECOND && few.at[0].age_median_ns > SECOND * 15 / 8,
	   "median of five: %ju", (uintmax_t)few.at[0].age_median_ns);
	is_int(few.at[0].age_oldest_ns, 4 * SECOND, "oldest of five");
	(void)walk(l, 1000 * SECOND, blocks, 101);
	many = rows_of(l, LEAK_BY_BYTES);
	ok(many.at[0].age_median_ns <= 50 * SECOND && many.at[0].age_median_ns >= 46 * SECOND,
	   "median of many, over two merged stacks: %ju", (uintmax_t)many.at[0].age_median_ns);
	is_int(many.at[0].age_oldest_ns, 100 * SECOND, "oldest of many");
	leaks_begin(l, 1000 * SECOND, 90 * SECOND);
	for (size_t i = 0; i < 101; i++)
		(void)leaks_block(l, 9, LEAK_HEAP, 1, 10, blocks[i].born_ns);
	(void)leaks_block(l, 9, LEAK_HEAP, 3, 10, 1001 * SECOND);
	(void)leaks_end(l);
	old = rows_of(l, LEAK_BY_BYTES);
	is_int(old.at[0].blocks, 11, "younger blocks are left out");
	is_int(old.len, 1, "and so are those born during the walk");
}

/* A stack that takes a block each second, one that replaces its blocks, one that holds still. */
static void second(struct leaks *l, uint64_t now)
{
	leaks_begin(l, (1000 + now) * SECOND, 0);
	for (uint64_t born = 1; born <= now * 4; born++) {
		(void)leaks_block(l, 9, LEAK_HEAP, 1, 4096, 1000 * SECOND + born * SECOND / 4);
		if (born / 4 + 1 + now / 3 > now) /* a cache whose turnover gets slower */
			(void)leaks_block(l, 9, LEAK_HEAP, 3, 8192,
					  1000 * SECOND + born * SECOND / 4);
	}
	for (uint64_t i = 0; i < 20 && now; i++)
		(void)leaks_block(l, 9, LEAK_HEAP, 4, 1 << 20, 1000 * SECOND + i);
	(void)leaks_end(l);
}

static void test_verdicts(void)
{
	_release_(leaks_freep) struct leaks *l = leaks_new();
	_release_(leak_rows_done) struct leak_rows rows = { 0 };

	for (uint64_t now = 0; now <= 12; now++)
		second(l, now);
	rows = rows_of(l, LEAK_BY_BYTES);
	is_int(rows.len, 3, "three stacks");
	is_int(rows.at[0].bytes, 20 << 20, "largest: what was taken at once");
	is_text(trend_text(rows.at[0].trend.verdict), "plateau", "is a plateau");
	is_int(rows.at[1].bytes, 48 * 4096, "then the leak");
	is_text(trend_text(rows.at[1].trend.verdict), "growing steadily", "grows steadily");
	is_int(rows.at[1].trend.slope_bytes, 4 * 4096, "by its slope");
	is_text(trend_text(rows.at[2].trend.verdict), "growing, may level off",
		"what is replaced all the time may level off");
}

static void test_thinning(void)
{
	_release_(leaks_freep) struct leaks *l = leaks_new();
	_release_(leak_rows_done) struct leak_rows rows = { 0 };
	uint64_t i = 0;
	size_t most = 0;

	for (; i < 1000; i++) {
		struct block b[] = { { 9, LEAK_HEAP, 1, 5000 * (i + 1), 1 },
				     { 9, LEAK_HEAP, 3, 10, 1 } };

		(void)walk(l, (i + 1) * SECOND, b, i < 300 ? 1 : 2);
		most = leaks_samples(l) > most ? leaks_samples(l) : most;
	}
	ok(most < TREND_MAX_SAMPLES, "never more than %zu samples", most);
	ok(leaks_samples(l) >= TREND_MAX_SAMPLES / 2, "and %zu in the end", leaks_samples(l));
	is_int(leaks_sample_distance_ns(l), 8 * SECOND, "every eighth of 1000 walks");
	rows = rows_of(l, LEAK_BY_BYTES);
	is_int(rows.at[0].trend.slope_bytes, 8 * 5000, "the slope is that per sample");
	is_text(trend_text(rows.at[0].trend.verdict), "growing steadily", "and the verdict stands");
	is_int(rows.at[0].growth_last_bytes, 5000, "the last interval is a walk's");
	is_int(rows.at[0].growth_run_bytes, 999 * 5000, "the run begins at the first walk");
	is_int(rows.at[1].growth_run_bytes, 10, "also for a stack that came later");
}

static void test_forget(void)
{
	static const struct block blocks[] = { { 8, LEAK_HEAP, 1, 100, 1 },
					       { 9, LEAK_HEAP, 1, 200, 1 },
					       { 9, LEAK_HEAP, 3, 300, 1 } };
	_release_(leaks_freep) struct leaks *l = leaks_new();
	_release_(leak_rows_done) struct leak_rows rows = { 0 };

	(void)walk(l, 10, blocks, 3);
	leaks_forget(l, 9);
	rows = rows_of(l, LEAK_BY_BYTES);
	is_int(rows.len, 1, "one process forgotten");
	is_int(rows.at[0].pid, 8, "the other stays");
	leaks_forget(l, 8);
	is_int(leaks_stack_count(l), 0, "both forgotten");
	is_int(walk(l, 20, blocks, 3), 0, "and walked again");
	is_int(leaks_stack_count(l), 3, "as new");
}

static void test_sort(void)
{
	static const struct block first[] = { { 9, LEAK_HEAP, 1, 500, 1 } };
	static const struct block last[] = {
		{ 9, LEAK_HEAP, 1, 600, 100 }, { 9, LEAK_HEAP, 3, 300, 150 },
		{ 9, LEAK_HEAP, 3, 100, 150 }, { 9, LEAK_MMAP, 4, 400, 5 },
		{ 8, LEAK_HEAP, 5, 400, 170 }, { 7, LEAK_HEAP, 5, 400, 170 },
	};
	static const struct {
		const char *what;
		enum leak_sort sort;
		pid_t want_pid[5];
		uint64_t want_line[5];
	} cases[] = { /* equal: by bytes, then frames (function "" first), then pid */
		      { "bytes", LEAK_BY_BYTES, { 9, 7, 8, 9, 9 }, { 10, 0, 0, 10, 11 } },
		      { "count", LEAK_BY_COUNT, { 9, 9, 7, 8, 9 }, { 11, 10, 0, 0, 10 } },
		      { "growth", LEAK_BY_GROWTH, { 7, 8, 9, 9, 9 }, { 0, 0, 10, 11, 10 } },
		      { "age", LEAK_BY_AGE, { 9, 9, 9, 7, 8 }, { 10, 10, 11, 0, 0 } }
	};
	_release_(leaks_freep) struct leaks *l = leaks_new();

	(void)walk(l, 100, first, 1);
	(void)walk(l, 200, last, 6);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		_release_(leak_rows_done) struct leak_rows rows = rows_of(l, cases[i].sort);
		bool is_right = rows.len == 5;

		for (size_t k = 0; k < 5 && is_right; k++)
			is_right = rows.at[k].pid == cases[i].want_pid[k] &&
				   rows.at[k].frames[0].line == cases[i].want_line[k];
		ok(is_right, "by %s", cases[i].what);
	}
}

static void count_stack(void *ctx, pid_t pid, uint64_t stack)
{
	*(uint64_t *)ctx += (uint64_t)pid * 1000 + stack;
}

static void test_each(void)
{
	static const struct block blocks[] = { { 8, LEAK_HEAP, 1, 100, 1 },
					       { 9, LEAK_HEAP, 3, 0, 1 } };
	_release_(leaks_freep) struct leaks *l = leaks_new();
	uint64_t sum = 0;

	(void)walk(l, 10, blocks, 2);
	leaks_each_stack(l, count_stack, &sum);
	is_int(sum, 17004, "each live stack once, blocks of no bytes too");
	(void)walk(l, 20, blocks, 1);
	sum = 0;
	leaks_each_stack(l, count_stack, &sum);
	is_int(sum, 8001, "not those without live blocks");
}

static int everything(void)
{
	_release_(leaks_freep) struct leaks *l = leaks_new();
	_release_(leak_rows_done) struct leak_rows rows = { 0 };
	int err = l ? 0 : -ENOMEM;

	for (uint64_t i = 0; i < 20 && !err; i++) {
		leaks_begin(l, (i + 1) * SECOND, 0);
		for (uint64_t k = 0; k < 400 && !err; k++)
			err = leaks_block(l, 9, LEAK_HEAP, k % 39, 10, k);
		if (!err)
			err = leaks_end(l);
	}
	return err ? err : leaks_rows(l, name, NULL, LEAK_BY_BYTES, 1, &rows);
}

static void test_no_memory(void)
{
	bool is_hit = true, is_told = true;
	size_t n;

	for (n = 1; is_hit && is_told; n++) {
		int err;

		failing_alloc_start(n);
		err = everything();
		is_hit = failing_alloc_stop();
		is_told = err == (is_hit ? -ENOMEM : 0);
	}
	ok(is_told, "each of %zu allocations fails once, and it is told", n - 2);
	ok(n > 60, "there were as many as the stacks ask for");
}

static void test_counts(void)
{
	struct leak_counts a = { .allocs = 1, .hits = 5, .lost_blocks = 2, .missed_runs = 3 };
	const struct leak_counts b = { .allocs = 10,
				       .lost_blocks = 1,
				       .lost_stacks = 1,
				       .lost_threads = 1,
				       .lost_frees = 1,
				       .lost_returns = 1,
				       .lost_reads = 1,
				       .lost_events = 1,
				       .missed_runs = 1 };

	is_int(leak_counts_lost(&b), 8, "each loss counts");
	leak_counts_add(&a, &b);
	is_int(a.allocs, 11, "added");
	is_int(a.hits, 5, "the others stay");
	is_int(leak_counts_lost(&a), 13, "losses too");
}

int main(void)
{
	test_merge();
	test_growth();
	test_repeat();
	test_ages();
	test_verdicts();
	test_thinning();
	test_forget();
	test_sort();
	test_each();
	test_no_memory();
	test_counts();
	return tap_done();
}

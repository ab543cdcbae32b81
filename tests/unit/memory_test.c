// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Series of samples: what grows is called so, what rises and falls is not; what is suspected. */
#include "profile/memory.h"

#include "tap.h"

#define MIB(n)	((uint64_t)(n) << 20)
#define SECOND	1000000000ull
#define SAMPLES 64

static struct memory_sample samples[SAMPLES];
static struct memory_process process = { .samples = samples };

static void begin(size_t count)
{
	memset(samples, 0, sizeof(samples));
	for (size_t i = 0; i < count; i++) {
		samples[i].at_ns = i * SECOND;
		memory_set(&samples[i], MEMORY_RSS, MIB(100));
	}
	process.sample_count = count;
}

static void set_line(enum memory_figure f, uint64_t from, uint64_t by)
{
	for (size_t i = 0; i < process.sample_count; i++)
		memory_set(&samples[i], f, from + i * by);
}

static void test_line(void)
{
	struct memory_trend t;

	begin(60);
	set_line(MEMORY_POOL_OTHER, MIB(10), MIB(1));
	t = memory_trend_of(&process, MEMORY_POOL_OTHER);
	ok(t.is_known && t.grows, "a line grows");
	is_int(t.trend.verdict, TREND_STEADY, "steadily");
	is_int((t.slope_bytes_per_s + 0.5), MIB(1), "by so much a second");
	is_int(t.first_bytes, MIB(10), "from the first");
	is_int(t.last_bytes, MIB(69), "to the last");
	is_int(memory_time_left_ns(&t, MIB(30)) / SECOND, 30, "and has reached more in time");
	ok(!memory_trend_of(&process, MEMORY_RSS).grows, "what stays does not");
	is_int(memory_time_left_ns(&(struct memory_trend){ 0 }, MIB(1)), 0, "nor reach anything");
}

/* A heap between its collections, which falls back to the same each time. */
static void test_saw(void)
{
	begin(64);
	for (size_t i = 0; i < 64; i++)
		memory_set(&samples[i], MEMORY_HEAP_USED, MIB(20 + i % 4 * 10));
	ok(!memory_trend_of(&process, MEMORY_HEAP_USED).grows, "a saw does not grow");
	for (size_t i = 0; i < 64; i++)
		memory_set(&samples[i], MEMORY_HEAP_USED, MIB(20 + i % 4 * 10 + i / 4));
	ok(memory_trend_of(&process, MEMORY_HEAP_USED).grows, "one whose teeth rise does");
}

static void test_little(void)
{
	begin(60);
	set_line(MEMORY_POOL_OTHER, MIB(10), 4096);
	ok(!memory_trend_of(&process, MEMORY_POOL_OTHER).grows, "less than a MiB is no growth");
	set_line(MEMORY_POOL_OTHER, MIB(1000), MIB(1) / 4);
	ok(!memory_trend_of(&process, MEMORY_POOL_OTHER).grows, "nor is little of much");
	begin(5);
	set_line(MEMORY_POOL_OTHER, MIB(10), MIB(1));
	is_int(memory_trend_of(&process, MEMORY_POOL_OTHER).trend.verdict, TREND_TOO_SHORT,
	       "five samples tell nothing");
	is_int(memory_suspect_of(&process), MEMORY_TOO_SHORT, "and that is said");
}

static void test_unknown(void)
{
	begin(10);
	ok(!memory_trend_of(&process, MEMORY_HEAP_USED).is_known, "what was never read");
	memory_set(&samples[4], MEMORY_HEAP_USED, 7);
	ok(memory_trend_of(&process, MEMORY_HEAP_USED).is_known, "read once");
	is_int(memory_trend_of(&process, MEMORY_HEAP_USED).min_bytes, 7, "its value");
	begin(0);
	ok(!memory_trend_of(&process, MEMORY_RSS).is_known, "no sample");
	is_int(memory_suspect_of(&process), MEMORY_TOO_SHORT, "nothing to suspect");
}

static void test_suspects(void)
{
	static const struct {
		enum memory_figure grows, also;
		enum memory_suspect suspect;
	} cases[] = {
		{ MEMORY_POOL_V8, MEMORY_HEAP_USED, MEMORY_OBJECTS },
		{ MEMORY_HEAP_USED, MEMORY_FIGURES, MEMORY_OBJECTS },
		{ MEMORY_POOL_MALLOC_LARGE, MEMORY_ARRAY_BUFFERS, MEMORY_BUFFERS },
		{ MEMORY_POOL_MALLOC_HEAP, MEMORY_FIGURES, MEMORY_NATIVE },
		{ MEMORY_POOL_MALLOC_ARENAS, MEMORY_FIGURES, MEMORY_NATIVE },
		{ MEMORY_POOL_OTHER, MEMORY_FIGURES, MEMORY_MAPPINGS },
		{ MEMORY_POOL_OTHER, MEMORY_ARRAY_BUFFERS, MEMORY_BUFFERS },
		{ MEMORY_POOL_STACKS, MEMORY_FIGURES, MEMORY_MAPPINGS },
		{ MEMORY_POOL_FILES, MEMORY_FIGURES, MEMORY_FILES },
		{ MEMORY_POOL_SHARED, MEMORY_FIGURES, MEMORY_FILES },
		{ MEMORY_SWAP, MEMORY_FIGURES, MEMORY_NOTHING_GROWS },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		begin(40);
		set_line(cases[i].grows, MIB(10), MIB(1));
		if (cases[i].also != MEMORY_FIGURES)
			set_line(cases[i].also, MIB(5), MIB(1));
		is_int(memory_suspect_of(&process), cases[i].suspect, "%s: %s",
		       memory_figures[cases[i].grows].name, memory_suspect_names[cases[i].suspect]);
	}
}

static void test_faults(void)
{
	begin(3);
	samples[2].minor_faults = 100;
	samples[2].major_faults = 10;
	is_int(memory_fault_rates(&process, 0, 2).minor_per_s, 50, "a second");
	is_int(memory_fault_rates(&process, 1, 2).major_per_s, 10, "between the last two");
	is_int(memory_fault_rates(&process, 2, 2).minor_per_s, 0, "of no time");
	is_int(memory_fault_rates(&process, 0, 3).minor_per_s, 0, "beyond the end");
}

static void test_cgroup(void)
{
	struct memory_cgroup c = { .limit_bytes = 100, .used_bytes = 40 };

	is_int(memory_cgroup_room(&c), 60, "what is left");
	c.used_bytes = 200;
	is_int(memory_cgroup_room(&c), 0, "nothing is");
	c.limit_bytes = 0;
	is_int(memory_cgroup_room(&c), 0, "without a limit");
}

static void test_words(void)
{
	for (int f = 0; f < MEMORY_FIGURES; f++)
		ok(memory_figures[f].name && memory_figures[f].text, "figure %d has its words", f);
	for (int s = 0; s < MEMORY_SUSPECTS; s++)
		ok(memory_suspect_names[s] && memory_suspect_texts[s], "suspect %d has its", s);
}

int main(void)
{
	test_line();
	test_saw();
	test_little();
	test_unknown();
	test_suspects();
	test_faults();
	test_cgroup();
	test_words();
	return tap_done();
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Collections added up; sizes found in V8's record; the limit of a command line. */
#include "profile/gc.h"

#include "tap.h"

#include <math.h>

#define MS  1000000ull
#define MIB 1048576ull

static struct gc_collection collection(enum gc_kind kind, uint64_t began_ns, uint64_t before,
				       uint64_t after)
{
	return (struct gc_collection){ .kind = kind,
				       .began_ns = began_ns,
				       .pause_ns = 2 * MS,
				       .has_sizes = true,
				       .before_bytes = before,
				       .after_bytes = after,
				       .steps = 3,
				       .step_ns = MS };
}

static void test_sums(void)
{
	struct gc_heap h = { .total.window_ns = 1000 * MS };
	struct gc_collection c = collection(GC_SCAVENGE, 100 * MS, 30 * MIB, 20 * MIB);
	struct gc_times before;
	struct gc_times since;

	gc_heap_add(&h, &c);
	before = h.total;
	before.window_ns = 400 * MS;
	c = collection(GC_MARK_COMPACT, 202 * MS, 40 * MIB, 10 * MIB);
	gc_heap_add(&h, &c);
	is_int(gc_times_count(&h.total), 2, "both are counted");
	is_int(gc_times_pause_ns(&h.total), 4 * MS, "and their pauses");
	is_int(h.total.freed_bytes[GC_MARK_COMPACT], 30 * MIB, "freed, by kind");
	is_int(h.total.allocated_bytes, 20 * MIB, "allocated in between");
	is_int(h.total.allocating_ns, 100 * MS, "in the time between them");
	ok(fabs(gc_times_allocation(&h.total) - 200.0 * MIB) < 1, "200 MiB a second");
	ok(fabs(gc_times_share_pct(&h.total) - 0.6) < 1e-9, "pauses and steps: 0.6 %% of the time");
	ok(fabs(gc_times_rate(&h.total) - 2) < 1e-9, "2 a second");
	is_int(h.growth.count, 1, "what full ones leave is noted");
	is_int(h.growth.bytes[0], 10 * MIB, "as left");
	is_int(h.within[GC_SCAVENGE][2], 0, "no pause within 1 ms");
	is_int(h.within[GC_SCAVENGE][3], 1, "one within 2 ms");
	since = gc_times_since(&h.total, &before);
	is_int(gc_times_count(&since), 1, "one since the first");
	is_int(since.window_ns, 600 * MS, "in the time since");
	is_int(since.freed_bytes[GC_SCAVENGE], 0, "of the other kind");
}

static void test_odd_sizes(void)
{
	struct gc_heap h = { 0 };
	struct gc_collection c = collection(GC_SCAVENGE, 100 * MS, 10 * MIB, 12 * MIB);

	gc_heap_add(&h, &c);
	is_int(h.total.freed_bytes[GC_SCAVENGE], 0, "more after than before: nothing freed");
	c = collection(GC_SCAVENGE, 50 * MS, 11 * MIB, 9 * MIB);
	gc_heap_add(&h, &c);
	is_int(h.total.allocated_bytes, 0, "out of order: no time in between");
	c = collection(GC_SCAVENGE, 200 * MS, 5 * MIB, 4 * MIB);
	gc_heap_add(&h, &c);
	is_int(h.total.allocated_bytes, 0, "less than was left: swept in between");
	c.has_sizes = false;
	c.kind = GC_MARK_COMPACT;
	gc_heap_add(&h, &c);
	is_int(h.growth.count, 0, "without a size there is nothing to follow");
	ok(gc_times_share_pct(&h.total) == 0 && gc_times_rate(&h.total) == 0, "no time, no share");
	h = (struct gc_heap){ 0 };
	ok(gc_times_allocation(&h.total) == 0, "nothing known of allocation");
	h.limit_bytes = 5;
	is_int(gc_heap_limit(&h), 5, "the heap's limit");
	h.old_limit_bytes = 3;
	is_int(gc_heap_limit(&h), 3, "the old generation's goes first");
}

static void test_room(void)
{
	struct gc_heap h = { .old_limit_bytes = 100 * MIB,
			     .spaces = { { .name = "new_space", .committed_bytes = 32 * MIB },
					 { .name = "old_space", .committed_bytes = 50 * MIB },
					 { .name = "large_object_space" } },
			     .space_count = 3 };

	is_int(gc_heap_room(&h), 100 * MIB, "nothing known of pages: all of the limit");
	h.growth.last_bytes = 45 * MIB;
	gc_heap_note_pages(&h);
	is_int(h.old_committed_bytes, 50 * MIB, "the young generation is not counted");
	is_int(gc_heap_room(&h) / MIB, 90, "pages nine tenths full: nine tenths of it");
	h.growth.last_bytes = 5 * MIB;
	gc_heap_note_pages(&h);
	is_int(gc_heap_room(&h) / MIB, 80, "pages that a collection has emptied are filled again");
	h.growth.last_bytes = 60 * MIB;
	gc_heap_note_pages(&h);
	is_int(gc_heap_room(&h) / MIB, 100, "more in them than they hold: all of it");
	h.old_limit_bytes = 0;
	is_int(gc_heap_room(&h), 0, "no limit");
}

static void test_find_sizes(void)
{
	uint64_t words[GC_TRACER_WORDS] = { 7, 3000, 30, 2000, 8192, 4096, 1 };

	is_int(gc_find_sizes(words, 3000, 30), -1, "followed by no whole pages");
	words[3] = 8192;
	words[4] = 4096;
	is_int(gc_find_sizes(words, 3000, 30), 1, "sizes, then committed memory");
	is_int(gc_find_sizes(words, 3000, 31), -1, "another size after it");
	words[3] = 0;
	is_int(gc_find_sizes(words, 3000, 30), -1, "less committed than used");
	memset(words, 0, sizeof(words));
	words[GC_TRACER_WORDS - 2] = 3000;
	words[GC_TRACER_WORDS - 1] = 30;
	is_int(gc_find_sizes(words, 3000, 30), -1, "at the end there is no room for the rest");
}

static uint64_t limit(const char *text, size_t len, char separator)
{
	return gc_option_limit((struct bytes){ (const uint8_t *)text, len }, separator);
}

#define LINE(text)  limit(text, sizeof(text), 0) / MIB
#define WORDS(text) limit(text, sizeof(text) - 1, ' ') / MIB

static void test_options(void)
{
	is_int(LINE("node\0--max-old-space-size=300\0app.js"), 300, "with =");
	is_int(LINE("node\0--max_old_space_size=300\0app.js"), 300, "with underscores");
	is_int(LINE("node\0-max-old_space-size\0"
		    "64\0app.js"),
	       64, "the next word");
	is_int(LINE("node\0--max-old-space-size=1\0--max-old-space-size=2"), 2, "the last");
	is_int(LINE("node\0--max-old-space-size-percentage=50"), 0, "another option");
	is_int(LINE("node\0max-old-space-size=5"), 0, "no option without a dash");
	is_int(LINE("node\0--max-old-space-size=x"), 0, "no number");
	is_int(LINE("node\0--max-old-space-size="), 0, "nothing");
	is_int(LINE("node\0--max-old-space-size=99999999999999999999"), 0, "too much");
	is_int(LINE("node\0--max-old-space-size"), 0, "no next word");
	is_int(LINE(""), 0, "an empty line");
	is_int(WORDS("--expose-gc --max-old-space-size=128"), 128, "of NODE_OPTIONS");
	is_int(WORDS("--max-old-space-size 12"), 12, "two words of it");
	is_int(WORDS(""), 0, "an empty one");
}

int main(void)
{
	test_sums();
	test_odd_sizes();
	test_room();
	test_find_sizes();
	test_options();
	return tap_done();
}

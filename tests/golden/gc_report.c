// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Prints one of a few fixed reports of gc-trace: gc_report CASE FORMAT. What comes out is compared
 * with the files beside this one.
 */
#include "report/gc_report.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array)	(sizeof(array) / sizeof(*(array)))
#define MIB		1048576ull
#define US		1000ull
#define MS		1000000ull
#define SECOND		1000000000ull
#define START_NS	(1795415174 * SECOND)
#define BEGAN_NS	(5000 * SECOND)
#define HEAPS_MAX	2
#define MAX_COLLECTIONS 32

static const struct frame frames[] = {
	{ .function = "v8::internal::Heap::CollectGarbage(v8::internal::AllocationSpace, "
		      "v8::internal::GarbageCollectionReason, v8::GCCallbackFlags)",
	  .module = "node",
	  .file = "",
	  .offset = 0x1112c00 },
	{ .function = "makeRows",
	  .module = "[jit]",
	  .file = "/srv/app/rows.js",
	  .line = 12,
	  .offset = 0x40,
	  .kind = FRAME_JIT },
	{ .function = "", .module = "node", .file = "", .offset = 0x77 },
};
static struct gc_stack stack = {
	.frames = frames, .depth = COUNT(frames), .count = 3, .ns = 9 * MS
};
static struct gc_stack hostile_stack = { .frames = frames, .depth = 1, .cut = "corrupt" };
static struct gc_stack *stacks[] = { &stack, &hostile_stack };

/* What is filled in for a case. */
static struct gc_heap heaps[HEAPS_MAX];
static struct gc_heap *const heap_list[HEAPS_MAX] = { &heaps[0], &heaps[1] };
static struct gc_collection collections[MAX_COLLECTIONS];
static size_t collection_count;
static const struct gc_moment moments[] = {
	{ .heap = 0, .kind = GC_EVENT_NEAR_LIMIT, .time_ns = START_NS + 9 * SECOND, .text = "" },
	{ .heap = 0,
	  .kind = GC_EVENT_OUT_OF_MEMORY,
	  .time_ns = START_NS + 9 * SECOND + 5 * MS,
	  .text = "Reached heap limit",
	  .stack = &stack },
};
static char long_text[700];

static struct gc_heap plain_heap(void)
{
	return (struct gc_heap){
		.pid = 4242,
		.tid = 4242,
		.process = "node",
		.thread = "node",
		.address = 0x7f0000001000,
		.out_of_memory_at = "",
		.total.window_ns = 10 * SECOND,
		.interval.window_ns = SECOND,
		.limit_bytes = 4345298944,
		.limit_source = GC_BY_MEMORY,
		.spaces = { { .name = "new_space", .committed_bytes = 32 * MIB },
			    { .name = "old_space", .committed_bytes = 80 * MIB },
			    { .name = "code_large_object_space" } },
		.space_count = 3,
		.space_source = GC_BY_MEMORY,
	};
}

/* One so long after the start, of the heap of that index. */
static struct gc_collection *add(size_t heap, uint64_t after_ns, struct gc_collection c)
{
	struct gc_collection *kept = &collections[collection_count++];

	c.heap = heap;
	c.time_ns = START_NS + after_ns;
	c.began_ns = BEGAN_NS + after_ns;
	c.detail = c.detail ? c.detail : "";
	*kept = c;
	gc_heap_add(&heaps[heap], kept);
	return kept;
}

static void add_scavenge(size_t heap, uint64_t after_ns, uint64_t before_bytes)
{
	(void)add(heap, after_ns,
		  (struct gc_collection){ .kind = GC_SCAVENGE,
					  .pause_ns = 1240 * US + after_ns / 1000,
					  .reason = "allocation failure",
					  .has_sizes = true,
					  .before_bytes = before_bytes,
					  .after_bytes = before_bytes - 12 * MIB,
					  .has_committed = true,
					  .committed_before_bytes = 100 * MIB,
					  .committed_after_bytes = 100 * MIB });
}

static void add_full(size_t heap, uint64_t after_ns, uint64_t left_bytes)
{
	(void)add(heap, after_ns,
		  (struct gc_collection){ .kind = GC_MARK_COMPACT,
					  .pause_ns = 7 * MS + after_ns / 2000,
					  .reason = "finalize incremental marking via task",
					  .detail = "GC in old space requested",
					  .has_sizes = true,
					  .before_bytes = left_bytes + 20 * MIB,
					  .after_bytes = left_bytes,
					  .steps = 46,
					  .step_ns = 5770 * US,
					  .stack = &stack });
}

/* A leak of 5 MiB a second. */
static void fill_leak(void)
{
	heaps[0] = plain_heap();
	for (uint64_t s = 1; s <= 9; s++) {
		add_scavenge(0, s * SECOND - 500 * MS, (30 + 5 * s) * MIB);
		add_full(0, s * SECOND, (20 + 5 * s) * MIB);
	}
	heaps[0].old_limit_bytes = 300 * MIB;
}

static void fill_workers(void)
{
	heaps[0] = plain_heap();
	heaps[1] = plain_heap();
	heaps[1].tid = 4250;
	heaps[1].thread = "node-Worker";
	heaps[1].is_worker = heaps[1].is_ended = true;
	heaps[1].space_source = GC_BY_STATISTICS;
	heaps[1].spaces[1].used_bytes = 70 * MIB;
	heaps[1].spaces[1].has_used = true;
	heaps[1].limit_bytes = 0;
	heaps[1].limit_source = GC_UNKNOWN;
	add_scavenge(0, SECOND, 30 * MIB);
	add_scavenge(1, SECOND + 400 * MS, 31 * MIB);
	add_scavenge(1, SECOND + 800 * MS, 33 * MIB);
	add_full(0, 3 * SECOND, 12 * MIB);
	heaps[0].interval = heaps[0].total;
	heaps[0].interval.window_ns = SECOND;
}

static void fill_dying(void)
{
	fill_leak();
	heaps[0].near_limits = 1;
	heaps[0].out_of_memory = 1;
	heaps[0].out_of_memory_at = "Reached heap limit";
	heaps[0].is_ended = true;
}

/* Nothing of the collector can be probed. */
static void fill_stripped(void)
{
	heaps[0] = plain_heap();
	heaps[0].address = 0;
	heaps[0].limit_source = heaps[0].space_source = GC_BY_STATISTICS;
	heaps[0].asked_ns = BEGAN_NS;
	heaps[0].asked_used_bytes = 50 * MIB;
	heaps[0].asked_total_bytes = 80 * MIB;
}

/* What a process may make its names, and numbers that cannot be. */
static void fill_hostile(void)
{
	memset(long_text, 'x', sizeof(long_text) - 1);
	heaps[0] = plain_heap();
	heaps[0].process = "a\"b\\c{d}";
	heaps[0].thread = long_text;
	heaps[0].pid = heaps[0].tid = 2147483647;
	heaps[0].spaces[0].name = "\"}";
	heaps[0].spaces[1].committed_bytes = UINT64_MAX;
	(void)add(0, 0,
		  (struct gc_collection){ .kind = GC_OTHER,
					  .pause_ns = UINT64_MAX,
					  .detail = long_text,
					  .has_sizes = true,
					  .before_bytes = 1,
					  .after_bytes = UINT64_MAX });
	(void)add(0, 0,
		  (struct gc_collection){
			  .kind = GC_MINOR, .reason = "</script>", .stack = &hostile_stack });
}

static void fill_nothing(void)
{
}

/* --- the cases -------------------------------------------------------------------------------- */

#define META(what)                                                                                 \
	.version = "0.3.0", .title = (what), .time_ns = START_NS, .duration_ns = 10 * SECOND,      \
	.anchors = "/usr/bin/node: pauses as V8 counts them", .own_rss_bytes = 11 * MIB,           \
	.own_cpu_ns = 71 * MS

static const struct gc_case {
	const char *name;
	void (*fill)(void);
	struct gcs_meta meta;
	size_t heap_count, moment_count, stack_count;
} cases[] = {
	{ "leak", fill_leak, { META("node (PID 4242)"), .is_complete = true }, 1, 0, 0 },
	{ "workers",
	  fill_workers,
	  { META("node (PID 4242)"), .is_complete = true, .interval_ns = SECOND,
	    .begun_before = 1 },
	  2,
	  0,
	  0 },
	{ "dying",
	  fill_dying,
	  { META("node (PID 4242)"), .is_complete = true, .has_stacks = true,
	    .stacks = { .ended = { [STACK_COMPLETE] = 20, [STACK_CORRUPT] = 1 } },
	    .table_bytes = 4 * MIB },
	  1,
	  2,
	  1 },
	{ "stripped",
	  fill_stripped,
	  { META("node (PID 4242)"), .is_complete = true,
	    .note = "2 child processes ended before they could be looked at" },
	  1,
	  0,
	  0 },
	{ "hostile",
	  fill_hostile,
	  { META("a\"b\\c{d} (PID 2147483647)"), .lost_events = 3, .lost_stacks = 1,
	    .lost_threads = 2, .lost_ends = 4, .broken_events = 5, .dropped_collections = 6,
	    .has_stacks = true },
	  1,
	  0,
	  2 },
	{ "empty", fill_nothing, { META("node (PID 4242)"), .is_complete = true }, 0, 0, 0 },
};

static int write_lines(const struct gcs *g)
{
	int err = gc_report_begin(g, stdout);

	for (size_t i = 0; i < g->collection_count && !err; i++)
		err = gc_report_collection(g, &g->collections[i], stdout);
	for (size_t i = 0; i < g->moment_count && !err; i++)
		err = gc_report_moment(g, &g->moments[i], stdout);
	return err ? err : gc_report_interval(g, stdout);
}

static int write_format(const struct gcs *g, const char *format)
{
	const struct gc_report_style style = { .top = 5 };

	if (strcmp(format, "text") == 0)
		return gc_report_text(g, &style, stdout);
	if (strcmp(format, "json") == 0)
		return gc_report_json(g, stdout);
	if (strcmp(format, "trace") == 0)
		return gc_report_trace(g, stdout);
	if (strcmp(format, "prom") == 0)
		return gc_report_prometheus(g, stdout);
	return strcmp(format, "lines") == 0 ? write_lines(g) : 2;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 3 && i < COUNT(cases); i++) {
		const struct gc_case *c = &cases[i];
		struct gcs g = { .meta = c->meta,
				 .heaps = heap_list,
				 .heap_count = c->heap_count,
				 .collections = collections,
				 .moments = moments,
				 .moment_count = c->moment_count,
				 .stacks = stacks,
				 .stack_count = c->stack_count };

		if (strcmp(argv[1], c->name) != 0)
			continue;
		c->fill();
		g.collection_count = collection_count;
		return write_format(&g, argv[2]) ? 1 : 0;
	}
	(void)fprintf(stderr, "usage: gc_report CASE FORMAT\n");
	return 2;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Prints one of a few fixed reports of mem-watch: memory_report CASE FORMAT. What comes out is
 * compared with the files beside this one.
 */
#include "report/memory_report.h"

#include <stdio.h>
#include <string.h>

#define MIB(n)	 ((uint64_t)((n)*1048576.0))
#define SECOND	 1000000000ull
#define START_NS (1795415174 * SECOND)
#define SAMPLES	 48

static struct memory_sample samples[2][SAMPLES];
static struct memory_heap heaps[2];
static struct memory_process processes[2] = {
	{ .pid = 4242,
	  .name = "node",
	  .exe = "/usr/bin/node",
	  .kept_each = 1,
	  .samples = samples[0] },
	{ .pid = 4300, .name = "nginx", .exe = "/usr/sbin/nginx", .samples = samples[1] },
};
static struct memory_process *const list[] = { &processes[0], &processes[1] };
static struct frame makers_frames[] = {
	{ .function = "thumbnail",
	  .module = "[jit]",
	  .file = "/srv/app/images.js",
	  .line = 12,
	  .column = 19,
	  .kind = FRAME_JIT },
	{ .function = "readFileAfterStat",
	  .module = "[jit]",
	  .file = "node:fs",
	  .line = 392,
	  .column = 27,
	  .kind = FRAME_JIT },
	{ .function = "node::EmitToJSStreamListener::OnStreamAlloc(unsigned long)",
	  .module = "node",
	  .file = "",
	  .offset = 0x8e1230 },
	{ .function = "a\\\"b,\\x1b[2J</x>",
	  .module = "[jit]",
	  .file = "/tmp/\\n\"quoted\", and a comma.js",
	  .line = 1,
	  .kind = FRAME_JIT },
};
static struct leak_row makers[] = {
	{ .pid = 4242,
	  .frames = &makers_frames[0],
	  .depth = 1,
	  .bytes = MIB(24),
	  .blocks = 1200,
	  .growth_run_bytes = MIB(24),
	  .age_median_ns = 21 * SECOND,
	  .age_oldest_ns = 47 * SECOND,
	  .share = 0.75,
	  .trend = { .verdict = TREND_STEADY, .slope_bytes = MIB(2), .z = 5 } },
	{ .pid = 4242,
	  .frames = &makers_frames[1],
	  .depth = 1,
	  .bytes = MIB(7),
	  .blocks = 7,
	  .share = 0.21875,
	  .trend = { .verdict = TREND_PLATEAU } },
	{ .pid = 4242,
	  .frames = &makers_frames[2],
	  .depth = 1,
	  .bytes = MIB(1),
	  .blocks = 16,
	  .share = 0.03125 },
	{ .pid = 4242, .bytes = 40, .blocks = 1 },
};
static struct memory_buffers buffers = {
	.makers = makers,
	.maker_count = 4,
	.bytes = MIB(32) + 40,
	.blocks = 1224,
	.has_pool = true,
	.has_pool_first = true,
	.pool_bytes = MIB(48),
	.pool_first_bytes = MIB(17),
	.window_ns = 48 * SECOND,
	.interval_ns = 4 * SECOND,
	.counts = { .allocs = 5224,
		    .alloc_bytes = MIB(132) + 40,
		    .frees = 4000,
		    .free_bytes = MIB(100),
		    .frees_before_attach = 12,
		    .hits = 14460 },
	.is_complete = true,
	.top = 3,
};
static struct memory value = {
	.meta = { .version = "0.0.0",
		  .title = "node (PID 4242)",
		  .time_ns = START_NS,
		  .duration_ns = SAMPLES * SECOND,
		  .interval_ns = SECOND,
		  .own_rss_bytes = MIB(7),
		  .own_cpu_ns = 139000000 },
	.processes = list,
	.process_count = 1,
};

static void put(size_t p, enum memory_figure f, uint64_t from, uint64_t by)
{
	for (size_t i = 0; i < processes[p].sample_count; i++)
		memory_set(&samples[p][i], f, from + i * by);
}

/* Pools of which the last takes what is left of rss. */
static void begin(size_t p, size_t count)
{
	processes[p].sample_count = processes[p].taken = count;
	processes[p].kept_each = 1;
	for (size_t i = 0; i < count; i++)
		samples[p][i] = (struct memory_sample){ .time_ns = START_NS + i * SECOND,
							.at_ns = 5000 * SECOND + i * SECOND,
							.took_ns = 4500000,
							.threads = 11,
							.mappings = 220,
							.minor_faults = 90000 + 250 * i,
							.major_faults = i / 8 };
	put(p, MEMORY_PSS, MIB(60), 0);
	put(p, MEMORY_SWAP, 0, 0);
	put(p, MEMORY_SHARED, 0, 0);
	put(p, MEMORY_POOL_STACKS, MIB(0.2), 0);
	put(p, MEMORY_POOL_DATA, MIB(0.5), 0);
	put(p, MEMORY_POOL_FILES, MIB(42), 0);
	put(p, MEMORY_POOL_MALLOC_HEAP, MIB(6), 0);
	put(p, MEMORY_POOL_SHARED, 0, 0);
}

static void end(size_t p)
{
	for (size_t i = 0; i < processes[p].sample_count; i++) {
		struct memory_sample *s = &samples[p][i];
		uint64_t rss = 0;

		for (enum memory_figure f = MEMORY_FIRST_POOL; f < MEMORY_END_POOLS; f++)
			rss += s->bytes[f];
		memory_set(s, MEMORY_RSS, rss);
		memory_set(s, MEMORY_FILE, s->bytes[MEMORY_POOL_FILES]);
		memory_set(s, MEMORY_ANONYMOUS, rss - s->bytes[MEMORY_POOL_FILES]);
		if (rss > processes[p].peak_bytes)
			processes[p].peak_bytes = rss;
	}
}

static void add_v8(void)
{
	processes[0].has_v8 = true;
	processes[0].heaps = heaps;
	processes[0].heap_count = 1;
	put(0, MEMORY_HEAP_TOTAL, MIB(28), 0);
	put(0, MEMORY_HEAP_USED, MIB(14), 0);
	put(0, MEMORY_EXTERNAL, MIB(3), 0);
	put(0, MEMORY_ARRAY_BUFFERS, MIB(1), 0);
	put(0, MEMORY_POOL_V8, MIB(27), 0);
	put(0, MEMORY_POOL_CODE, MIB(0.3), 0);
	heaps[0] = (struct memory_heap){
		.address = 0x7f0000001000,
		.tid = 4242,
		.limit_bytes = MIB(4144),
		.has_total = true,
		.has_used = true,
		.has_external = true,
		.has_array_buffers = true,
		.total_bytes = MIB(28),
		.used_bytes = MIB(14),
		.external_bytes = MIB(3),
		.array_buffers_bytes = MIB(1),
		.spaces = { { .name = "new_space", .committed_bytes = MIB(16) },
			    { .name = "old_space", .committed_bytes = MIB(12) },
			    { .name = "code_large_object_space" } },
		.space_count = 3
	};
}

static void add_cgroup(uint64_t limit)
{
	put(0, MEMORY_CGROUP, MIB(300), MIB(1));
	processes[0].cgroup = (struct memory_cgroup){ .version = 2,
						      .path = "/app.slice/web.service",
						      .limit_bytes = limit,
						      .used_bytes = MIB(347),
						      .reclaimable_bytes = MIB(120),
						      .has_pressure = true,
						      .some_pct = 1.25,
						      .full_pct = 0.5,
						      .limit_hits = 3,
						      .oom_kills = 1 };
}

/* Buffers grow, outside of V8's heap, towards the limit of the cgroup. */
static void make_buffers(void)
{
	begin(0, SAMPLES);
	add_v8();
	put(0, MEMORY_POOL_MALLOC_LARGE, MIB(2), MIB(1));
	put(0, MEMORY_EXTERNAL, MIB(3), MIB(1));
	put(0, MEMORY_ARRAY_BUFFERS, MIB(1), MIB(1));
	add_cgroup(MIB(512));
	end(0);
}

/* The heap itself grows, to its limit. */
static void make_objects(void)
{
	begin(0, SAMPLES);
	add_v8();
	put(0, MEMORY_POOL_V8, MIB(27), MIB(2));
	put(0, MEMORY_HEAP_USED, MIB(14), MIB(2));
	put(0, MEMORY_HEAP_TOTAL, MIB(28), MIB(2));
	heaps[0].used_bytes = MIB(108);
	heaps[0].limit_bytes = MIB(348);
	processes[0].option_limit_bytes = MIB(300);
	end(0);
}

/* Workers, and a process beside it that has no V8. */
static void make_workers(void)
{
	begin(0, 8);
	add_v8();
	heaps[1] = heaps[0];
	heaps[1].is_worker = true;
	heaps[1].tid = 4250;
	heaps[1].has_array_buffers = false;
	processes[0].heap_count = 2;
	put(0, MEMORY_WORKERS_TOTAL, MIB(28), 0);
	put(0, MEMORY_WORKERS_USED, MIB(14), 0);
	end(0);
	begin(1, 8);
	put(1, MEMORY_POOL_SHARED, MIB(8), 0);
	put(1, MEMORY_SHARED, MIB(8), 0);
	put(1, MEMORY_SWAP, MIB(2), 0);
	end(1);
	processes[1].is_ended = true;
	value.process_count = 2;
	value.meta.title = "2 processes, first node (PID 4242)";
}

/* What could not be read, and looks that failed. */
static void make_unreadable(void)
{
	begin(0, 4);
	end(0);
	processes[0].has_v8 = true;
	processes[0].v8_note = "its memory may not be read (ptrace access): as root it may";
	value.meta.missed = 2;
	value.meta.note = "child processes that could not be looked at: 1";
}

static void make_hostile(void)
{
	begin(0, 7);
	end(0);
	processes[0].name = "a\\\"b,\\x1b[2J</x>";
	processes[0].exe = "/tmp/\\n\"quoted\", and a comma";
	value.meta.title = processes[0].name;
}

/* Who made them was watched, from when 17 MiB were there. */
static void make_makers(void)
{
	make_buffers();
	processes[0].buffers = &buffers;
}

/* With losses, more than V8 says, and names as they should not be. */
static void make_lossy(void)
{
	make_makers();
	makers[0].frames = &makers_frames[3];
	buffers.maker_count = 1;
	buffers.has_pool_first = false;
	buffers.pool_bytes = MIB(20);
	buffers.counts.lost_blocks = 200;
	buffers.counts.lost_stacks = 3;
	buffers.lost_pct = 2.2;
	buffers.is_complete = false;
	buffers.note = "let go: 812000 probe hits/s";
}

static const struct {
	const char *name;
	void (*make)(void);
} cases[] = {
	{ "buffers", make_buffers }, { "objects", make_objects }, { "workers", make_workers },
	{ "makers", make_makers },   { "lossy", make_lossy },	  { "unreadable", make_unreadable },
	{ "hostile", make_hostile }, { "empty", NULL },
};

static int put_lines(void)
{
	int err = memory_report_begin(&value, stdout);

	for (size_t i = 0; i < value.process_count && !err; i++)
		err = memory_report_sample(&value, value.processes[i], stdout);
	return err;
}

static int write_format(const char *format)
{
	if (strcmp(format, "lines") == 0)
		return put_lines();
	if (strcmp(format, "json") == 0)
		return memory_report_json(&value, stdout);
	if (strcmp(format, "csv") == 0)
		return memory_report_csv(&value, stdout);
	if (strcmp(format, "prom") == 0)
		return memory_report_prometheus(&value, stdout);
	return memory_report_text(&value, stdout);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (strcmp(argv[1], cases[i].name) != 0)
			continue;
		if (cases[i].make)
			cases[i].make();
		return write_format(argv[2]) ? 1 : 0;
	}
	return 2;
}

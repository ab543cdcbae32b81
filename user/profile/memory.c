// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Names of the figures; from samples to trends, and from trends to what is suspected. */
#include "profile/memory.h"

#include <stddef.h>

/* So many stretches at least; one of them should outlast V8's collections, between which a heap
 * rises and falls. */
#define STRETCHES 16
/* Less than this over the whole run, or less than this share of what there is, is no growth. */
#define MIN_RISE_BYTES (1ull << 20)
#define MIN_RISE_SHARE 0.02
#define MAX_LEFT_S     1e9

const struct memory_figure_words memory_figures[MEMORY_FIGURES] = {
	[MEMORY_RSS] = { "rss", "resident (rss)" },
	[MEMORY_PSS] = { "pss", "its share (pss)" },
	[MEMORY_ANONYMOUS] = { "anonymous", "anonymous" },
	[MEMORY_FILE] = { "file", "of files" },
	[MEMORY_SHARED] = { "shared", "shared memory" },
	[MEMORY_SWAP] = { "swap", "in swap" },
	[MEMORY_POOL_V8] = { "v8_heap", "V8 heap" },
	[MEMORY_POOL_CODE] = { "code", "generated code (JIT)" },
	[MEMORY_POOL_MALLOC_HEAP] = { "malloc_heap", "malloc: heap" },
	[MEMORY_POOL_MALLOC_ARENAS] = { "malloc_arenas", "malloc: threads' arenas" },
	[MEMORY_POOL_MALLOC_LARGE] = { "malloc_large", "malloc: large blocks" },
	[MEMORY_POOL_STACKS] = { "stacks", "stacks" },
	[MEMORY_POOL_DATA] = { "data", "data of programs" },
	[MEMORY_POOL_FILES] = { "files", "files" },
	[MEMORY_POOL_SHARED] = { "shared_memory", "shared memory" },
	[MEMORY_POOL_OTHER] = { "other", "other anonymous" },
	[MEMORY_HEAP_TOTAL] = { "heap_total", "heapTotal" },
	[MEMORY_HEAP_USED] = { "heap_used", "heapUsed" },
	[MEMORY_EXTERNAL] = { "external", "external" },
	[MEMORY_ARRAY_BUFFERS] = { "array_buffers", "arrayBuffers" },
	[MEMORY_WORKERS_TOTAL] = { "workers_heap_total", "workers' heapTotal" },
	[MEMORY_WORKERS_USED] = { "workers_heap_used", "workers' heapUsed" },
	[MEMORY_CGROUP] = { "cgroup", "used in it" },
};

const char *const memory_suspect_names[MEMORY_SUSPECTS] = {
	"too_short", "nothing_grows", "objects", "buffers", "native", "mappings", "files"
};
const char *const memory_suspect_texts[MEMORY_SUSPECTS] = {
	"too short to tell: six samples at least",
	"nothing grows",
	"JavaScript objects: V8's heap grows. Is it garbage? gc-trace tells what collections leave",
	"Buffers and ArrayBuffers, outside of V8's heap: --buffers tells which functions make them",
	"native memory (malloc), not JavaScript's: memleak-trace tells which stacks hold it",
	"memory mapped by other means than malloc: memleak-trace --mmap",
	"files or shared memory: the kernel takes pages of files back when it needs them",
};

bool memory_is_known(const struct memory_sample *s, enum memory_figure f)
{
	return s->known & (1u << f);
}

void memory_set(struct memory_sample *s, enum memory_figure f, uint64_t bytes)
{
	s->bytes[f] = bytes;
	s->known |= 1u << f;
}

/* The least of each stretch of samples, so that what rises and falls within one does not count. */
static size_t lows_of(const struct memory_process *p, enum memory_figure f, uint64_t *lows,
		      uint64_t *times)
{
	size_t len = p->sample_count / STRETCHES, count = 0, i = 0;

	if (!len)
		len = 1;
	for (i = p->sample_count % len; i + len <= p->sample_count; i += len) {
		const struct memory_sample *s = &p->samples[i];
		uint64_t low = UINT64_MAX;

		for (size_t k = 0; k < len; k++)
			if (memory_is_known(&s[k], f) && s[k].bytes[f] < low)
				low = s[k].bytes[f];
		if (low == UINT64_MAX)
			continue;
		lows[count] = low;
		times[count++] = s->at_ns;
	}
	return count;
}

static void look_at(const struct memory_process *p, enum memory_figure f, struct memory_trend *t)
{
	for (size_t i = 0; i < p->sample_count; i++) {
		const struct memory_sample *s = &p->samples[i];
		uint64_t bytes = s->bytes[f];

		if (!memory_is_known(s, f))
			continue;
		if (!t->is_known)
			t->first_bytes = t->min_bytes = t->max_bytes = bytes;
		t->is_known = true;
		t->last_bytes = bytes;
		if (bytes < t->min_bytes)
			t->min_bytes = bytes;
		if (bytes > t->max_bytes)
			t->max_bytes = bytes;
	}
}

struct memory_trend memory_trend_of(const struct memory_process *p, enum memory_figure f)
{
	uint64_t lows[TREND_MAX_SAMPLES], times[TREND_MAX_SAMPLES];
	struct memory_trend t = { 0 };
	double floor_bytes = MIN_RISE_BYTES;
	size_t count = lows_of(p, f, lows, times);

	look_at(p, f, &t);
	if (MIN_RISE_SHARE * (double)t.last_bytes > floor_bytes)
		floor_bytes = MIN_RISE_SHARE * (double)t.last_bytes;
	t.trend = trend_of(lows, count, NULL, count ? floor_bytes / (double)count : 0);
	t.slope_bytes_per_s = trend_slope_per_s(times, lows, count);
	t.grows = t.trend.verdict == TREND_STEADY || t.trend.verdict == TREND_MAY_LEVEL;
	return t;
}

uint64_t memory_time_left_ns(const struct memory_trend *t, uint64_t room_bytes)
{
	double left_s;

	if (!t->grows || t->slope_bytes_per_s <= 0)
		return 0;
	left_s = (double)room_bytes / t->slope_bytes_per_s;
	return left_s < MAX_LEFT_S ? (uint64_t)(left_s * 1e9) : 0;
}

uint64_t memory_cgroup_room(const struct memory_cgroup *c)
{
	return c->limit_bytes > c->used_bytes ? c->limit_bytes - c->used_bytes : 0;
}

struct memory_faults memory_fault_rates(const struct memory_process *p, size_t from, size_t to)
{
	struct memory_faults rates = { 0 };
	const struct memory_sample *a, *b;
	double s;

	if (to >= p->sample_count || from >= to)
		return rates;
	a = &p->samples[from];
	b = &p->samples[to];
	s = ((double)b->at_ns - (double)a->at_ns) / 1e9;
	if (s <= 0)
		return rates;
	rates.minor_per_s = (double)(b->minor_faults - a->minor_faults) / s;
	rates.major_per_s = (double)(b->major_faults - a->major_faults) / s;
	return rates;
}

static bool grows(const struct memory_process *p, enum memory_figure f)
{
	return memory_trend_of(p, f).grows;
}

/* The pool that grows fastest says where to look; V8's own figures say what it is. */
enum memory_suspect memory_suspect_of(const struct memory_process *p)
{
	enum memory_figure fastest = MEMORY_FIGURES;
	double slope = 0;

	if (memory_trend_of(p, MEMORY_RSS).trend.verdict == TREND_TOO_SHORT)
		return MEMORY_TOO_SHORT;
	for (enum memory_figure f = MEMORY_FIRST_POOL; f < MEMORY_END_POOLS; f++) {
		struct memory_trend t = memory_trend_of(p, f);

		if (!t.grows || t.slope_bytes_per_s <= slope)
			continue;
		fastest = f;
		slope = t.slope_bytes_per_s;
	}
	switch (fastest) {
	case MEMORY_FIGURES:
		return grows(p, MEMORY_HEAP_USED) ? MEMORY_OBJECTS : MEMORY_NOTHING_GROWS;
	case MEMORY_POOL_V8:
		return MEMORY_OBJECTS;
	case MEMORY_POOL_MALLOC_HEAP:
	case MEMORY_POOL_MALLOC_ARENAS:
	case MEMORY_POOL_MALLOC_LARGE:
		return grows(p, MEMORY_ARRAY_BUFFERS) ? MEMORY_BUFFERS : MEMORY_NATIVE;
	case MEMORY_POOL_FILES:
	case MEMORY_POOL_SHARED:
		return MEMORY_FILES;
	default:
		return grows(p, MEMORY_ARRAY_BUFFERS) ? MEMORY_BUFFERS : MEMORY_MAPPINGS;
	}
}

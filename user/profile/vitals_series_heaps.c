// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Families of heaps, memory, and what /proc says. */
#include "profile/vitals_series.h"

#include <string.h>

/* --- counters --------------------------------------------------------------------------------- */

enum needs { NEEDS_NOTHING, NEEDS_HEAPS, NEEDS_MEMORY, NEEDS_RUN_QUEUE, NEEDS_THROTTLED };

static const struct counter {
	struct series_info info;
	const char *label, *name;
	double scale;
	enum sum sum;
	enum needs needs;
} counters[] = {
#define CPU "vitals_cpu_seconds_total", SERIES_COUNTER, "seconds", "CPU time of the processes."
	{ { CPU }, "mode", "user", 1e-9, SUM_CPU_USER, NEEDS_NOTHING },
	{ { CPU }, "mode", "system", 1e-9, SUM_CPU_SYSTEM, NEEDS_NOTHING },
	{ { "vitals_run_queue_seconds_total", SERIES_COUNTER, "seconds",
	    "Time in which threads were ready and waited for a CPU." },
	  NULL,
	  NULL,
	  1e-9,
	  SUM_RUN_QUEUE,
	  NEEDS_RUN_QUEUE },
	{ { "vitals_cpu_throttled_seconds_total", SERIES_COUNTER, "seconds",
	    "Time in which the quota of the cgroup, or of one above it, kept it from running." },
	  NULL,
	  NULL,
	  1e-9,
	  SUM_THROTTLED,
	  NEEDS_THROTTLED },
#define FAULTS                                                                                     \
	"vitals_page_faults_total", SERIES_COUNTER, "", "Page faults; major ones read a file."
	{ { FAULTS }, "kind", "minor", 1, SUM_MINOR_FAULTS, NEEDS_NOTHING },
	{ { FAULTS }, "kind", "major", 1, SUM_MAJOR_FAULTS, NEEDS_NOTHING },
	{ { "vitals_gc_freed_bytes_total", SERIES_COUNTER, "bytes",
	    "Bytes that collections freed." },
	  NULL,
	  NULL,
	  1,
	  SUM_GC_FREED,
	  NEEDS_HEAPS },
	{ { "vitals_gc_allocated_bytes_total", SERIES_COUNTER, "bytes",
	    "Bytes allocated on the heap between collections." },
	  NULL,
	  NULL,
	  1,
	  SUM_GC_ALLOCATED,
	  NEEDS_HEAPS },
	{ { "vitals_gc_marking_steps_total", SERIES_COUNTER, "",
	    "Steps of incremental marking, which are no pauses of their own." },
	  NULL,
	  NULL,
	  1,
	  SUM_GC_STEPS,
	  NEEDS_HEAPS },
	{ { "vitals_gc_marking_step_seconds_total", SERIES_COUNTER, "seconds",
	    "Time in steps of incremental marking." },
	  NULL,
	  NULL,
	  1e-9,
	  SUM_GC_STEP_NS,
	  NEEDS_HEAPS },
	{ { "vitals_gc_near_limit_total", SERIES_COUNTER, "",
	    "Times that V8 called for help since the heap was near its limit." },
	  NULL,
	  NULL,
	  1,
	  SUM_GC_NEAR_LIMIT,
	  NEEDS_HEAPS },
	{ { "vitals_gc_out_of_memory_total", SERIES_COUNTER, "",
	    "Times that V8 gave up for lack of memory." },
	  NULL,
	  NULL,
	  1,
	  SUM_GC_OUT_OF_MEMORY,
	  NEEDS_HEAPS },
	{ { "vitals_memory_cgroup_oom_kills_total", SERIES_COUNTER, "",
	    "Processes of the cgroup that were killed for lack of memory." },
	  NULL,
	  NULL,
	  1,
	  SUM_OOM_KILLS,
	  NEEDS_MEMORY },
};

static bool has(const struct vitals_group *g, enum needs needs)
{
	switch (needs) {
	case NEEDS_HEAPS:
		return g->has_heaps;
	case NEEDS_MEMORY:
		return g->has_memory;
	case NEEDS_RUN_QUEUE:
		return g->has_run_queue;
	case NEEDS_THROTTLED:
		return g->has_throttled;
	default:
		return true;
	}
}

static void put_counters(struct series_writer *w, const struct vitals_group *g)
{
	for (size_t i = 0; i < sizeof(counters) / sizeof(*counters); i++) {
		const struct counter *c = &counters[i];

		if (!has(g, c->needs))
			continue;
		put_family(w, &c->info);
		put_of_group(w, g, c->label, c->name, (double)g->sums[c->sum] * c->scale);
	}
}

/* --- what /proc says -------------------------------------------------------------------------- */

static const struct series_info threads = { "vitals_threads", SERIES_GAUGE, "", "Threads." };
static const struct series_info open_fds = { "vitals_open_fds", SERIES_GAUGE, "",
					     "Open descriptors." };
static const struct series_info max_fds = {
	"vitals_max_fds", SERIES_GAUGE, "",
	"Descriptors that a process of the group may have open: the least of them."
};
static const struct series_info connections = { "vitals_connections", SERIES_GAUGE, "",
						"TCP connections." };

void put_process_figures(struct series_writer *w, const struct vitals_group *g)
{
	struct vitals_facts sum = { 0 };

	put_counters(w, g);
	for_each_process(p, w->v, g)
	{
		const struct vitals_facts *f = &p->facts;

		sum.threads += f->threads;
		sum.open_fds += f->open_fds;
		sum.connections += f->connections;
		if (f->max_fds && (!sum.max_fds || f->max_fds < sum.max_fds))
			sum.max_fds = f->max_fds;
		sum.has_fds |= f->has_fds;
		sum.has_connections |= f->has_connections;
	}
	put_family(w, &threads);
	put_of_group(w, g, NULL, NULL, sum.threads);
	if (sum.has_fds) {
		put_family(w, &open_fds);
		put_of_group(w, g, NULL, NULL, sum.open_fds);
	}
	if (sum.max_fds) {
		put_family(w, &max_fds);
		put_of_group(w, g, NULL, NULL, sum.max_fds);
	}
	if (sum.has_connections) {
		put_family(w, &connections);
		put_of_group(w, g, "state", "established", sum.connections);
	}
}

/* --- collections ------------------------------------------------------------------------------ */

static const struct series_info pauses = { "vitals_gc_pause_seconds", SERIES_HISTOGRAM, "seconds",
					   "Pauses of V8's garbage collector." };
static const struct series_info after_full = {
	"vitals_gc_heap_after_full_bytes", SERIES_GAUGE, "bytes",
	"What the last full collection left, of the largest heap of the group."
};
static const struct series_info heap_limit = {
	"vitals_gc_heap_limit_bytes", SERIES_GAUGE, "bytes",
	"What V8 lets a heap grow to: the least of the group."
};
static const struct series_info growing = { "vitals_gc_growing_after_full", SERIES_GAUGE, "",
					    "Does what full collections leave grow, in a heap?" };
static const struct series_info heap_left = {
	"vitals_gc_heap_limit_reached_seconds", SERIES_GAUGE, "seconds",
	"Time until a growing heap has reached its limit, from its last full collection on."
};

static const char *const pause_names[PAUSE_KINDS] = {
	[PAUSE_MINOR] = "minor",
	[PAUSE_MAJOR] = "major",
	[PAUSE_OTHER] = "other",
};

static void put_pauses(struct series_writer *w, const struct vitals_group *g, int kind)
{
	const struct series_label labels[] = { { "process", g->name },
					       { "kind", pause_names[kind] } };
	const struct pause_hist *h = &g->pauses[kind];
	double bounds[PAUSE_BOUNDS];
	uint64_t counts[PAUSE_BOUNDS], count = 0;
	struct series_histogram out = { .bounds = bounds,
					.counts = counts,
					.bound_count = PAUSE_BOUNDS,
					.sum = (double)h->sum_ns / 1e9 };

	for (size_t i = 0; i < PAUSE_BOUNDS; i++) {
		count += h->counts[i];
		counts[i] = count;
		bounds[i] = (double)vitals_pause_bounds_ns[i] / 1e9;
	}
	out.count = count + h->counts[PAUSE_BOUNDS];
	if (kind == PAUSE_OTHER && !out.count) /* a build that hides what it collects */
		return;
	put_family(w, &pauses);
	if (!w->err)
		w->err = series_add_histogram(w->s, labels, 2, &out);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

static void put_heaps(struct series_writer *w, const struct vitals_group *g)
{
	struct heap_now all = { 0 };

	for_each_process(p, w->v, g)
	{
		all.limit_bytes = least(all.limit_bytes, p->memory.heap_limit_bytes);
		for (size_t i = 0; i < p->heaps.len; i++) {
			const struct heap_now *h = &p->heaps.at[i];

			if (h->after_full_bytes > all.after_full_bytes)
				all.after_full_bytes = h->after_full_bytes;
			all.limit_bytes = least(all.limit_bytes, h->limit_bytes);
			all.left_ns = least(all.left_ns, h->left_ns);
			all.is_growing |= h->is_growing;
			all.has_outlook |= h->has_outlook;
		}
	}
	if (all.after_full_bytes) {
		put_family(w, &after_full);
		put_of_group(w, g, NULL, NULL, (double)all.after_full_bytes);
	}
	if (all.limit_bytes) {
		put_family(w, &heap_limit);
		put_of_group(w, g, NULL, NULL, (double)all.limit_bytes);
	}
	if (all.has_outlook) {
		put_family(w, &growing);
		put_of_group(w, g, NULL, NULL, all.is_growing);
	}
	if (all.left_ns) {
		put_family(w, &heap_left);
		put_of_group(w, g, NULL, NULL, (double)all.left_ns / 1e9);
	}
}

/* --- memory ----------------------------------------------------------------------------------- */

static const struct series_info memory = { "vitals_memory_bytes", SERIES_GAUGE, "bytes",
					   "Memory of the processes, as the kernel counts it." };
static const struct series_info pools = {
	"vitals_memory_pool_bytes", SERIES_GAUGE, "bytes",
	"Resident memory by what it is for; adds up to kind=\"rss\"."
};
static const struct series_info growth = { "vitals_memory_growing", SERIES_GAUGE, "",
					   "Does this figure of a process grow?" };
static const struct series_info spaces = { "vitals_heap_space_bytes", SERIES_GAUGE, "bytes",
					   "Committed memory of V8's heaps by space." };
static const struct series_info cgroup = {
	"vitals_memory_cgroup_bytes", SERIES_GAUGE, "bytes",
	"Memory of the cgroup with the least room, of the process that has the least."
};
static const struct series_info cgroup_limit = { "vitals_memory_cgroup_limit_bytes", SERIES_GAUGE,
						 "bytes", "The limit of that cgroup." };
static const struct series_info cgroup_left = {
	"vitals_memory_cgroup_limit_reached_seconds", SERIES_GAUGE, "seconds",
	"Time until that cgroup, if it grows, has reached its limit."
};
static const struct series_info v8_figures[] = {
	{ "vitals_heap_total_bytes", SERIES_GAUGE, "bytes",
	  "Memory of V8's heaps: heapTotal of process.memoryUsage()." },
	{ "vitals_heap_used_bytes", SERIES_GAUGE, "bytes",
	  "Of it for objects: heapUsed of process.memoryUsage()." },
	{ "vitals_external_bytes", SERIES_GAUGE, "bytes",
	  "Memory outside of the heaps that their objects keep: external of "
	  "process.memoryUsage()." },
	{ "vitals_array_buffers_bytes", SERIES_GAUGE, "bytes",
	  "Of it in ArrayBuffers and Buffers: arrayBuffers of process.memoryUsage()." },
};

static bool is_known(const struct memory_now *m, int figure)
{
	return m->is_known && (m->known >> figure & 1);
}

/* Over the group; false: no process has it. */
static bool sum_figure(const struct series_writer *w, const struct vitals_group *g, int figure,
		       double *ret)
{
	bool has_any = false;

	*ret = 0;
	for_each_process(p, w->v, g) if (is_known(&p->memory, figure))
	{
		has_any = true;
		*ret += (double)p->memory.bytes[figure];
	}
	return has_any;
}

static void put_figures(struct series_writer *w, const struct vitals_group *g)
{
	double value;

	for (int f = 0; f < MEMORY_END_POOLS; f++) {
		bool is_pool = f >= MEMORY_FIRST_POOL;

		if (!sum_figure(w, g, f, &value))
			continue;
		put_family(w, is_pool ? &pools : &memory);
		put_of_group(w, g, is_pool ? "pool" : "kind", memory_figures[f].name, value);
	}
	for (int i = 0; i < 4; i++)
		if (sum_figure(w, g, MEMORY_HEAP_TOTAL + i, &value)) {
			put_family(w, &v8_figures[i]);
			put_of_group(w, g, NULL, NULL, value);
		}
}

static void put_growing(struct series_writer *w, const struct vitals_group *g)
{
	uint32_t grows = 0, known = 0;

	for_each_process(p, w->v, g)
	{
		grows |= p->memory.grows;
		known |= p->memory.is_known ? p->memory.judged : 0;
	}
	for (int f = 0; f < MEMORY_FIGURES; f++)
		if (known >> f & 1) {
			put_family(w, &growth);
			put_of_group(w, g, "figure", memory_figures[f].name, grows >> f & 1);
		}
}

static void put_spaces(struct series_writer *w, const struct vitals_group *g)
{
	struct memory_now all = { 0 };

	for_each_process(p, w->v, g) for (size_t i = 0; i < p->memory.space_count; i++)
		memory_now_add_space(&all, &p->memory.spaces[i]);
	for (size_t i = 0; i < all.space_count; i++) {
		put_family(w, &spaces);
		put_of_group(w, g, "space", all.spaces[i].name,
			     (double)all.spaces[i].committed_bytes);
	}
}

static uint64_t room_of(const struct memory_now *m)
{
	uint64_t used = m->bytes[MEMORY_CGROUP];

	if (!m->cgroup_limit_bytes)
		return UINT64_MAX;
	return m->cgroup_limit_bytes > used ? m->cgroup_limit_bytes - used : 0;
}

static void put_cgroup(struct series_writer *w, const struct vitals_group *g)
{
	const struct memory_now *worst = NULL;

	for_each_process(p, w->v, g) if (is_known(&p->memory, MEMORY_CGROUP) &&
					 (!worst || room_of(&p->memory) < room_of(worst))) worst =
		&p->memory;
	if (!worst)
		return;
	put_family(w, &cgroup);
	put_of_group(w, g, NULL, NULL, (double)worst->bytes[MEMORY_CGROUP]);
	if (worst->cgroup_limit_bytes) {
		put_family(w, &cgroup_limit);
		put_of_group(w, g, NULL, NULL, (double)worst->cgroup_limit_bytes);
	}
	if (worst->cgroup_left_ns) {
		put_family(w, &cgroup_left);
		put_of_group(w, g, NULL, NULL, (double)worst->cgroup_left_ns / 1e9);
	}
}

static const struct series_info outstanding_bytes = {
	"vitals_alloc_outstanding_bytes", SERIES_GAUGE, "bytes",
	"Allocated by malloc and its kin since it is watched, and not freed."
};
static const struct series_info outstanding_blocks = {
	"vitals_alloc_outstanding_objects", SERIES_GAUGE, "",
	"Blocks allocated by malloc and its kin since it is watched, and not freed."
};

static void put_outstanding(struct series_writer *w, const struct vitals_group *g)
{
	double bytes = 0, blocks = 0;
	bool has_any = false;

	for_each_process(p, w->v, g)
	{
		has_any |= p->has_outstanding;
		bytes += (double)p->outstanding_bytes;
		blocks += (double)p->outstanding_blocks;
	}
	if (!has_any)
		return;
	put_family(w, &outstanding_bytes);
	put_of_group(w, g, NULL, NULL, bytes);
	put_family(w, &outstanding_blocks);
	put_of_group(w, g, NULL, NULL, blocks);
}

void put_heap_figures(struct series_writer *w, const struct vitals_group *g)
{
	for (int kind = 0; g->has_heaps && kind < PAUSE_KINDS; kind++)
		put_pauses(w, g, kind);
	put_heaps(w, g);
	put_outstanding(w, g);
	if (!g->has_memory)
		return;
	put_figures(w, g);
	put_spaces(w, g);
	put_growing(w, g);
	put_cgroup(w, g);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Prometheus' text format 0.0.4: every family once, its samples together, a line each. Units are
 * seconds and bytes.
 */
#include "report/gc_report.h"
#include "report/gc_report_parts.h"
#include "report/prometheus.h"

#include <errno.h>
#include <inttypes.h>

struct writer {
	const struct gcs *g;
	FILE *out;
};

/* "NAME{process=...,heap=...": the caller adds more and closes. */
static void begin_sample(const struct writer *w, const char *name, const struct gc_heap *h)
{
	(void)fprintf(w->out, "%s{process=\"", name);
	prometheus_value(h->process, w->out);
	(void)fprintf(w->out, "\",pid=\"%d\",tid=\"%d\"", h->pid, h->tid);
}

static void put_ns(const struct writer *w, uint64_t ns)
{
	(void)fprintf(w->out, "} %" PRIu64 ".%09" PRIu64 "\n", ns / 1000000000, ns % 1000000000);
}

static void put_count(const struct writer *w, uint64_t count)
{
	(void)fprintf(w->out, "} %" PRIu64 "\n", count);
}

/* --- pauses ----------------------------------------------------------------------------------- */

static void put_kind(const struct writer *w, const struct gc_heap *h, int kind)
{
	const struct hist *p = &h->pauses[kind];

	for (int i = 0; i < GC_BOUNDS; i++) {
		begin_sample(w, "vitals_gc_pause_seconds_bucket", h);
		(void)fprintf(w->out, ",kind=\"%s\",le=\"%g\"", gc_kind_names[kind],
			      (double)gc_bounds_ns[i] / 1e9);
		put_count(w, h->within[kind][i]);
	}
	begin_sample(w, "vitals_gc_pause_seconds_bucket", h);
	(void)fprintf(w->out, ",kind=\"%s\",le=\"+Inf\"", gc_kind_names[kind]);
	put_count(w, p->count);
	begin_sample(w, "vitals_gc_pause_seconds_sum", h);
	(void)fprintf(w->out, ",kind=\"%s\"", gc_kind_names[kind]);
	put_ns(w, p->sum);
	begin_sample(w, "vitals_gc_pause_seconds_count", h);
	(void)fprintf(w->out, ",kind=\"%s\"", gc_kind_names[kind]);
	put_count(w, p->count);
}

static void put_pauses(const struct writer *w)
{
	prometheus_family(w->out, "vitals_gc_pause_seconds", "histogram",
			  "Pauses of V8's garbage collector.");
	for (size_t i = 0; i < w->g->heap_count; i++)
		for (int k = 0; k < GC_KINDS; k++)
			if (k != GC_OTHER || w->g->heaps[i]->pauses[k].count)
				put_kind(w, w->g->heaps[i], k);
}

static void put_freed(const struct writer *w)
{
	prometheus_family(w->out, "vitals_gc_freed_bytes_total", "counter",
			  "Bytes that collections freed.");
	for (size_t i = 0; i < w->g->heap_count; i++)
		for (int k = 0; k < GC_KINDS; k++) {
			const struct gc_heap *h = w->g->heaps[i];

			if (k == GC_OTHER && !h->pauses[k].count)
				continue;
			begin_sample(w, "vitals_gc_freed_bytes_total", h);
			(void)fprintf(w->out, ",kind=\"%s\"", gc_kind_names[k]);
			put_count(w, h->total.freed_bytes[k]);
		}
}

/* --- a number per heap ------------------------------------------------------------------------ */

static uint64_t step_ns(const struct gc_heap *h)
{
	return h->total.step_ns;
}

static uint64_t steps(const struct gc_heap *h)
{
	return h->total.steps;
}

static uint64_t allocated(const struct gc_heap *h)
{
	return h->total.allocated_bytes;
}

static uint64_t near_limits(const struct gc_heap *h)
{
	return h->near_limits;
}

static uint64_t out_of_memory(const struct gc_heap *h)
{
	return h->out_of_memory;
}

static uint64_t last_after(const struct gc_heap *h)
{
	return h->has_last ? h->last_after_bytes : 0;
}

static uint64_t after_full(const struct gc_heap *h)
{
	return h->growth.len ? h->growth.last_bytes : 0;
}

static uint64_t is_growing(const struct gc_heap *h)
{
	return gc_growth_outlook(&h->growth, 0).verdict == GC_GROWING;
}

static const struct number {
	const char *name, *type, *help;
	uint64_t (*of)(const struct gc_heap *h);
	bool is_ns, needs_value; /* one of 0 is not known */
} numbers[] = {
	{ "vitals_gc_marking_step_seconds_total", "counter",
	  "Time in steps of incremental marking.", step_ns, true, false },
	{ "vitals_gc_marking_steps_total", "counter", "Steps of incremental marking.", steps, false,
	  false },
	{ "vitals_gc_allocated_bytes_total", "counter",
	  "Bytes allocated on the heap between collections that were seen.", allocated, false,
	  false },
	{ "vitals_gc_heap_after_bytes", "gauge", "Heap after the last collection.", last_after,
	  false, true },
	{ "vitals_gc_heap_after_full_bytes", "gauge", "Heap after the last full collection.",
	  after_full, false, true },
	{ "vitals_gc_heap_limit_bytes", "gauge",
	  "What the heap may grow to, or its old generation where only that is known.",
	  gc_heap_limit, false, true },
	{ "vitals_gc_growing_after_full", "gauge", "1: what full collections leave grows.",
	  is_growing, false, false },
	{ "vitals_gc_near_limit_total", "counter", "Times V8 said that the heap is near its limit.",
	  near_limits, false, false },
	{ "vitals_gc_out_of_memory_total", "counter", "Times V8 gave up for lack of memory.",
	  out_of_memory, false, false },
};

static void put_number(const struct writer *w, const struct number *n)
{
	prometheus_family(w->out, n->name, n->type, n->help);
	for (size_t i = 0; i < w->g->heap_count; i++) {
		uint64_t value = n->of(w->g->heaps[i]);

		if (!value && n->needs_value)
			continue;
		begin_sample(w, n->name, w->g->heaps[i]);
		if (n->is_ns)
			put_ns(w, value);
		else
			put_count(w, value);
	}
}

static void put_spaces(const struct writer *w)
{
	prometheus_family(w->out, "vitals_gc_space_committed_bytes", "gauge",
			  "Memory that a space of the heap has of the system.");
	for (size_t i = 0; i < w->g->heap_count; i++)
		for (size_t s = 0; s < w->g->heaps[i]->space_count; s++) {
			begin_sample(w, "vitals_gc_space_committed_bytes", w->g->heaps[i]);
			(void)fputs(",space=\"", w->out);
			prometheus_value(w->g->heaps[i]->spaces[s].name, w->out);
			(void)fputc('"', w->out);
			put_count(w, w->g->heaps[i]->spaces[s].committed_bytes);
		}
}

static void put_lost(const struct writer *w)
{
	const struct gcs_meta *m = &w->g->meta;
	const struct {
		const char *stage;
		uint64_t count;
	} losses[] = {
		{ "events", m->lost_events },	{ "stacks", m->lost_stacks },
		{ "threads", m->lost_threads }, { "ends", m->lost_ends },
		{ "broken", m->broken_events },
	};

	prometheus_family(w->out, "vitals_gc_events_lost_total", "counter",
			  "What was not recorded.");
	for (size_t i = 0; i < sizeof(losses) / sizeof(*losses); i++)
		(void)fprintf(w->out, "vitals_gc_events_lost_total{stage=\"%s\"} %" PRIu64 "\n",
			      losses[i].stage, losses[i].count);
	prometheus_family(w->out, "vitals_gc_observed_seconds", "gauge", "How long was watched.");
	(void)fprintf(w->out, "vitals_gc_observed_seconds %.9f\n", (double)m->duration_ns / 1e9);
}

int gc_report_prometheus(const struct gcs *g, FILE *out)
{
	const struct writer w = { .g = g, .out = out };

	put_pauses(&w);
	put_freed(&w);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		put_number(&w, &numbers[i]);
	put_spaces(&w);
	put_lost(&w);
	return fflush(out) || ferror(out) ? -EIO : 0;
}

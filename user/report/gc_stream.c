// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is told as it comes: a line each. */
#include "base/units.h"
#include "report/frames_text.h"
#include "report/gc_report.h"
#include "report/gc_report_parts.h"
#include "report/label.h"

#include <errno.h>
#include <string.h>

static int flushed(FILE *out)
{
	return fflush(out) || ferror(out) ? -EIO : 0;
}

static void put_thread(const struct gcs *g, size_t heap, FILE *out)
{
	if (gc_has_many(g))
		(void)fprintf(out, "  %7d", g->heaps[heap]->tid);
}

int gc_report_begin(const struct gcs *g, FILE *out)
{
	(void)fprintf(out, "gc-trace %s: %s\n", g->meta.version, g->meta.anchors);
	(void)fprintf(out, "%-12s  %-16s  %9s  %21s  %10s  %s\n", "time (UTC)", "kind", "pause",
		      "before -> after MiB", "freed", "reason");
	return flushed(out);
}

static double mib(uint64_t bytes)
{
	return (double)bytes / (1 << 20);
}

int gc_report_collection(const struct gcs *g, const struct gc_collection *c, FILE *out)
{
	char time[LABEL_TIME_LEN], text[UNITS_LEN], reason[GC_TEXT_LEN];

	(void)fputs(label_clock(c->time_ns, time), out);
	put_thread(g, c->heap, out);
	(void)fprintf(out, "  %-16s  %6.2f ms", gc_kind_texts[c->kind], (double)c->pause_ns / 1e6);
	if (c->has_sizes)
		(void)fprintf(out, "  %9.1f -> %8.1f  %10s", mib(c->before_bytes),
			      mib(c->after_bytes),
			      c->before_bytes >= c->after_bytes
				      ? units_bytes(c->before_bytes - c->after_bytes, text)
				      : "0 B");
	else
		(void)fprintf(out, "  %21s  %10s", "not known", "-");
	(void)fprintf(out, "  %s", gc_reason(c, reason));
	if (c->steps)
		(void)fprintf(out, " (%u steps before, %s)", c->steps,
			      units_duration(c->step_ns, text));
	(void)fputc('\n', out);
	if (c->stack && !c->stack->is_told)
		frames_text(c->stack->frames, c->stack->depth, c->stack->cut, out);
	return flushed(out);
}

int gc_report_moment(const struct gcs *g, const struct gc_moment *m, FILE *out)
{
	char time[LABEL_TIME_LEN];

	(void)fputs(label_clock(m->time_ns, time), out);
	put_thread(g, m->heap, out);
	if (m->kind == GC_EVENT_NEAR_LIMIT)
		(void)fputs("  NEAR THE HEAP LIMIT\n", out);
	else
		(void)fprintf(out, "  OUT OF MEMORY%s%s\n", m->text[0] ? ": " : "", m->text);
	if (m->stack)
		frames_text(m->stack->frames, m->stack->depth, m->stack->cut, out);
	return flushed(out);
}

int gc_report_interval(const struct gcs *g, FILE *out)
{
	for (size_t i = 0; i < g->heap_count; i++) {
		const struct gc_heap *h = g->heaps[i];
		const struct gc_times *t = &h->interval;
		struct gc_outlook o = gc_growth_outlook(&h->growth, gc_heap_room(h));
		char window[UNITS_LEN], pauses[UNITS_LEN], rate[UNITS_LEN], name[GC_TEXT_LEN];

		(void)fprintf(out, "-- %s, %s: %ju collections, pauses %s, %.2f %% of the time",
			      gc_heap_name(h, name), units_duration(t->window_ns, window),
			      (uintmax_t)gc_times_count(t),
			      units_duration(gc_times_pause_ns(t), pauses), gc_times_share_pct(t));
		if (t->allocating_ns)
			(void)fprintf(out, ", allocates %s a second",
				      units_bytes((uint64_t)gc_times_allocation(t), rate));
		if (o.verdict != GC_TOO_FEW)
			(void)fprintf(out, "; %s", gc_verdict_texts[o.verdict]);
		(void)fputc('\n', out);
	}
	return flushed(out);
}

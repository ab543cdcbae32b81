// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Names of heaps, reasons, and a heap's section. */
#include "report/gc_report_parts.h"

#include "base/units.h"
#include "report/label.h"

#include <string.h>

const double gc_quantiles[GC_QUANTILES] = { 0.5, 0.95, 0.99 };

char *gc_heap_name(const struct gc_heap *h, char buf[GC_TEXT_LEN])
{
	if (h->is_worker)
		(void)snprintf(buf, GC_TEXT_LEN, "%.*s (PID %d), worker thread %d", 64, h->process,
			       h->pid, h->tid);
	else
		(void)snprintf(buf, GC_TEXT_LEN, "%.*s (PID %d)", 64, h->process, h->pid);
	return buf;
}

char *gc_reason(const struct gc_collection *c, char buf[GC_TEXT_LEN])
{
	(void)snprintf(buf, GC_TEXT_LEN, "%s%s%s", c->reason ? c->reason : "unknown",
		       c->detail[0] ? "; " : "", c->detail);
	return buf;
}

bool gc_has_many(const struct gcs *g)
{
	return g->heap_count > 1;
}

/* --- a heap's figures ------------------------------------------------------------------------- */

static void put_sums(const struct gc_heap *h, FILE *out)
{
	const struct gc_times *t = &h->total;
	char a[UNITS_LEN], b[UNITS_LEN];

	(void)fprintf(out, "  %-12s  %ju, %.2f a second; %.2f %% of the time: pauses %s",
		      "collections", (uintmax_t)gc_times_count(t), gc_times_rate(t),
		      gc_times_share_pct(t), units_duration(gc_times_pause_ns(t), a));
	if (t->steps)
		(void)fprintf(out, ", %ju steps of marking %s", (uintmax_t)t->steps,
			      units_duration(t->step_ns, b));
	(void)fputc('\n', out);
	if (t->allocating_ns)
		(void)fprintf(out, "  %-12s  %s a second\n", "allocation",
			      units_bytes((uint64_t)gc_times_allocation(t), a));
}

static void put_kinds(const struct gc_heap *h, FILE *out)
{
	char total[UNITS_LEN], q[GC_QUANTILES][UNITS_LEN], max[UNITS_LEN], freed[UNITS_LEN];

	(void)fprintf(out, "\n  %-16s  %8s  %9s  %9s  %9s  %9s  %9s  %10s\n", "pauses", "count",
		      "total", "p50", "p95", "p99", "max", "freed");
	for (int k = 0; k < GC_KINDS; k++) {
		const struct hist *p = &h->pauses[k];

		if (!p->count)
			continue;
		for (int i = 0; i < GC_QUANTILES; i++)
			(void)units_duration(hist_quantile(p, gc_quantiles[i]), q[i]);
		(void)fprintf(out, "  %-16s  %8ju  %9s  %9s  %9s  %9s  %9s  %10s\n",
			      gc_kind_texts[k], (uintmax_t)p->count, units_duration(p->sum, total),
			      q[0], q[1], q[2], units_duration(p->max, max),
			      units_bytes(h->total.freed_bytes[k], freed));
	}
}

static void put_growth(const struct gc_heap *h, const struct gc_outlook *o, FILE *out)
{
	const struct gc_growth *g = &h->growth;
	char first[UNITS_LEN], last[UNITS_LEN], slope[UNITS_LEN];

	(void)fprintf(out, "\n  %-12s  ", "after full GC");
	if (!g->len) {
		(void)fputs("no full collection was seen\n", out);
		return;
	}
	(void)fprintf(out, "%s -> %s in %ju collection%s, %s a second: %s\n",
		      units_bytes(g->bytes[0], first), units_bytes(g->last_bytes, last),
		      (uintmax_t)g->count, g->count == 1 ? "" : "s",
		      units_bytes_delta((int64_t)o->slope_bytes_per_s, slope),
		      gc_verdict_texts[o->verdict]);
}

static void put_limit(const struct gc_heap *h, const struct gc_outlook *o, FILE *out)
{
	static const char *const sources[] = {
		[GC_UNKNOWN] = "",
		[GC_BY_OPTION] = "--max-old-space-size",
		[GC_BY_STATISTICS] = "as V8 told the application",
		[GC_BY_MEMORY] = "read from V8's memory",
	};
	uint64_t room = gc_heap_room(h);
	uint64_t used = h->growth.len ? h->growth.last_bytes : h->last_after_bytes;
	char text[UNITS_LEN];

	(void)fprintf(out, "  %-12s   ", "limit");
	if (!room) {
		(void)fputs("not known: no --max-old-space-size, and the application never asked\n",
			    out);
		return;
	}
	if (h->old_limit_bytes)
		(void)fprintf(out, "%s of old space (--max-old-space-size)",
			      units_bytes(h->old_limit_bytes, text));
	else
		(void)fprintf(out, "%s of heap (%s)", units_bytes(h->limit_bytes, text),
			      sources[h->limit_source]);
	if (h->has_last)
		(void)fprintf(out, ", %.1f %% of it used", 100.0 * (double)used / (double)room);
	if (o->reaches_limit)
		(void)fprintf(out, "; reached in about %s", units_duration(o->left_ns, text));
	(void)fputc('\n', out);
	if (h->old_limit_bytes && h->limit_bytes)
		(void)fprintf(out, "  %-12s   %s of heap (%s)\n", "",
			      units_bytes(h->limit_bytes, text), sources[h->limit_source]);
}

static void put_spaces(const struct gc_heap *h, FILE *out)
{
	char committed[UNITS_LEN], used[UNITS_LEN];

	if (!h->space_count)
		return;
	(void)fprintf(out, "\n  %-28s  %10s  %10s    %s\n", "spaces", "committed", "used",
		      h->space_source == GC_BY_MEMORY ? "(read from V8's memory)"
						      : "(as V8 told the application last)");
	for (size_t i = 0; i < h->space_count; i++) {
		const struct gc_space *s = &h->spaces[i];

		if (!s->committed_bytes)
			continue;
		(void)fprintf(out, "  %-28.*s  %10s  %10s\n", 28, s->name,
			      units_bytes(s->committed_bytes, committed),
			      s->has_used ? units_bytes(s->used_bytes, used) : "-");
	}
}

static void put_moments(const struct gc_heap *h, FILE *out)
{
	if (h->near_limits)
		(void)fprintf(out, "\n  NEAR ITS LIMIT: V8 said so %ju time%s\n",
			      (uintmax_t)h->near_limits, h->near_limits == 1 ? "" : "s");
	if (h->out_of_memory)
		(void)fprintf(out, "\n  OUT OF MEMORY: %s\n", h->out_of_memory_at);
}

static void put_asked(const struct gc_heap *h, FILE *out)
{
	char used[UNITS_LEN], total[UNITS_LEN];

	if (h->asked_ns)
		(void)fprintf(out,
			      "  %-12s   %s used of %s committed, when the application asked "
			      "last\n",
			      "V8 says", units_bytes(h->asked_used_bytes, used),
			      units_bytes(h->asked_total_bytes, total));
}

void gc_put_figures(const struct gcs *g, size_t index, FILE *out)
{
	const struct gc_heap *h = g->heaps[index];
	struct gc_outlook o = gc_growth_outlook(&h->growth, gc_heap_room(h));
	char name[GC_TEXT_LEN];

	(void)fprintf(out, "\nHeap of %s%s\n", gc_heap_name(h, name), h->is_ended ? ", ended" : "");
	put_moments(h, out);
	put_sums(h, out);
	if (gc_times_count(&h->total))
		put_kinds(h, out);
	put_growth(h, &o, out);
	put_limit(h, &o, out);
	put_asked(h, out);
	put_spaces(h, out);
}

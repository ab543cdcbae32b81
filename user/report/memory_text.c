// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The report as people read it: for each process its figures, its pools, V8's own, limits, and what
 * grows. */
#include "base/units.h"
#include "report/label.h"
#include "report/memory_buffers.h"
#include "report/memory_report.h"
#include "report/sparkline.h"
#include "report/table_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SERIES_MAX 4096 /* of samples that are drawn: later ones first */

static int flushed(FILE *out)
{
	return fflush(out) || ferror(out) ? -EIO : 0;
}

/* --- a figure in a line ----------------------------------------------------------------------- */

static char *line_of(const struct memory_process *p, enum memory_figure f, char buf[SPARKLINE_LEN])
{
	uint64_t values[SERIES_MAX];
	size_t count = 0, from = 0;

	if (p->sample_count > SERIES_MAX)
		from = p->sample_count - SERIES_MAX;
	for (size_t i = from; i < p->sample_count; i++)
		if (memory_is_known(&p->samples[i], f))
			values[count++] = p->samples[i].bytes[f];
	return sparkline(values, count, buf);
}

static void put_figure(const struct memory_process *p, enum memory_figure f, uint64_t whole,
		       FILE *out)
{
	struct memory_trend t = memory_trend_of(p, f);
	char bytes[UNITS_LEN], slope[UNITS_LEN], line[SPARKLINE_LEN], share[16] = "";

	if (!t.is_known)
		return;
	if (whole)
		(void)snprintf(share, sizeof(share), "%5.1f %%",
			       table_share_pct(t.last_bytes, whole));
	(void)fprintf(out, "  %-22s  %10s  %7s  ", memory_figures[f].text,
		      units_bytes(t.last_bytes, bytes), share);
	if (t.trend.verdict == TREND_TOO_SHORT)
		(void)fprintf(out, "%14s  %-22s", "", trend_text(t.trend.verdict));
	else
		(void)fprintf(out, "%10s/min  %-22s",
			      units_bytes_delta((int64_t)(t.slope_bytes_per_s * 60), slope),
			      trend_text(t.trend.verdict));
	(void)fprintf(out, "  %s\n", line_of(p, f, line));
}

/* Nothing is shown that was never there. */
static void put_pools(const struct memory_process *p, const struct memory_sample *last, FILE *out)
{
	(void)fputs("\n  Resident memory by what it is for\n", out);
	for (enum memory_figure f = MEMORY_FIRST_POOL; f < MEMORY_END_POOLS; f++)
		if (memory_trend_of(p, f).max_bytes)
			put_figure(p, f, last->bytes[MEMORY_RSS], out);
}

/* --- V8 --------------------------------------------------------------------------------------- */

static const struct memory_heap *main_heap(const struct memory_process *p)
{
	for (size_t i = 0; i < p->heap_count; i++)
		if (!p->heaps[i].is_worker)
			return &p->heaps[i];
	return NULL;
}

static void put_left(const struct memory_trend *t, uint64_t room, FILE *out)
{
	uint64_t left_ns = memory_time_left_ns(t, room);
	char text[UNITS_LEN];

	if (left_ns)
		(void)fprintf(out, "; reached in about %s", units_duration(left_ns, text));
}

static void put_limit(const struct memory_process *p, const struct memory_heap *h, FILE *out)
{
	struct memory_trend t = memory_trend_of(p, MEMORY_HEAP_USED);
	char text[UNITS_LEN];

	if (!h->limit_bytes) {
		(void)fprintf(out, "  %-22s  %10s\n", "limit", "not known");
		return;
	}
	(void)fprintf(out, "  %-22s  %10s", "limit", units_bytes(h->limit_bytes, text));
	if (h->has_used)
		(void)fprintf(out, "  %5.1f %% of it used",
			      table_share_pct(h->used_bytes, h->limit_bytes));
	if (p->option_limit_bytes)
		(void)fprintf(out, "; %s of old space (--max-old-space-size)",
			      units_bytes(p->option_limit_bytes, text));
	if (h->limit_bytes > h->used_bytes)
		put_left(&t, h->limit_bytes - h->used_bytes, out);
	(void)fputc('\n', out);
}

static void put_spaces(const struct memory_heap *h, FILE *out)
{
	char text[UNITS_LEN];
	int column = 0;

	for (size_t i = 0; i < h->space_count; i++) {
		if (!h->spaces[i].committed_bytes)
			continue;
		(void)fprintf(out, "%s%s %s", column ? ", " : "  spaces                  ",
			      h->spaces[i].name, units_bytes(h->spaces[i].committed_bytes, text));
		column++;
	}
	if (column)
		(void)fputc('\n', out);
}

static void put_known(bool is_known, uint64_t bytes, FILE *out)
{
	char text[UNITS_LEN];

	(void)fprintf(out, "  %10s", is_known ? units_bytes(bytes, text) : "-");
}

static void put_workers(const struct memory_process *p, FILE *out)
{
	bool has_head = false;

	for (size_t i = 0; i < p->heap_count; i++) {
		const struct memory_heap *h = &p->heaps[i];

		if (!h->is_worker)
			continue;
		if (!has_head)
			(void)fprintf(out, "\n  %-22s  %10s  %10s  %10s  %12s\n",
				      "V8, worker threads", "heapTotal", "heapUsed", "external",
				      "arrayBuffers");
		has_head = true;
		if (h->tid)
			(void)fprintf(out, "  thread %-15d", h->tid);
		else
			(void)fprintf(out, "  %-22s", "thread not known");
		put_known(h->has_total, h->total_bytes, out);
		put_known(h->has_used, h->used_bytes, out);
		put_known(h->has_external, h->external_bytes, out);
		(void)fputs("  ", out);
		put_known(h->has_array_buffers, h->array_buffers_bytes, out);
		(void)fputc('\n', out);
	}
}

static void put_v8(const struct memory_process *p, FILE *out)
{
	const struct memory_heap *h = main_heap(p);

	if (p->v8_note)
		(void)fprintf(out, "\n  V8                      not known: %s\n", p->v8_note);
	if (!h)
		return;
	(void)fputs("\n  V8 of the main thread, as process.memoryUsage() has it\n", out);
	for (enum memory_figure f = MEMORY_HEAP_TOTAL; f <= MEMORY_ARRAY_BUFFERS; f++)
		put_figure(p, f, 0, out);
	put_limit(p, h, out);
	put_spaces(h, out);
	put_workers(p, out);
}

/* --- limits ----------------------------------------------------------------------------------- */

static void put_cgroup(const struct memory_process *p, FILE *out)
{
	const struct memory_cgroup *c = &p->cgroup;
	struct memory_trend t = memory_trend_of(p, MEMORY_CGROUP);
	char limit[UNITS_LEN], files[UNITS_LEN];

	if (!c->version)
		return;
	(void)fprintf(out, "\n  Control group %s (version %d)\n", c->path, c->version);
	put_figure(p, MEMORY_CGROUP, 0, out);
	if (c->limit_bytes) {
		(void)fprintf(out, "  %-22s  %10s  %5.1f %% of it used", "its limit",
			      units_bytes(c->limit_bytes, limit),
			      table_share_pct(c->used_bytes, c->limit_bytes));
		put_left(&t, memory_cgroup_room(c), out);
		(void)fputc('\n', out);
	}
	(void)fprintf(out, "  %-22s  %10s  which the kernel takes back when it has to\n",
		      "files in it", units_bytes(c->reclaimable_bytes, files));
	if (c->high_bytes)
		(void)fprintf(out, "  %-22s  %10s\n", "throttled from",
			      units_bytes(c->high_bytes, limit));
	if (c->has_pressure)
		(void)fprintf(out,
			      "  %-22s  %8.2f %% of the last 10 s some, %.2f %% all waited "
			      "for memory\n",
			      "pressure", c->some_pct, c->full_pct);
	if (c->limit_hits || c->oom_kills)
		(void)fprintf(out, "  %-22s  %ju times at the limit, %ju killed\n", "so far",
			      (uintmax_t)c->limit_hits, (uintmax_t)c->oom_kills);
}

static void put_faults(const struct memory_process *p, const struct memory_sample *last, FILE *out)
{
	struct memory_faults f = memory_fault_rates(p, 0, p->sample_count - 1);

	(void)fprintf(out, "\n  %-22s  %.1f a second without reading, %.1f that read a file\n",
		      "page faults", f.minor_per_s, f.major_per_s);
	(void)fprintf(out, "  %-22s  %u threads, %u mappings\n", "besides", last->threads,
		      last->mappings);
}

/* --- a process -------------------------------------------------------------------------------- */

static void put_process(const struct memory *m, const struct memory_process *p, FILE *out)
{
	const struct memory_sample *last;
	char text[UNITS_LEN], took[UNITS_LEN];

	(void)fprintf(out, "\n%s (PID %d)%s%s%s: %ju samples, one every %s\n", p->name, p->pid,
		      p->exe[0] ? ", " : "", p->exe, p->is_ended ? ", ended" : "",
		      (uintmax_t)p->taken, units_duration(m->meta.interval_ns, text));
	if (!p->sample_count)
		return;
	last = &p->samples[p->sample_count - 1];
	for (enum memory_figure f = 0; f < MEMORY_FIRST_POOL; f++)
		if (f < MEMORY_SHARED || memory_trend_of(p, f).max_bytes)
			put_figure(p, f, 0, out);
	if (p->peak_bytes)
		(void)fprintf(out, "  %-22s  %10s\n", "peak of rss",
			      units_bytes(p->peak_bytes, text));
	put_pools(p, last, out);
	put_v8(p, out);
	memory_buffers_text(p->buffers, out);
	put_cgroup(p, out);
	put_faults(p, last, out);
	(void)fprintf(out, "  %-22s  %s for the last sample\n", "looking took",
		      units_duration(last->took_ns, took));
	(void)fprintf(out, "\n  Verdict: %s\n", memory_suspect_texts[memory_suspect_of(p)]);
}

static bool has_buffers(const struct memory *m)
{
	for (size_t i = 0; i < m->process_count; i++)
		if (m->processes[i]->buffers)
			return true;
	return false;
}

int memory_report_text(const struct memory *m, FILE *out)
{
	char time[LABEL_TIME_LEN], a[UNITS_LEN], b[UNITS_LEN];

	(void)fprintf(out, "mem-watch %s, report of %s: %s, %s\n", m->meta.version,
		      label_time(m->meta.time_ns, time), m->meta.title,
		      units_duration(m->meta.duration_ns, a));
	if (m->meta.missed)
		(void)fprintf(out, "INCOMPLETE: %ju looks failed.\n", (uintmax_t)m->meta.missed);
	if (m->meta.note)
		(void)fprintf(out, "Note: %s\n", m->meta.note);
	for (size_t i = 0; i < m->process_count; i++)
		put_process(m, m->processes[i], out);
	(void)fprintf(out, "\nTool      %s resident, %s of CPU; %s\n",
		      units_bytes(m->meta.own_rss_bytes, a), units_duration(m->meta.own_cpu_ns, b),
		      has_buffers(m) ? "node's allocator of Buffers was probed, nothing stopped"
				     : "nothing was probed or stopped");
	return flushed(out);
}

/* --- as they come ----------------------------------------------------------------------------- */

static const struct column {
	enum memory_figure figure;
	const char *head;
} columns[] = {
	{ MEMORY_RSS, "rss" },
	{ MEMORY_ANONYMOUS, "anonymous" },
	{ MEMORY_FILE, "files" },
	{ MEMORY_HEAP_TOTAL, "heapTotal" },
	{ MEMORY_HEAP_USED, "heapUsed" },
	{ MEMORY_EXTERNAL, "external" },
	{ MEMORY_ARRAY_BUFFERS, "arrayBuffers" },
	{ MEMORY_CGROUP, "cgroup" },
};
#define COLUMNS (sizeof(columns) / sizeof(*columns))

int memory_report_begin(const struct memory *m, FILE *out)
{
	(void)fprintf(out, "%-12s", "time (UTC)");
	if (m->process_count > 1)
		(void)fprintf(out, "  %7s", "PID");
	for (size_t i = 0; i < COLUMNS; i++)
		(void)fprintf(out, "  %12s", columns[i].head);
	(void)fprintf(out, "  %9s\n", "faults/s");
	return flushed(out);
}

int memory_report_sample(const struct memory *m, const struct memory_process *p, FILE *out)
{
	size_t last = p->sample_count ? p->sample_count - 1 : 0;
	char time[LABEL_TIME_LEN], text[UNITS_LEN];

	if (!p->sample_count)
		return 0;
	(void)fputs(label_clock(p->samples[last].time_ns, time), out);
	if (m->process_count > 1)
		(void)fprintf(out, "  %7d", p->pid);
	for (size_t i = 0; i < COLUMNS; i++) {
		const struct memory_sample *s = &p->samples[last];

		(void)fprintf(out, "  %12s",
			      memory_is_known(s, columns[i].figure)
				      ? units_bytes(s->bytes[columns[i].figure], text)
				      : "-");
	}
	(void)fprintf(out, "  %9.1f\n",
		      last ? memory_fault_rates(p, last - 1, last).minor_per_s : 0);
	return flushed(out);
}

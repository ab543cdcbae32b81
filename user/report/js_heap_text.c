// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The heap by constructor, as people read it. */
#include "base/text.h"
#include "base/units.h"
#include "report/js_heap_report.h"
#include "report/label.h"
#include "report/table_text.h"

#include <errno.h>

#define NAME_SHOWN 60

static void put_reading(const struct js_heap_reading *r, FILE *out)
{
	char time[LABEL_TIME_LEN], pause[UNITS_LEN], total[UNITS_LEN], bytes[UNITS_LEN];
	char live[UNITS_LEN], left[UNITS_LEN], code[UNITS_LEN], unknown[UNITS_LEN];

	(void)fprintf(out, "\n  %s  the process stood still for %s", label_time(r->time_ns, time),
		      units_duration(r->pause_ns, pause));
	if (r->attempts > 1)
		(void)fprintf(out, " at most, %u times: it was collecting", r->attempts);
	(void)fprintf(out, "\n    %s in %ju pages", units_bytes(r->total_bytes, total),
		      (uintmax_t)r->page_count);
	if (r->heaps > 1)
		(void)fprintf(out, " of %u heaps, workers' too", r->heaps);
	(void)fprintf(out, ": %s of objects, %s free, %s code, %s not explained (%.2f %%)\n",
		      units_bytes(r->all.bytes, bytes), units_bytes(r->free_bytes, left),
		      units_bytes(r->code_bytes, code), units_bytes(r->unknown_bytes, unknown),
		      js_heap_unknown_pct(r));
	(void)fprintf(out,
		      "    %s in %ju objects lives; of all objects %.1f %% is garbage that was "
		      "not collected yet\n",
		      units_bytes(r->all.live_bytes, live), (uintmax_t)r->all.live_count,
		      table_share_pct(r->all.bytes - r->all.live_bytes, r->all.bytes));
}

static void put_growth(const struct js_heap_row *r, FILE *out)
{
	char delta[UNITS_LEN], now[UNITS_LEN], name[LABEL_LEN];

	(void)fprintf(
		out, "%+10jd %10ju %12s %11s  %s\n", (intmax_t)js_heap_count_delta(r),
		(uintmax_t)r->at[1].live_count, units_bytes_delta(js_heap_bytes_delta(r), delta),
		units_bytes(r->at[1].live_bytes, now), label_shorten(r->name, NAME_SHOWN, name));
}

static void put_size(const struct js_heap_row *r, uint64_t whole, FILE *out)
{
	char bytes[UNITS_LEN], name[LABEL_LEN];

	(void)fprintf(out, "%10ju %11s %5.1f %% %10ju  %s\n", (uintmax_t)r->at[0].live_count,
		      units_bytes(r->at[0].live_bytes, bytes),
		      table_share_pct(r->at[0].live_bytes, whole),
		      (uintmax_t)(r->at[0].count - r->at[0].live_count),
		      label_shorten(r->name, NAME_SHOWN, name));
}

/* They stand first. */
static size_t count_growing(const struct js_heap *h)
{
	size_t count = 0;

	while (count < h->row_count && js_heap_bytes_delta(&h->rows[count]) > 0)
		count++;
	return count;
}

static void put_growing(const struct js_heap *h, uint32_t top, FILE *out)
{
	size_t count = count_growing(h), shown = count < top ? count : top;

	if (!count) {
		(void)fputs("\nNo constructor has more in live objects than before.\n", out);
		return;
	}
	table_title("Constructors that grew", shown, count, out);
	(void)fprintf(out, "%10s %10s %12s %11s  %s\n", "live", "now", "size", "now",
		      "constructor");
	for (size_t i = 0; i < shown; i++)
		put_growth(&h->rows[i], out);
}

static void put_all(const struct js_heap *h, uint32_t top, FILE *out)
{
	size_t shown = h->row_count < top ? h->row_count : top;

	table_title("Constructors by size", shown, h->row_count, out);
	(void)fprintf(out, "%10s %11s %7s %10s  %s\n", "live", "size", "share", "garbage",
		      "constructor");
	for (size_t i = 0; i < shown; i++)
		put_size(&h->rows[i], h->readings[0].all.live_bytes, out);
}

int js_heap_report_text(const struct js_heap *h, uint32_t top, FILE *out)
{
	char rss[UNITS_LEN], cpu[UNITS_LEN];

	(void)fprintf(out, "mem-watch %s: JavaScript objects of %s (PID %d), V8 %u.%u\n",
		      h->version, h->name, (int)h->pid, h->v8_major, h->v8_minor);
	for (size_t i = 0; i < h->reading_count; i++)
		put_reading(&h->readings[i], out);
	if (h->reading_count > 1)
		put_growing(h, top, out);
	else
		put_all(h, top, out);
	(void)fputs(
		"\nLive is what can be reached from handles, stacks and registers, an estimate. "
		"Sizes are of the\nobjects themselves; who holds them tells heap-diff.\n",
		out);
	(void)fprintf(out, "mem-watch itself: %s of memory, %s of CPU\n",
		      units_bytes(h->own_rss_bytes, rss), units_duration(h->own_cpu_ns, cpu));
	return fflush(out) || ferror(out) ? -EIO : 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The report as people read it: who and how fast, what grows and where, what it rests on. */
#include "base/units.h"
#include "report/frames_text.h"
#include "report/label.h"
#include "report/leak_report_parts.h"
#include "report/stack_line.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_SHOWN 40 /* of a function that the advice names */

/* --- header ----------------------------------------------------------------------------------- */

/* "12.3k/s (1.20 MiB/s)", with decimals where units_count would round to nothing. */
static void put_rate(FILE *out, uint64_t count, uint64_t bytes, double seconds)
{
	double per_second = (double)count / seconds;
	char n[UNITS_LEN], b[UNITS_LEN];

	if (per_second < 10)
		(void)snprintf(n, sizeof(n), "%.3g", per_second);
	else
		(void)units_count((uint64_t)per_second, n);
	(void)fprintf(out, "%s/s (%s/s)", n, units_bytes((uint64_t)((double)bytes / seconds), b));
}

static void put_target(const struct leak_report *r, const struct leak_target *t, FILE *out)
{
	double seconds = (double)t->window_ns / 1e9;
	const struct leak_counts *c = &t->counts;
	char text[UNITS_LEN];

	(void)fprintf(out, "\n%s (PID %d), %s, %s\n", t->comm, (int)t->pid, t->exe, t->state);
	(void)fprintf(out, "  allocator   %s\n", t->allocator);
	(void)fprintf(out, "  watched     %s", units_duration(t->window_ns, text));
	if (r->interval_ns)
		(void)fprintf(out, ", %zu samples, one every %s", r->samples,
			      units_duration(r->interval_ns, text));
	(void)fputc('\n', out);
	if (seconds > 0) {
		(void)fputs("  rates       allocated ", out);
		put_rate(out, c->allocs, c->alloc_bytes, seconds);
		(void)fputs(", freed ", out);
		put_rate(out, c->frees, c->free_bytes, seconds);
		(void)fputc('\n', out);
	}
	(void)fprintf(out, "  not freed   %s in %jd blocks\n",
		      units_bytes(c->alloc_bytes - c->free_bytes, text),
		      (intmax_t)(c->allocs - c->frees));
}

static void put_filters(const struct leak_report *r, FILE *out)
{
	const char *separator = "Only blocks ";
	char text[UNITS_LEN];

	if (r->min_age_ns) {
		(void)fprintf(out, "%solder than %s", separator,
			      units_duration(r->min_age_ns, text));
		separator = ", ";
	}
	if (r->min_size_bytes) {
		(void)fprintf(out, "%sof at least %s", separator,
			      units_bytes(r->min_size_bytes, text));
		separator = ", ";
	}
	if (r->max_size_bytes != UINT64_MAX) {
		(void)fprintf(out, "%sof at most %s", separator,
			      units_bytes(r->max_size_bytes, text));
		separator = ", ";
	}
	if (separator[0] == ',')
		(void)fputs(".\n", out);
}

static void put_header(const struct leak_report *r, FILE *out)
{
	char time[LABEL_TIME_LEN];

	(void)fprintf(out, "memleak-trace %s, %sreport of %s: memory allocated and not freed\n",
		      r->version, r->is_final ? "" : "interim ", label_time(r->time_ns, time));
	if (!r->is_complete)
		(void)fputs(
			"INCOMPLETE: not all of the window was recorded, see Losses at the end.\n",
			out);
	if (r->note)
		(void)fprintf(out, "Note: %s\n", r->note);
	for (size_t i = 0; i < r->target_count; i++)
		put_target(r, &r->targets[i], out);
	(void)fputc('\n', out);
	put_filters(r, out);
}

/* --- rows ------------------------------------------------------------------------------------- */

static void put_row(const struct leak_report *r, size_t index, FILE *out)
{
	const struct leak_row *row = &r->rows[index];
	const struct leak_target *target = leak_report_target(r, row->pid);
	char a[UNITS_LEN], b[UNITS_LEN], c[UNITS_LEN];

	(void)fprintf(out, "\n#%zu  %s: %s in %ju %s%s, %.1f %% of the traced %s", index + 1,
		      trend_text(row->trend.verdict), units_bytes(row->bytes, a),
		      (uintmax_t)row->blocks, row->kind == LEAK_MMAP ? "mapping" : "block",
		      row->blocks == 1 ? "" : "s", row->share * 100,
		      row->kind == LEAK_MMAP ? "mappings" : "heap");
	if (r->target_count > 1)
		(void)fprintf(out, ", %s (PID %d)", target ? target->comm : "?", (int)row->pid);
	(void)fputs("\n    ", out);
	if (r->interval_ns)
		(void)fprintf(out, "%s/min (last interval %s, whole run %s); ",
			      units_bytes_delta(
				      leak_per_minute(r->interval_ns, row->trend.slope_bytes), a),
			      units_bytes_delta(row->growth_last_bytes, b),
			      units_bytes_delta(row->growth_run_bytes, c));
	(void)fprintf(out, "age median %s, oldest %s\n", units_duration(row->age_median_ns, a),
		      units_duration(row->age_oldest_ns, b));
	frames_text(row->frames, row->depth, row->cut, out);
}

/* Runtime rows are the last ones. */
static size_t ranked_count(const struct leak_report *r)
{
	size_t count = r->row_count;

	while (count && r->rows[count - 1].kind == LEAK_RUNTIME)
		count--;
	return count;
}

static void put_sum(const struct leak_report *r, size_t from, size_t to, FILE *out)
{
	uint64_t bytes = 0, blocks = 0;
	char text[UNITS_LEN];

	for (size_t i = from; i < to; i++) {
		bytes += r->rows[i].bytes;
		blocks += r->rows[i].blocks;
	}
	(void)fprintf(out, "%s in %ju", units_bytes(bytes, text), (uintmax_t)blocks);
}

static void put_rows(const struct leak_report *r, size_t ranked, FILE *out)
{
	size_t shown = r->top < ranked ? r->top : ranked;

	if (!ranked)
		(void)fputs(leak_report_counts(r).allocs
				    ? "Nothing is outstanding: what was allocated was freed.\n"
				    : "No allocation was seen: the target was idle, or it does not "
				      "use this allocator.\n",
			    out);
	else if (shown < ranked)
		(void)fprintf(out, "%zu stacks hold memory; the first %zu by %s:\n", ranked, shown,
			      r->sort);
	else
		(void)fprintf(out, "%zu stack%s memory, by %s:\n", ranked,
			      ranked == 1 ? " holds" : "s hold", r->sort);
	for (size_t i = 0; i < shown; i++)
		put_row(r, i, out);
	if (shown < ranked) {
		(void)fprintf(out, "\n%zu more stack%s: ", ranked - shown,
			      ranked - shown == 1 ? "" : "s");
		put_sum(r, shown, ranked, out);
		(void)fprintf(out, " blocks (-T %zu shows all).\n", ranked);
	}
	if (ranked < r->row_count) {
		(void)fputs("\nRuntime memory, not ranked: ", out);
		put_sum(r, ranked, r->row_count, out);
		(void)fputs(" mappings (allocator arenas, thread stacks, the loader).\n", out);
	}
}

/* --- what to do ------------------------------------------------------------------------------- */

/* The ranked row with that verdict that grows fastest; @ranked when there is none. */
static size_t fastest(const struct leak_report *r, size_t ranked, enum trend_verdict verdict)
{
	size_t best = ranked;

	for (size_t i = 0; i < ranked; i++)
		if (r->rows[i].trend.verdict == verdict &&
		    (best == ranked ||
		     r->rows[i].trend.slope_bytes > r->rows[best].trend.slope_bytes))
			best = i;
	return best;
}

/* Only for rows that grow. */
static void put_leader(const struct leak_report *r, size_t index, const char *how, FILE *out)
{
	const struct leak_row *row = &r->rows[index];
	char label[LABEL_LEN], cut[LABEL_LEN], text[UNITS_LEN];

	(void)fprintf(out, "#%zu%s, which grows%s by %s/min", index + 1,
		      index < r->top ? "" : " (not shown, see -T)", how,
		      units_bytes((uint64_t)leak_per_minute(r->interval_ns, row->trend.slope_bytes),
				  text));
	for (size_t i = 0; i < row->depth && i < 2; i++)
		(void)fprintf(
			out, "%s%s", i ? ", called by " : ":\n  ",
			label_shorten(label_frame(&row->frames[i], label), NAME_MAX_SHOWN, cut));
	(void)fputs(".\n", out);
}

static void put_advice(const struct leak_report *r, size_t ranked, FILE *out)
{
	size_t steady = fastest(r, ranked, TREND_STEADY);
	size_t may_level = fastest(r, ranked, TREND_MAY_LEVEL);

	if (!ranked)
		return;
	(void)fputc('\n', out);
	if (r->samples <= TREND_MIN_SAMPLES) {
		(void)fprintf(out, "Too short to tell what grows: that takes %d intervals.\n",
			      TREND_MIN_SAMPLES);
		return;
	}
	if (steady < ranked) {
		(void)fputs("Look first at ", out);
		put_leader(r, steady, " steadily", out);
	} else if (may_level < ranked) {
		(void)fputs("Nothing grows steadily. To be watched longer: ", out);
		put_leader(r, may_level, "", out);
	} else {
		(void)fputs("Nothing grows.\n", out);
		return;
	}
	(void)fputs("Numbers alone cannot tell a cache that is still filling from a leak.\n", out);
}

/* --- footer ----------------------------------------------------------------------------------- */

static void put_losses(const struct leak_report *r, const struct leak_counts *counts, FILE *out)
{
	if (!leak_counts_lost(counts)) {
		(void)fputs("Losses      nothing lost: every allocation and free since the attach "
			    "is in the figures\n",
			    out);
		return;
	}
	(void)fprintf(out,
		      "Losses      %.3g %% of allocations and frees; the figures may be off "
		      "by as much\n",
		      r->lost_pct);
	leak_losses_text(counts, out);
}

static void put_checks(const struct leak_report *r, const struct leak_counts *c, FILE *out)
{
	(void)fprintf(out,
		      "Identity    %ju allocations - %ju frees = %jd live; the ledger holds %ju\n",
		      (uintmax_t)c->allocs, (uintmax_t)c->frees, (intmax_t)(c->allocs - c->frees),
		      (uintmax_t)r->live_blocks);
	(void)fprintf(out, "Apart       %ju frees of blocks from before the attach",
		      (uintmax_t)c->frees_before_attach);
	if (c->failed_allocs)
		(void)fprintf(out, ", %ju failed allocations", (uintmax_t)c->failed_allocs);
	if (c->filtered)
		(void)fprintf(out, ", %ju outside the size limits", (uintmax_t)c->filtered);
	(void)fputc('\n', out);
}

static void put_stacks(const struct leak_report *r, FILE *out)
{
	struct stack_counts stacks = leak_report_stacks(r);
	char bytes[UNITS_LEN], time[UNITS_LEN];

	(void)fputs("Stacks      ", out);
	stack_line_text(&stacks, out);
	if (r->unwind_bytes)
		(void)fprintf(out, "Unwinding   tables %s in the kernel, made in %s\n",
			      units_bytes(r->unwind_bytes, bytes),
			      units_duration(r->unwind_load_ns, time));
}

static void put_cost(const struct leak_report *r, const struct leak_counts *c, FILE *out)
{
	double hits_per_second = (double)c->hits / ((double)r->window_ns / 1e9);
	char a[UNITS_LEN], b[UNITS_LEN], d[UNITS_LEN];

	(void)fprintf(out, "Tool        %s resident, %s of CPU; tables %s",
		      units_bytes(r->own_rss_bytes, a), units_duration(r->own_cpu_ns, b),
		      units_bytes(r->table_bytes, d));
	(void)fprintf(out, ", %s of at most %s blocks\n", units_count(r->live_blocks, a),
		      units_count(r->max_blocks, b));
	if (!r->probe_cost_ns || !r->window_ns)
		return;
	(void)fprintf(
		out,
		"Probes      %s hits/s, each at least %s on this machine: %.3g %% of one CPU\n",
		units_count((uint64_t)hits_per_second, a), units_duration(r->probe_cost_ns, b),
		hits_per_second * (double)r->probe_cost_ns / 1e9 * 100);
}

int leak_report_text(const struct leak_report *r, FILE *out)
{
	struct leak_counts counts = leak_report_counts(r);
	size_t ranked = ranked_count(r);

	put_header(r, out);
	put_rows(r, ranked, out);
	put_advice(r, ranked, out);
	(void)fputc('\n', out);
	put_losses(r, &counts, out);
	put_checks(r, &counts, out);
	put_stacks(r, out);
	put_cost(r, &counts, out);
	return fflush(out) || ferror(out) ? -EIO : 0;
}

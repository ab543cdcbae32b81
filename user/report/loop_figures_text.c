// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A loop's figures as people read them: how busy, with what, how long its iterations, how late. */
#include "base/units.h"
#include "report/label.h"
#include "report/loop_report.h"
#include "report/loop_report_parts.h"
#include "report/table_text.h"

#include <errno.h>
#include <string.h>

#define COLUMN	     "  %-12s"
#define PROCESS_MAX  28
#define BAR_LEN	     20
#define OCTAVES	     64
#define CELL	     12

#define LATE_COLUMNS 3

/* --- head ------------------------------------------------------------------------------------- */

static void put_title(const struct loops *l, size_t index, FILE *out)
{
	const struct loop_info *info = &l->loops[index];
	const struct stall *stuck = loop_stuck(l, index);
	char name[LOOP_TEXT_LEN], process[LABEL_LEN], text[LOOP_TEXT_LEN];

	(void)fprintf(out, "\nLoop %s of %s (PID %d), waits in %s", loop_name_text(info, name),
		      label_shorten(info->process[0] ? info->process : "?", PROCESS_MAX, process),
		      (int)info->pid, info->wait);
	if (info->fd >= 0)
		(void)fprintf(out, ", fd %d", info->fd);
	(void)fprintf(out, "%s\n", info->is_ended ? ", ended" : "");
	if (stuck)
		(void)fprintf(out, COLUMN "%s\n", "now", loop_length_text(l, stuck, text));
	else if (info->stuck_ns)
		(void)fprintf(out, COLUMN "stuck for %s\n", "now",
			      units_duration(info->stuck_ns, text));
}

static void put_counts(const struct loop_times *t, FILE *out)
{
	double seconds = (double)t->window_ns / 1e9;
	char text[UNITS_LEN];

	(void)fprintf(out, COLUMN "%ju in %s", "iterations", (uintmax_t)t->iterations,
		      units_duration(t->window_ns, text));
	if (t->window_ns)
		(void)fprintf(out, ", %.1f/s", (double)t->iterations / seconds);
	(void)fprintf(out, "; %ju waits, %ju after an empty poll not counted\n",
		      (uintmax_t)t->waits, (uintmax_t)t->merged);
	(void)fprintf(out, COLUMN "%.1f %% as eventLoopUtilization() has it, %.1f %% not asleep\n",
		      "utilisation", 100 * loop_elu(t), 100 * loop_utilisation(t));
}

static void put_parts(const struct loops *l, const struct loop_times *t, FILE *out)
{
	const char *separator = "";
	uint64_t all_ns = 0;
	char text[UNITS_LEN];

	(void)fprintf(out, COLUMN "%s between waits", "busy", units_duration(t->busy_ns, text));
	for (enum loop_part part = LOOP_RUNNING; part < LOOP_PARTS; part++)
		all_ns += t->part_ns[part];
	if (!l->meta.has_split || !all_ns) {
		(void)fputc('\n', out);
		return;
	}
	(void)fprintf(out, ":\n" COLUMN, "");
	for (enum loop_part part = LOOP_RUNNING; part < LOOP_PARTS; part++) {
		if (!t->part_ns[part])
			continue;
		(void)fprintf(out, "%s%s %.1f %%", separator, loop_part_texts[part],
			      table_share_pct(t->part_ns[part], all_ns));
		separator = ", ";
	}
	(void)fputc('\n', out);
}

/* --- percentiles ------------------------------------------------------------------------------ */

/* Columns: busy times of iterations, what an arrival meets of them, and what came late. */
struct columns {
	const struct loop_hist *gaps, *busy; /* busy: with the stall that goes on */
	const struct loop_hist *late[LATE_COLUMNS];
	uint64_t window_ns;
};

static void put_cell(bool is_known, uint64_t ns, FILE *out)
{
	char text[UNITS_LEN];

	(void)fprintf(out, "%*s", CELL, is_known ? units_duration(ns, text) : "-");
}

static void put_percentile(const struct columns *c, const struct loop_percentile *p, FILE *out)
{
	char needs[40];

	(void)fprintf(out, COLUMN, p->name);
	if (c->gaps->count < p->needs) {
		(void)snprintf(needs, sizeof(needs), "needs %ju iterations", (uintmax_t)p->needs);
		(void)fprintf(out, "%*s", 2 * CELL, needs);
	} else {
		put_cell(true, loop_hist_quantile(c->gaps, p->q), out);
		put_cell(true, loop_hist_lag_quantile(c->busy, c->window_ns, p->q), out);
	}
	for (size_t i = 0; i < LATE_COLUMNS; i++)
		put_cell(c->late[i]->count >= p->needs, loop_hist_quantile(c->late[i], p->q), out);
	(void)fputc('\n', out);
}

static void put_percentiles(const struct loop_info *info, const struct loop_times *t, FILE *out)
{
	struct loop_hist busy;
	const struct columns c = {
		.gaps = &t->hists[LOOP_HIST_GAP],
		.busy = &busy,
		.late = { &t->hists[LOOP_HIST_WAKE_LAG], &t->hists[LOOP_HIST_EXPIRY],
			  &t->hists[LOOP_HIST_PASSED] },
		.window_ns = t->window_ns,
	};

	loop_busy_hist(info, t, &busy);
	(void)fprintf(out, "\n" COLUMN "%*s%*s%*s%*s%*s\n", "", CELL, "iteration", CELL, "lag",
		      CELL, "wake lag", CELL, "expired", CELL, "passed");
	for (size_t i = 0; i < LOOP_PERCENTILES; i++)
		put_percentile(&c, &loop_percentiles[i], out);
	(void)fprintf(out, COLUMN, "max");
	put_cell(true, c.gaps->max, out);
	put_cell(true, busy.max, out);
	for (size_t i = 0; i < LATE_COLUMNS; i++)
		put_cell(c.late[i]->count, c.late[i]->max, out);
	(void)fprintf(out, "\n" COLUMN "%*ju%*s", "of", CELL, (uintmax_t)c.gaps->count, CELL, "");
	for (size_t i = 0; i < LATE_COLUMNS; i++)
		(void)fprintf(out, "%*ju", CELL, (uintmax_t)c.late[i]->count);
	(void)fputs(
		"\n  lag: what an arrival at any time meets; wake lag: from the wake-up until it "
		"ran;\n  expired waits: how late they returned; deadlines passed while busy: how "
		"long ago\n",
		out);
}

/* libuv's, of which the first of those run together was looked at. */
static void put_timers(const struct loop_hist *h, FILE *out)
{
	char half[UNITS_LEN], most[UNITS_LEN], max[UNITS_LEN];

	(void)fprintf(out, "\n" COLUMN "%ju times one was due", "timers", (uintmax_t)h->count);
	if (h->count)
		(void)fprintf(out, ", late by p50 %s, p90 %s, max %s",
			      units_duration(loop_hist_quantile(h, 0.5), half),
			      units_duration(loop_hist_quantile(h, 0.9), most),
			      units_duration(h->max, max));
	(void)fputc('\n', out);
}

/* --- histogram -------------------------------------------------------------------------------- */

struct octaves {
	struct {
		uint64_t count, sum;
	} at[OCTAVES];
	uint32_t first, last; /* that have values */
};

static void sum_octaves(const struct loop_hist *h, struct octaves *o)
{
	*o = (struct octaves){ .first = OCTAVES };
	for (uint32_t i = 0; i < LOOP_HIST_BUCKETS; i++) {
		uint64_t low = log_bucket_low(i, LOOP_HIST_SUB_BITS);
		uint32_t octave = low ? 63 - (uint32_t)__builtin_clzll(low) : 0;

		if (!h->buckets[i].count)
			continue;
		o->at[octave].count += h->buckets[i].count;
		o->at[octave].sum += h->buckets[i].sum;
		o->first = octave < o->first ? octave : o->first;
		o->last = octave;
	}
}

/* By number the short ones fill the picture, by time the long ones: both bars are needed. */
static void put_histogram(const struct loop_hist *h, FILE *out)
{
	struct octaves o;
	char from[UNITS_LEN];

	if (!h->count)
		return;
	sum_octaves(h, &o);
	(void)fprintf(out, "\n  %-10s  %12s  %-*s  %7s\n", "from", "iterations", BAR_LEN, "",
		      "of time");
	for (uint32_t i = o.first; i <= o.last; i++) {
		double count_pct = table_share_pct(o.at[i].count, h->count);
		double sum_pct = table_share_pct(o.at[i].sum, h->sum);

		(void)fprintf(out, "  %-10s  %12ju  %-*s  %5.1f %%%s%s\n",
			      units_duration(i ? 1ull << i : 0, from), (uintmax_t)o.at[i].count,
			      BAR_LEN, table_bar(count_pct, BAR_LEN), sum_pct,
			      o.at[i].sum ? "  " : "", table_bar(sum_pct, BAR_LEN));
	}
}

void loop_put_figures(const struct loops *l, size_t index, FILE *out)
{
	const struct loop_info *info = &l->loops[index];
	const struct loop_times *t = &info->total;

	put_title(l, index, out);
	put_counts(t, out);
	put_parts(l, t, out);
	if (!t->hists[LOOP_HIST_GAP].count && !info->stuck_ns)
		return; /* it only waited */
	put_percentiles(info, t, out);
	if (l->meta.has_timers)
		put_timers(&t->hists[LOOP_HIST_TIMER], out);
	put_histogram(&t->hists[LOOP_HIST_GAP], out);
}

/* --- intervals -------------------------------------------------------------------------------- */

static void put_interval(const struct loops *l, size_t index, FILE *out)
{
	const struct loop_info *info = &l->loops[index];
	const struct loop_times *t = &info->interval;
	const struct stall *stuck = loop_stuck(l, index);
	struct loop_hist busy;
	char clock[LABEL_TIME_LEN], name[LOOP_TEXT_LEN], text[LOOP_TEXT_LEN], max[UNITS_LEN];

	loop_busy_hist(info, t, &busy);
	(void)fprintf(out, "%.8s %s: %ju iteration%s, ",
		      label_clock(l->meta.time_ns + l->meta.duration_ns, clock),
		      loop_name_text(info, name), (uintmax_t)t->iterations,
		      t->iterations == 1 ? "" : "s");
	(void)fprintf(out, "busy %.1f %%, lag", 100 * loop_utilisation(t));
	if (t->hists[LOOP_HIST_GAP].count >= loop_percentiles[1].needs)
		(void)fprintf(
			out, " p90 %s,",
			units_duration(loop_hist_lag_quantile(&busy, t->window_ns, 0.9), text));
	(void)fprintf(out, " max %s", units_duration(busy.max, max));
	if (t->stalls)
		(void)fprintf(out, "; %ju stall%s, %s", (uintmax_t)t->stalls,
			      t->stalls == 1 ? "" : "s", units_duration(t->stall_ns, text));
	if (stuck)
		(void)fprintf(out, "; %s", loop_length_text(l, stuck, text));
	else if (info->stuck_ns)
		(void)fprintf(out, "; stuck for %s", units_duration(info->stuck_ns, text));
	(void)fprintf(out, "%s\n", info->is_ended ? "; ended" : "");
}

int loop_report_interval(const struct loops *l, FILE *out)
{
	for (size_t i = 0; i < l->loop_count; i++)
		put_interval(l, i, out);
	return fflush(out) || ferror(out) ? -EIO : 0;
}

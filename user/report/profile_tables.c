// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Columns of shares with bars; nothing is wider than LINE_WIDTH. */
#include "report/profile_tables.h"

#include "base/units.h"
#include "profile/frame_order.h"
#include "report/label.h"
#include "report/share.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LINE_WIDTH    100
#define MODULE_MAX    24
#define TASK_NAME_MAX 24 /* of a thread, of a process */
#define WAIT_MAX      26

static double part_of_all(const struct profile_tables *t, uint64_t weight)
{
	return share_pct(weight, profile_total_weight(t->profile));
}

static void put_title(const char *what, size_t shown, size_t count, FILE *out)
{
	if (shown < count)
		(void)fprintf(out, "\n%s, the first %zu of %zu:\n", what, shown, count);
	else
		(void)fprintf(out, "\n%s:\n", what);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool is_off_cpu(const struct profile_tables *t)
{
	for (size_t i = 0; i < t->waits->len; i++)
		if (t->waits->at[i].state != PROFILE_ON_CPU)
			return true;
	return false;
}

/* --- functions -------------------------------------------------------------------------------- */

/* "name  [module]" in what is left of a line of which @used columns are full. */
static void put_name(const struct frame *f, size_t used, FILE *out)
{
	char label[LABEL_LEN], name[LABEL_LEN], module[LABEL_LEN], cut[LABEL_LEN];
	size_t room = LINE_WIDTH - used;

	module[0] = '\0';
	if (f->function[0] && f->module[0])
		(void)snprintf(module, sizeof(module), f->module[0] == '[' ? "  %s" : "  [%s]",
			       label_shorten(f->module, MODULE_MAX, cut));
	room -= strlen(module);
	(void)label_frame(f, label);
	if (strlen(label) > room)
		label_drop_parameters(label);
	(void)fprintf(out, "%s%s\n", label_shorten(label, room, name), module);
}

static void put_by_self(const struct profile_tables *t, FILE *out)
{
	size_t count = 0, shown;

	while (count < t->functions->len && t->functions->at[count].self_weight)
		count++;
	shown = least(t->top, count);
	put_title("Functions by their own time", shown, count, out);
	(void)fprintf(out, "  %7s  %-*s  %7s  %10s  %s\n", "self", SHARE_BAR_LEN, "", "total",
		      "samples", "function");
	for (size_t i = 0; i < shown; i++) {
		const struct profile_function *f = &t->functions->at[i];
		double self_pct = part_of_all(t, f->self_weight);
		int used = fprintf(out, "  %5.1f %%  %-*s  %5.1f %%  %10ju  ", self_pct,
				   SHARE_BAR_LEN, share_bar(self_pct),
				   part_of_all(t, f->total_weight), (uintmax_t)f->self_count);

		put_name(profile_frame(t->profile, f->frame), used > 0 ? (size_t)used : 0, out);
	}
}

static int compare_totals(const void *left, const void *right, void *profile)
{
	const struct profile_function *a = left, *b = right;

	if (a->total_weight != b->total_weight)
		return a->total_weight > b->total_weight ? -1 : 1;
	if (a->self_weight != b->self_weight)
		return a->self_weight > b->self_weight ? -1 : 1;
	return frame_compare_functions(profile_frame(profile, a->frame),
				       profile_frame(profile, b->frame));
}

/* Columns of functions off the CPU: blocked and runnable in place of the own time. */
static int put_total_row(const struct profile_tables *t, const struct profile_function *f,
			 FILE *out)
{
	double total_pct = part_of_all(t, f->total_weight);

	if (is_off_cpu(t))
		return fprintf(out, "  %5.1f %%  %-*s  %5.1f %%  %6.1f %%  %10ju  ", total_pct,
			       SHARE_BAR_LEN, share_bar(total_pct),
			       part_of_all(t, f->blocked_weight),
			       part_of_all(t, f->runnable_weight), (uintmax_t)f->total_count);
	return fprintf(out, "  %5.1f %%  %-*s  %5.1f %%  %10ju  ", total_pct, SHARE_BAR_LEN,
		       share_bar(total_pct), part_of_all(t, f->self_weight),
		       (uintmax_t)f->total_count);
}

static void put_by_total(const struct profile_tables *t, FILE *out)
{
	struct profile_functions *f = t->functions;
	size_t shown = least(t->top, f->len);

	if (!shown)
		return;
	qsort_r(f->at, f->len, sizeof(*f->at), compare_totals, (void *)t->profile);
	put_title("Functions with what they call", shown, f->len, out);
	if (is_off_cpu(t))
		(void)fprintf(out, "  %7s  %-*s  %7s  %8s  %10s  %s\n", "total", SHARE_BAR_LEN, "",
			      "blocked", "runnable", "times", "function");
	else
		(void)fprintf(out, "  %7s  %-*s  %7s  %10s  %s\n", "total", SHARE_BAR_LEN, "",
			      "self", "samples", "function");
	for (size_t i = 0; i < shown; i++) {
		int used = put_total_row(t, &f->at[i], out);

		put_name(profile_frame(t->profile, f->at[i].frame), used > 0 ? (size_t)used : 0,
			 out);
	}
}

/* --- waits ------------------------------------------------------------------------------------ */

static const char *wait_name(const struct profile_wait *w, char buf[LABEL_LEN])
{
	char wait[LABEL_LEN];

	if (w->state != PROFILE_BLOCKED)
		return w->state == PROFILE_RUNNABLE ? "runnable" : "on CPU";
	if (!w->wait[0])
		return "blocked";
	(void)snprintf(buf, LABEL_LEN, "blocked: %s", label_shorten(w->wait, WAIT_MAX, wait));
	return buf;
}

static void put_waits(const struct profile_tables *t, FILE *out)
{
	size_t shown = least(t->top, t->waits->len);

	put_title("Where the time went", shown, t->waits->len, out);
	(void)fprintf(out, "  %7s  %-*s  %9s  %13s  %9s\n", "share", SHARE_BAR_LEN, "", "time",
		      "times", "each");
	for (size_t i = 0; i < shown; i++) {
		const struct profile_wait *w = &t->waits->at[i];
		double pct = part_of_all(t, w->weight);
		char time[UNITS_LEN], each[UNITS_LEN], name[LABEL_LEN];

		(void)fprintf(out, "  %5.1f %%  %-*s  %9s  %13ju  %9s  %s\n", pct, SHARE_BAR_LEN,
			      share_bar(pct), units_duration(w->weight, time), (uintmax_t)w->count,
			      units_duration(w->count ? w->weight / w->count : 0, each),
			      wait_name(w, name));
	}
}

/* --- threads and processes -------------------------------------------------------------------- */

static void put_task(const struct profile_tables *t, const struct profile_task *task, FILE *out)
{
	double pct = part_of_all(t, task->weight);
	char time[UNITS_LEN], name[LABEL_LEN], process[LABEL_LEN];

	(void)fprintf(out, "  %5.1f %%  %-*s  %9s", pct, SHARE_BAR_LEN, share_bar(pct),
		      units_duration(task->weight, time));
	if (is_off_cpu(t))
		(void)fprintf(out, "  %5.1f %%  %6.1f %%", part_of_all(t, task->blocked_weight),
			      part_of_all(t, task->runnable_weight));
	(void)label_shorten(task->process, TASK_NAME_MAX, process);
	if (task->tid)
		(void)fprintf(out, "  %s (TID %d) of %s (PID %d)\n",
			      label_shorten(task->thread, TASK_NAME_MAX - 8, name), (int)task->tid,
			      is_off_cpu(t) ? label_shorten(task->process, 8, process) : process,
			      (int)task->pid);
	else
		(void)fprintf(out, "  %s (PID %d)\n", process, (int)task->pid);
}

static void put_tasks(const struct profile_tables *t, FILE *out)
{
	size_t shown = least(t->top, t->tasks->len);

	if (t->tasks->len < 2)
		return;
	put_title(t->tasks->at[0].tid ? "Threads" : "Processes", shown, t->tasks->len, out);
	(void)fprintf(out, "  %7s  %-*s  %9s", "share", SHARE_BAR_LEN, "", "time");
	if (is_off_cpu(t))
		(void)fprintf(out, "  %7s  %8s", "blocked", "runnable");
	(void)fputc('\n', out);
	for (size_t i = 0; i < shown; i++)
		put_task(t, &t->tasks->at[i], out);
}

void profile_tables_text(const struct profile_tables *t, FILE *out)
{
	if (is_off_cpu(t))
		put_waits(t, out);
	if (!is_off_cpu(t) && t->functions->len)
		put_by_self(t, out);
	put_by_total(t, out);
	put_tasks(t, out);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Columns of shares with bars; nothing is wider than LINE_WIDTH. */
#include "report/profile_tables.h"

#include "base/units.h"
#include "profile/frame_order.h"
#include "report/label.h"
#include "report/table_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BAR_LEN	      10

#define LINE_WIDTH    100
#define MODULE_MAX    24
#define TASK_NAME_MAX 24 /* of a thread, of a process */
#define WAIT_MAX      26

static double part_of_all(const struct profile_tables *t, uint64_t weight)
{
	return table_share_pct(weight, profile_total_weight(t->profile));
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Samples and waits are not of one kind: of both their number says nothing. */
static bool has_one_kind(const struct profile_tables *t)
{
	return !(t->has_cpu && t->has_waits);
}

/* What fprintf returned, as columns. */
static size_t printed(int len)
{
	return len > 0 ? (size_t)len : 0;
}

/* Columns of how a time divides: nothing, blocked and runnable, or all three states. */
static void put_state_titles(const struct profile_tables *t, FILE *out)
{
	if (t->has_waits)
		(void)fprintf(out, "%s  %7s  %8s", t->has_cpu ? "   on CPU" : "", "blocked",
			      "runnable");
}

/* The number of columns used. */
static size_t put_states(const struct profile_tables *t, uint64_t weight, uint64_t blocked,
			 uint64_t runnable, FILE *out)
{
	size_t used = 0;

	if (t->has_waits && t->has_cpu)
		used += printed(
			fprintf(out, "  %5.1f %%", part_of_all(t, weight - blocked - runnable)));
	if (t->has_waits)
		used += printed(fprintf(out, "  %5.1f %%  %6.1f %%", part_of_all(t, blocked),
					part_of_all(t, runnable)));
	return used;
}

/* "  58.4 %  ######    "; the number of columns used. */
static size_t put_share(const struct profile_tables *t, uint64_t weight, FILE *out)
{
	double pct = part_of_all(t, weight);

	return printed(fprintf(out, "  %5.1f %%  %-*s", pct, BAR_LEN, table_bar(pct, BAR_LEN)));
}

/* --- functions -------------------------------------------------------------------------------- */

/* "  [module]", of a script's function "  file.js:12" with @max for that. Returns @buf. */
static char *where_text(const struct frame *f, size_t max, char buf[LABEL_LEN])
{
	char place[LABEL_LEN], cut[LABEL_LEN];

	buf[0] = '\0';
	if (f->kind == FRAME_JIT && f->file[0]) {
		(void)snprintf(place, sizeof(place), "%s:%u", f->file, f->line);
		(void)snprintf(buf, LABEL_LEN, "  %s", label_shorten(place, max, cut));
	} else if (f->function[0] && f->module[0]) {
		(void)snprintf(buf, LABEL_LEN, f->module[0] == '[' ? "  %s" : "  [%s]",
			       label_shorten(f->module, MODULE_MAX, cut));
	}
	return buf;
}

/* "  name  [module]" in what is left of a line of which @used columns are full. The end of a path
 * tells more than that of a name. */
static void put_name(const struct frame *f, size_t used, FILE *out)
{
	char label[LABEL_LEN], name[LABEL_LEN], where[LABEL_LEN];
	size_t room = LINE_WIDTH - 2 - used;

	room -= strlen(where_text(f, room / 2, where));
	(void)label_frame(f, label);
	if (strlen(label) > room)
		label_drop_parameters(label);
	(void)fprintf(out, "  %s%s\n", label_shorten(label, room, name), where);
}

static void put_by_self(const struct profile_tables *t, FILE *out)
{
	size_t count = 0, shown;

	while (count < t->functions->len && t->functions->at[count].self_weight)
		count++;
	shown = least(t->top, count);
	table_title("Functions by their own time", shown, count, out);
	(void)fprintf(out, "  %7s  %-*s  %7s  %10s  %s\n", "self", BAR_LEN, "", "total", "samples",
		      "function");
	for (size_t i = 0; i < shown; i++) {
		const struct profile_function *f = &t->functions->at[i];
		size_t used = put_share(t, f->self_weight, out);

		used += printed(fprintf(out, "  %5.1f %%  %10ju", part_of_all(t, f->total_weight),
					(uintmax_t)f->self_count));
		put_name(profile_frame(t->profile, f->frame), used, out);
	}
}

static int compare_weights(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

static int compare_owners(const void *left, const void *right, void *profile)
{
	const struct profile_function *a = left, *b = right;
	int order = compare_weights(a->own_weight, b->own_weight);

	if (!order)
		order = compare_weights(a->total_weight, b->total_weight);
	return order ? order
		     : frame_compare_functions(profile_frame(profile, a->frame),
					       profile_frame(profile, b->frame));
}

/* Of both: how each function's own time divides. */
static void put_by_owner(const struct profile_tables *t, FILE *out)
{
	struct profile_functions *f = t->functions;
	size_t count = 0, shown;

	qsort_r(f->at, f->len, sizeof(*f->at), compare_owners, (void *)t->profile);
	while (count < f->len && f->at[count].own_weight)
		count++;
	shown = least(t->top, count);
	table_title("Functions by their own time, running and waiting", shown, count, out);
	(void)fprintf(out, "  %7s  %-*s", "own", BAR_LEN, "");
	put_state_titles(t, out);
	(void)fputs("  function\n", out);
	for (size_t i = 0; i < shown; i++) {
		size_t used = put_share(t, f->at[i].own_weight, out);

		used += put_states(t, f->at[i].own_weight, f->at[i].own_blocked_weight,
				   f->at[i].own_runnable_weight, out);
		put_name(profile_frame(t->profile, f->at[i].frame), used, out);
	}
}

static int compare_totals(const void *left, const void *right, void *profile)
{
	const struct profile_function *a = left, *b = right;
	int order = compare_weights(a->total_weight, b->total_weight);

	if (!order)
		order = compare_weights(a->self_weight, b->self_weight);
	return order ? order
		     : frame_compare_functions(profile_frame(profile, a->frame),
					       profile_frame(profile, b->frame));
}

static void put_total_row(const struct profile_tables *t, const struct profile_function *f,
			  FILE *out)
{
	size_t used = put_share(t, f->total_weight, out);

	if (!t->has_waits)
		used += printed(fprintf(out, "  %5.1f %%", part_of_all(t, f->self_weight)));
	used += put_states(t, f->total_weight, f->blocked_weight, f->runnable_weight, out);
	if (has_one_kind(t))
		used += printed(fprintf(out, "  %10ju", (uintmax_t)f->total_count));
	put_name(profile_frame(t->profile, f->frame), used, out);
}

static void put_by_total(const struct profile_tables *t, FILE *out)
{
	struct profile_functions *f = t->functions;
	size_t shown = least(t->top, f->len);

	if (!shown)
		return;
	qsort_r(f->at, f->len, sizeof(*f->at), compare_totals, (void *)t->profile);
	table_title("Functions with what they call", shown, f->len, out);
	(void)fprintf(out, "  %7s  %-*s", "total", BAR_LEN, "");
	if (!t->has_waits)
		(void)fprintf(out, "  %7s", "self");
	put_state_titles(t, out);
	if (has_one_kind(t))
		(void)fprintf(out, "  %10s", t->has_waits ? "times" : "samples");
	(void)fputs("  function\n", out);
	for (size_t i = 0; i < shown; i++)
		put_total_row(t, &f->at[i], out);
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

	table_title("Where the time went", shown, t->waits->len, out);
	(void)fprintf(out, "  %7s  %-*s  %9s  %13s  %9s\n", "share", BAR_LEN, "", "time", "times",
		      "each");
	for (size_t i = 0; i < shown; i++) {
		const struct profile_wait *w = &t->waits->at[i];
		double pct = part_of_all(t, w->weight);
		char time[UNITS_LEN], each[UNITS_LEN], name[LABEL_LEN];

		(void)fprintf(out, "  %5.1f %%  %-*s  %9s  %13ju  %9s  %s\n", pct, BAR_LEN,
			      table_bar(pct, BAR_LEN), units_duration(w->weight, time),
			      (uintmax_t)w->count,
			      units_duration(w->count ? w->weight / w->count : 0, each),
			      wait_name(w, name));
	}
}

/* --- threads and processes -------------------------------------------------------------------- */

/* Three states leave no room for a bar and the name of the process. */
static void put_task(const struct profile_tables *t, const struct profile_task *task, FILE *out)
{
	char time[UNITS_LEN], name[LABEL_LEN], process[LABEL_LEN];

	if (has_one_kind(t))
		(void)put_share(t, task->weight, out);
	else
		(void)fprintf(out, "  %5.1f %%", part_of_all(t, task->weight));
	(void)fprintf(out, "  %9s", units_duration(task->weight, time));
	(void)put_states(t, task->weight, task->blocked_weight, task->runnable_weight, out);
	(void)label_shorten(task->process, t->has_waits && task->tid ? 8 : TASK_NAME_MAX, process);
	(void)label_shorten(task->thread, TASK_NAME_MAX - 8, name);
	if (!task->tid)
		(void)fprintf(out, "  %s (PID %d)\n", process, (int)task->pid);
	else if (has_one_kind(t))
		(void)fprintf(out, "  %s (TID %d) of %s (PID %d)\n", name, (int)task->tid, process,
			      (int)task->pid);
	else
		(void)fprintf(out, "  %s (TID %d) of PID %d\n", name, (int)task->tid,
			      (int)task->pid);
}

static void put_tasks(const struct profile_tables *t, FILE *out)
{
	size_t shown = least(t->top, t->tasks->len);

	if (t->tasks->len < 2)
		return;
	table_title(t->tasks->at[0].tid ? "Threads" : "Processes", shown, t->tasks->len, out);
	(void)fprintf(out, "  %7s", "share");
	if (has_one_kind(t))
		(void)fprintf(out, "  %-*s", BAR_LEN, "");
	(void)fprintf(out, "  %9s", "time");
	put_state_titles(t, out);
	(void)fputc('\n', out);
	for (size_t i = 0; i < shown; i++)
		put_task(t, &t->tasks->at[i], out);
}

void profile_tables_text(const struct profile_tables *t, FILE *out)
{
	if (t->has_waits)
		put_waits(t, out);
	if (t->functions->len && !t->has_waits)
		put_by_self(t, out);
	if (t->functions->len && t->has_waits && t->has_cpu)
		put_by_owner(t, out);
	put_by_total(t, out);
	put_tasks(t, out);
}

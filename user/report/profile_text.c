// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The profile as people read it: what was sampled, where the time went, what it rests on. */
#include "base/scope.h"
#include "base/units.h"
#include "report/frames_text.h"
#include "report/label.h"
#include "report/profile_report.h"
#include "report/profile_tables.h"
#include "report/stack_line.h"
#include "report/table_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WAIT_MAX  32 /* of what was waited for */
#define OWNER_MAX 28 /* of a thread, of a process */

/* --- header ----------------------------------------------------------------------------------- */

static bool is_event(const struct profile_meta *m, const char *event)
{
	return strcmp(m->event, event) == 0;
}

static bool has_waits(const struct profile_meta *m)
{
	return is_event(m, "off-cpu") || is_event(m, "wall");
}

/* What was counted. */
static const char *nouns_of(const struct profile_meta *m)
{
	if (is_event(m, "wall"))
		return "samples and waits";
	return is_event(m, "off-cpu") ? "waits" : "samples";
}

/* What one unit of a stack's count is called. */
static const char *noun_of(const struct profile_stack *s)
{
	return s->state == PROFILE_ON_CPU ? "sample" : "wait";
}

static void put_amount(const struct profile *p, const struct profile_meta *m, FILE *out)
{
	uint64_t count = profile_total_count(p), weight_ns = profile_total_weight(p);
	char text[UNITS_LEN];

	if (is_event(m, "wall"))
		(void)fprintf(out, "  %-8s  %ju %s", "counted", (uintmax_t)count, nouns_of(m));
	else
		(void)fprintf(out, "  %-8s  %ju", nouns_of(m), (uintmax_t)count);
	(void)fprintf(out, ", %s in all", units_duration(weight_ns, text));
	if (m->duration_ns)
		(void)fprintf(out, ", %.2f %s on average",
			      (double)weight_ns / (double)m->duration_ns,
			      has_waits(m) ? "threads" : "CPUs");
	(void)fputc('\n', out);
}

static void put_header(const struct profile *p, const struct profile_meta *m, FILE *out)
{
	char time[LABEL_TIME_LEN], text[UNITS_LEN];

	(void)fprintf(out, "cpu-sample %s, report of %s: %s\n", m->version,
		      label_time(m->time_ns, time), m->title);
	if (!m->is_complete)
		(void)fputs(
			"INCOMPLETE: not all of the time was recorded, see Losses at the end.\n",
			out);
	if (m->note)
		(void)fprintf(out, "Note: %s\n", m->note);
	(void)fprintf(out, "\n  %-8s  %s", "event", m->event);
	if (m->frequency_hz)
		(void)fprintf(out, " at %ju Hz", (uintmax_t)m->frequency_hz);
	(void)fprintf(out, ", for %s\n", units_duration(m->duration_ns, text));
	put_amount(p, m, out);
	(void)fprintf(out, "  %-8s  %ju\n", "lost", (uintmax_t)m->lost);
	(void)fprintf(out, "  %-8s  ", "stacks");
	stack_line_text(&m->stacks, out);
}

/* --- stacks ----------------------------------------------------------------------------------- */

static void put_state(const struct profile_stack *s, FILE *out)
{
	char wait[LABEL_LEN];

	if (s->state == PROFILE_RUNNABLE)
		(void)fputs(", runnable: waited for a CPU", out);
	else if (s->state == PROFILE_BLOCKED && s->wait[0])
		(void)fprintf(out, ", blocked in %s", label_shorten(s->wait, WAIT_MAX, wait));
	else if (s->state == PROFILE_BLOCKED)
		(void)fputs(", blocked", out);
}

static void put_owner(const struct profile_stack *s, bool has_processes, FILE *out)
{
	char name[LABEL_LEN];

	if (s->tid)
		(void)fprintf(out, "    %s (TID %d)",
			      label_shorten(s->thread[0] ? s->thread : "?", OWNER_MAX, name),
			      (int)s->tid);
	if (has_processes)
		(void)fprintf(out, "%s%s (PID %d)", s->tid ? " of " : "    ",
			      label_shorten(s->process, OWNER_MAX, name), (int)s->pid);
	if (s->tid || has_processes)
		(void)fputc('\n', out);
}

static void put_stack(const struct profile *p, size_t index, bool has_processes, FILE *out)
{
	const struct profile_stack *s = profile_stack(p, index);
	struct frame frames[PROFILE_MAX_DEPTH];
	char text[UNITS_LEN];

	for (size_t i = 0; i < s->depth; i++)
		frames[i] = *profile_frame(p, s->frames[i]);
	(void)fprintf(out, "\n#%zu  %.1f %%: %s in %ju %s%s", index + 1,
		      table_share_pct(s->weight, profile_total_weight(p)),
		      units_duration(s->weight, text), (uintmax_t)s->count, noun_of(s),
		      s->count == 1 ? "" : "s");
	put_state(s, out);
	(void)fputc('\n', out);
	put_owner(s, has_processes, out);
	frames_text(frames, s->depth, s->cut, out);
}

static bool has_processes(const struct profile_tasks *tasks)
{
	for (size_t i = 1; i < tasks->len; i++)
		if (tasks->at[i].pid != tasks->at[0].pid)
			return true;
	return false;
}

static void put_stacks(const struct profile *p, size_t top, const struct profile_tasks *tasks,
		       FILE *out)
{
	size_t count = profile_stack_count(p), shown = top < count ? top : count;
	bool name_processes = has_processes(tasks);
	uint64_t rest = 0;
	char text[UNITS_LEN];

	table_title("Stacks", shown, count, out);
	for (size_t i = 0; i < shown; i++)
		put_stack(p, i, name_processes, out);
	for (size_t i = shown; i < count; i++)
		rest += profile_stack(p, i)->weight;
	if (shown < count)
		(void)fprintf(out, "\n%zu more stack%s: %s, %.1f %% (-T %zu shows all).\n",
			      count - shown, count - shown == 1 ? "" : "s",
			      units_duration(rest, text),
			      table_share_pct(rest, profile_total_weight(p)), count);
}

/* --- footer ----------------------------------------------------------------------------------- */

static void put_footer(const struct profile *p, const struct profile_meta *m, FILE *out)
{
	double all = (double)profile_total_count(p) + (double)m->lost;
	char a[UNITS_LEN], b[UNITS_LEN], c[UNITS_LEN];

	if (m->lost)
		(void)fprintf(out, "\nLosses      %ju %s not recorded: %.3g %% of all\n",
			      (uintmax_t)m->lost, nouns_of(m), 100 * (double)m->lost / all);
	else
		(void)fprintf(out, "\nLosses      nothing lost: all %s are in the figures\n",
			      nouns_of(m));
	(void)fprintf(out, "Tool        %s resident, %s of CPU; tables %s\n",
		      units_bytes(m->own_rss_bytes, a), units_duration(m->own_cpu_ns, b),
		      units_bytes(m->table_bytes, c));
}

static void put_nothing(const struct profile_meta *m, FILE *out)
{
	if (!has_waits(m))
		(void)fputs("\nNo sample was taken: the target did not run.\n", out);
	else
		(void)fprintf(out,
			      "\nNo %s was seen: the target %s, or waited all the time "
			      "(a wait that began\nbefore the start is not measured).\n",
			      is_event(m, "wall") ? "sample and no wait" : "wait",
			      is_event(m, "wall") ? "did not run" : "ran all the time");
}

int profile_text(const struct profile *p, const struct profile_meta *m, size_t top, FILE *out)
{
	_release_(profile_functions_done) struct profile_functions functions = { 0 };
	_release_(profile_tasks_done) struct profile_tasks tasks = { 0 };
	_release_(profile_waits_done) struct profile_waits waits = { 0 };

	if (profile_functions(p, &functions) || profile_tasks(p, &tasks) ||
	    profile_waits(p, &waits))
		return -ENOMEM;
	put_header(p, m, out);
	if (!profile_stack_count(p)) {
		put_nothing(m, out);
	} else {
		profile_tables_text(&(struct profile_tables){ p, &functions, &tasks, &waits, top,
							      !is_event(m, "off-cpu"),
							      has_waits(m) },
				    out);
		put_stacks(p, top, &tasks, out);
	}
	put_footer(p, m, out);
	return fflush(out) || ferror(out) ? -EIO : 0;
}

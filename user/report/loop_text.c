// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The report as people read it: the loops, what stalled them and in which code, what it rests on.
 */
#include "base/scope.h"
#include "base/units.h"
#include "report/frames_text.h"
#include "report/label.h"
#include "report/loop_report.h"
#include "report/loop_report_parts.h"
#include "report/stack_line.h"
#include "report/table_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BAR_LEN	       10
#define WAIT_MAX       32
#define FUNCTION_MAX   34
#define PLURAL(number) ((number) == 1 ? "" : "s")

/* --- header ----------------------------------------------------------------------------------- */

static uint64_t sum_of_stalls(const struct loops *l, uint64_t *ret_ns)
{
	uint64_t count = 0;

	*ret_ns = 0;
	for (size_t i = 0; i < l->loop_count; i++) {
		count += l->loops[i].total.stalls;
		*ret_ns += l->loops[i].total.stall_ns;
	}
	return count;
}

static void put_header(const struct loops *l, FILE *out)
{
	const struct loops_meta *m = &l->meta;
	uint64_t stall_ns = 0, stalls = sum_of_stalls(l, &stall_ns);
	char time[LABEL_TIME_LEN], text[UNITS_LEN];
	size_t go_on = 0;

	for (size_t i = 0; i < l->stall_count; i++)
		go_on += l->stalls[i].is_going_on;
	(void)fprintf(out, "loop-stall %s, report of %s: %s\n", m->version,
		      label_time(m->time_ns, time), m->title);
	if (!m->is_complete)
		(void)fputs("INCOMPLETE: not all was recorded, see Losses at the end.\n", out);
	if (m->note)
		(void)fprintf(out, "Note: %s\n", m->note);
	(void)fprintf(out, "\n  %-8s  %zu in %s\n", "loops", l->loop_count,
		      units_duration(m->duration_ns, text));
	(void)fprintf(out, "  %-8s  %ju, %s in all", "stalls", (uintmax_t)stalls,
		      units_duration(stall_ns, text));
	if (go_on)
		(void)fprintf(out, ", %zu still going on", go_on);
	(void)fprintf(out, "; a stall is an iteration of %s or more\n",
		      units_duration(m->threshold_ns, text));
	(void)fprintf(out, "  %-8s  ", "stacks");
	if (m->frequency_hz)
		stack_line_text(&m->stacks, out);
	else
		(void)fputs("none wanted\n", out);
}

/* --- what stalls are made of ------------------------------------------------------------------ */

struct verdict_sum {
	enum stall_verdict verdict;
	uint64_t count, ns, longest_ns;
};

static int compare_sums(const void *left, const void *right)
{
	const struct verdict_sum *a = left, *b = right;

	if (a->ns != b->ns)
		return a->ns > b->ns ? -1 : 1;
	return (a->verdict > b->verdict) - (a->verdict < b->verdict);
}

static void put_verdicts(const struct loops *l, FILE *out)
{
	struct verdict_sum sums[STALL_VERDICTS] = { 0 };
	uint64_t all_ns = 0;
	char total[UNITS_LEN], longest[UNITS_LEN];

	for (int i = 0; i < STALL_VERDICTS; i++)
		sums[i].verdict = (enum stall_verdict)i;
	for (size_t i = 0; i < l->stall_count; i++) {
		const struct stall *s = &l->stalls[i];
		struct verdict_sum *sum = &sums[loop_verdict(l, s)];

		sum->count++;
		sum->ns += s->ns;
		sum->longest_ns = s->ns > sum->longest_ns ? s->ns : sum->longest_ns;
		all_ns += s->ns;
	}
	qsort(sums, STALL_VERDICTS, sizeof(*sums), compare_sums);
	table_title("Stalls by what they are mostly made of", 1, 1, out);
	(void)fprintf(out, "  %7s  %-*s  %9s  %9s  %9s\n", "share", BAR_LEN, "", "time", "stalls",
		      "longest");
	for (int i = 0; i < STALL_VERDICTS && sums[i].count; i++) {
		double pct = table_share_pct(sums[i].ns, all_ns);

		(void)fprintf(out, "  %5.1f %%  %-*s  %9s  %9ju  %9s  %s\n", pct, BAR_LEN,
			      table_bar(pct, BAR_LEN), units_duration(sums[i].ns, total),
			      (uintmax_t)sums[i].count, units_duration(sums[i].longest_ns, longest),
			      stall_verdict_texts[sums[i].verdict]);
	}
}

/* --- culprits --------------------------------------------------------------------------------- */

/* The innermost function of the program itself, and its caller; the kernel's and libc's say less.
 */
static void put_functions(const struct frame *frames, size_t depth, FILE *out)
{
	char label[LABEL_LEN], cut[LABEL_LEN];
	size_t first = loop_own_frame(frames, depth);

	for (size_t i = first; i < depth && i < first + 2; i++)
		(void)fprintf(out, "%s%s", i == first ? ": " : ", called by ",
			      label_shorten(label_frame(&frames[i], label), FUNCTION_MAX, cut));
	(void)fputc('\n', out);
}

void loop_put_culprit(const struct profile *p, const struct profile_stack *s, size_t number,
		      FILE *out)
{
	struct frame frames[PROFILE_MAX_DEPTH];
	struct loop_info info = { .tid = s->tid, .thread = s->thread };
	char text[UNITS_LEN], wait[LABEL_LEN], name[LOOP_TEXT_LEN];

	for (size_t i = 0; i < s->depth; i++)
		frames[i] = *profile_frame(p, s->frames[i]);
	(void)fprintf(out, "\n#%zu  %.1f %%", number,
		      table_share_pct(s->weight, profile_total_weight(p)));
	put_functions(frames, s->depth, out);
	(void)fprintf(out, "    %s in %ju stall%s of %s, ", units_duration(s->weight, text),
		      (uintmax_t)s->count, PLURAL(s->count), loop_name_text(&info, name));
	if (s->state == PROFILE_ON_CPU)
		(void)fputs("running\n", out);
	else
		(void)fprintf(out, "asleep in %s\n", label_shorten(s->wait, WAIT_MAX, wait));
	frames_text(frames, s->depth, s->cut, out);
}

/* What has no stack, by the name that stands for it. */
static void put_rest(const struct profile *p, FILE *out)
{
	static const char *const names[] = { "[CPU wait]", "[throttled]", "[stopped]",
					     "[not to blame]", "[no sample]" };
	const char *title = "\nWithout a stack to blame:\n";
	char text[UNITS_LEN];

	for (size_t n = 0; n < sizeof(names) / sizeof(*names); n++) {
		uint64_t ns = 0;

		for (size_t i = 0; i < profile_stack_count(p); i++) {
			const struct profile_stack *s = profile_stack(p, i);

			if (!loops_is_stack(p, s) &&
			    !strcmp(profile_frame(p, s->frames[0])->function, names[n]))
				ns += s->weight;
		}
		if (!ns)
			continue;
		(void)fprintf(out, "%s  %9s  %s\n", title, units_duration(ns, text), names[n]);
		title = "";
	}
}

static void put_culprits(const struct profile *p, size_t top, FILE *out)
{
	size_t count = 0, shown = 0;

	for (size_t i = 0; i < profile_stack_count(p); i++)
		count += loops_is_stack(p, profile_stack(p, i));
	if (count)
		table_title("Culprits: stacks by the time they stalled a loop",
			    top < count ? top : count, count, out);
	for (size_t i = 0; i < profile_stack_count(p) && shown < top; i++)
		if (loops_is_stack(p, profile_stack(p, i)))
			loop_put_culprit(p, profile_stack(p, i), ++shown, out);
	put_rest(p, out);
}

/* --- single stalls ---------------------------------------------------------------------------- */

static int compare_lengths(const void *left, const void *right)
{
	const struct stall *const *a = left, *const *b = right;

	if ((*a)->ns != (*b)->ns)
		return (*a)->ns > (*b)->ns ? -1 : 1;
	return (*a > *b) - (*a < *b);
}

static int put_longest(const struct loops *l, size_t top, FILE *out)
{
	size_t shown = top < l->stall_count ? top : l->stall_count;
	_release_(freep) const struct stall **by_length =
		calloc(l->stall_count + 1, sizeof(*by_length));

	if (!by_length)
		return -ENOMEM;
	for (size_t i = 0; i < l->stall_count; i++)
		by_length[i] = &l->stalls[i];
	qsort(by_length, l->stall_count, sizeof(*by_length), compare_lengths);
	table_title("Longest stalls", shown, l->stall_count, out);
	for (size_t i = 0; i < shown; i++)
		loop_put_stall(l, by_length[i], out);
	return 0;
}

static void put_list(const struct loops *l, FILE *out)
{
	table_title("All stalls, in order of time (UTC)", 1, 1, out);
	for (size_t i = 0; i < l->stall_count; i++) {
		loop_put_stall(l, &l->stalls[i], out);
		loop_put_stall_stack(l, &l->stalls[i], out);
	}
}

static int put_stalls(const struct loops *l, const struct loop_report_style *style, FILE *out)
{
	_release_(profile_freep) struct profile *p = NULL;
	int err = loops_profile(l, &p);

	if (err)
		return err;
	put_verdicts(l, out);
	put_culprits(p, style->top, out);
	if (!style->has_list || style->top < l->stall_count)
		err = put_longest(l, style->top, out);
	if (!err && style->has_list)
		put_list(l, out);
	return err;
}

/* --- footer ----------------------------------------------------------------------------------- */

static void put_losses(const struct loops_meta *m, FILE *out)
{
	const struct {
		uint64_t count;
		const char *name, *meaning;
	} losses[] = {
		{ m->lost_events, "lost_events", "stalls and samples that no room was left for" },
		{ m->lost_stacks, "lost_stacks", "stacks that could not be kept" },
		{ m->lost_loops, "lost_loops", "threads beyond those that can be observed" },
		{ m->dropped_stalls, "dropped_stalls",
		  "stalls in the figures, but not kept one by one" },
		{ m->skipped_stacks, "skipped_stacks",
		  "times asleep beyond the rate that stacks are taken at" },
	};
	bool has_lost = false;

	for (size_t i = 0; i < sizeof(losses) / sizeof(*losses); i++)
		has_lost |= losses[i].count > 0;
	if (!has_lost) {
		(void)fputs("\nLosses      nothing lost: every iteration and stall is in the "
			    "figures\n",
			    out);
		return;
	}
	(void)fputs("\nLosses\n", out);
	for (size_t i = 0; i < sizeof(losses) / sizeof(*losses); i++)
		if (losses[i].count)
			(void)fprintf(out, "  %-14s %10ju  %s\n", losses[i].name,
				      (uintmax_t)losses[i].count, losses[i].meaning);
}

static void put_footer(const struct loops_meta *m, FILE *out)
{
	char a[UNITS_LEN], b[UNITS_LEN], c[UNITS_LEN];

	put_losses(m, out);
	(void)fprintf(out, "Tool        %s resident, %s of CPU; tables %s\n",
		      units_bytes(m->own_rss_bytes, a), units_duration(m->own_cpu_ns, b),
		      units_bytes(m->table_bytes, c));
}

static void put_no_loop(FILE *out)
{
	(void)fputs(
		"\nNo event loop was seen: no thread waited three times for the same epoll "
		"instance, or in poll,\nselect or io_uring_enter, and slept in one of the "
		"waits.\n"
		"  - An idle loop may wait for minutes: watch for longer (-d), or send it a "
		"request.\n"
		"  - A process that only starts others has no loop of its own: -s follows its "
		"children.\n"
		"  - A server of one thread per connection has none: cpu-sample --off-cpu shows "
		"what that waits for.\n",
		out);
}

int loop_report_text(const struct loops *l, const struct loop_report_style *style, FILE *out)
{
	int err = 0;

	put_header(l, out);
	if (!l->loop_count)
		put_no_loop(out);
	for (size_t i = 0; i < l->loop_count; i++)
		loop_put_figures(l, i, out);
	if (l->stall_count)
		err = put_stalls(l, style, out);
	if (err)
		return err;
	put_footer(&l->meta, out);
	return fflush(out) || ferror(out) ? -EIO : 0;
}

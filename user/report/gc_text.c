// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The report as people read it: the heaps, why they were collected, the longest pauses, what it
 * rests on. */
#include "base/scope.h"
#include "base/units.h"
#include "report/frames_text.h"
#include "report/gc_report.h"
#include "report/gc_report_parts.h"
#include "report/label.h"
#include "report/stack_line.h"
#include "report/table_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void put_header(const struct gcs *g, FILE *out)
{
	const struct gcs_meta *m = &g->meta;
	char time[LABEL_TIME_LEN], text[UNITS_LEN];

	(void)fprintf(out, "gc-trace %s, report of %s: %s\n", m->version,
		      label_time(m->time_ns, time), m->title);
	if (!m->is_complete)
		(void)fputs("INCOMPLETE: not all was recorded, see Losses at the end.\n", out);
	(void)fprintf(out, "Source: %s\n", m->anchors);
	if (m->note)
		(void)fprintf(out, "Note: %s\n", m->note);
	(void)fprintf(out, "\n  %-8s  %zu in %s\n", "heaps", g->heap_count,
		      units_duration(m->duration_ns, text));
	if (m->has_stacks) {
		(void)fprintf(out, "  %-8s  ", "stacks");
		stack_line_text(&m->stacks, out);
	}
}

/* --- reasons ---------------------------------------------------------------------------------- */

struct cause {
	enum gc_kind kind;
	const char *reason, *detail;
	uint64_t count, ns, longest_ns;
	const struct gc_collection *example;
};

static int compare_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int compare_collections(const void *left, const void *right)
{
	const struct gc_collection *a = *(const struct gc_collection *const *)left;
	const struct gc_collection *b = *(const struct gc_collection *const *)right;
	int order = compare_text(a->reason, b->reason);

	if (a->kind != b->kind)
		return a->kind > b->kind ? 1 : -1;
	return order ? order : compare_text(a->detail, b->detail);
}

static int compare_causes(const void *left, const void *right)
{
	const struct cause *a = left, *b = right;

	if (a->ns != b->ns)
		return a->ns > b->ns ? -1 : 1;
	return compare_collections(&a->example, &b->example);
}

static void count_causes(const struct gc_collection *const *sorted, size_t count,
			 struct cause *causes, size_t *ret_count)
{
	size_t len = 0;

	for (size_t i = 0; i < count; i++) {
		const struct gc_collection *c = sorted[i];

		if (!i || compare_collections(&sorted[i - 1], &sorted[i]) != 0)
			causes[len++] = (struct cause){ .kind = c->kind, .example = c };
		causes[len - 1].count++;
		causes[len - 1].ns += c->pause_ns;
		if (c->pause_ns > causes[len - 1].longest_ns)
			causes[len - 1].longest_ns = c->pause_ns;
	}
	*ret_count = len;
}

static int put_causes(const struct gcs *g, size_t top, FILE *out)
{
	size_t n = g->collection_count, count = 0, shown;
	_release_(freep) const struct gc_collection **sorted = calloc(n + 1, sizeof(*sorted));
	_release_(freep) struct cause *causes = calloc(n + 1, sizeof(*causes));
	char total[UNITS_LEN], longest[UNITS_LEN], reason[GC_TEXT_LEN];

	if (!sorted || !causes)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		sorted[i] = &g->collections[i];
	qsort(sorted, n, sizeof(*sorted), compare_collections);
	count_causes(sorted, n, causes, &count);
	qsort(causes, count, sizeof(*causes), compare_causes);
	shown = top < count ? top : count;
	table_title("Why: reasons by the time their pauses took", shown, count, out);
	(void)fprintf(out, "  %9s  %8s  %9s  %-16s  %s\n", "time", "count", "longest", "kind",
		      "reason");
	for (size_t i = 0; i < shown; i++)
		(void)fprintf(out, "  %9s  %8ju  %9s  %-16s  %s\n",
			      units_duration(causes[i].ns, total), (uintmax_t)causes[i].count,
			      units_duration(causes[i].longest_ns, longest),
			      gc_kind_texts[causes[i].kind], gc_reason(causes[i].example, reason));
	return 0;
}

/* --- single pauses ---------------------------------------------------------------------------- */

static int compare_lengths(const void *left, const void *right)
{
	const struct gc_collection *a = *(const struct gc_collection *const *)left;
	const struct gc_collection *b = *(const struct gc_collection *const *)right;

	if (a->pause_ns != b->pause_ns)
		return a->pause_ns > b->pause_ns ? -1 : 1;
	return (a > b) - (a < b);
}

static int put_longest(const struct gcs *g, size_t top, FILE *out)
{
	size_t n = g->collection_count, shown = top < n ? top : n;
	_release_(freep) const struct gc_collection **sorted = calloc(n + 1, sizeof(*sorted));
	struct gc_collection bare;
	int err = 0;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		sorted[i] = &g->collections[i];
	qsort(sorted, n, sizeof(*sorted), compare_lengths);
	table_title("Longest pauses", shown, n, out);
	for (size_t i = 0; i < shown && !err; i++) {
		bare = *sorted[i];
		bare.stack = NULL;
		(void)fputs("  ", out);
		err = gc_report_collection(g, &bare, out);
	}
	return err;
}

/* --- stacks ----------------------------------------------------------------------------------- */

static int compare_stacks(const void *left, const void *right)
{
	const struct gc_stack *a = *(const struct gc_stack *const *)left;
	const struct gc_stack *b = *(const struct gc_stack *const *)right;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return (a->ns < b->ns) - (a->ns > b->ns);
}

static int put_stacks(const struct gcs *g, FILE *out)
{
	_release_(freep) const struct gc_stack **sorted =
		calloc(g->stack_count + 1, sizeof(*sorted));
	char text[UNITS_LEN];

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < g->stack_count; i++)
		sorted[i] = g->stacks[i];
	qsort(sorted, g->stack_count, sizeof(*sorted), compare_stacks);
	table_title("Triggers: stacks that collections began in", g->stack_count, g->stack_count,
		    out);
	for (size_t i = 0; i < g->stack_count; i++) {
		(void)fprintf(out, "\n#%zu  %ju collection%s, pauses %s\n", i + 1,
			      (uintmax_t)sorted[i]->count, sorted[i]->count == 1 ? "" : "s",
			      units_duration(sorted[i]->ns, text));
		frames_text(sorted[i]->frames, sorted[i]->depth, sorted[i]->cut, out);
	}
	return 0;
}

/* --- footer ----------------------------------------------------------------------------------- */

static void put_losses(const struct gcs_meta *m, FILE *out)
{
	const struct {
		uint64_t count;
		const char *name, *meaning;
	} losses[] = {
		{ m->lost_events, "lost_events", "collections that no room was left for" },
		{ m->lost_stacks, "lost_stacks", "stacks that could not be kept" },
		{ m->lost_threads, "lost_threads", "hits in threads beyond those observed" },
		{ m->lost_ends, "lost_ends", "pauses whose end was not seen" },
		{ m->broken_events, "broken_events", "that made no sense" },
		{ m->dropped_collections, "dropped_collections",
		  "in the figures, but not kept one by one" },
	};
	bool has_lost = false;

	for (size_t i = 0; i < sizeof(losses) / sizeof(*losses); i++)
		has_lost |= losses[i].count > 0;
	(void)fputs(has_lost ? "\nLosses\n"
			     : "\nLosses      nothing lost: every collection is in the figures\n",
		    out);
	for (size_t i = 0; i < sizeof(losses) / sizeof(*losses); i++)
		if (losses[i].count)
			(void)fprintf(out, "  %-19s %10ju  %s\n", losses[i].name,
				      (uintmax_t)losses[i].count, losses[i].meaning);
}

static void put_footer(const struct gcs_meta *m, FILE *out)
{
	char a[UNITS_LEN], b[UNITS_LEN], c[UNITS_LEN];

	put_losses(m, out);
	if (m->begun_before)
		(void)fprintf(out, "Attach      %ju collection%s under way then, not counted\n",
			      (uintmax_t)m->begun_before, m->begun_before == 1 ? " was" : "s were");
	(void)fputs("Promoted    not shown: V8 keeps it where it cannot be read from outside\n",
		    out);
	(void)fprintf(out, "Tool        %s resident, %s of CPU; tables %s\n",
		      units_bytes(m->own_rss_bytes, a), units_duration(m->own_cpu_ns, b),
		      units_bytes(m->table_bytes, c));
}

static void put_no_collection(FILE *out)
{
	(void)fputs(
		"\nNo collection was seen: an idle heap is not collected for minutes. Watch for "
		"longer (-d), or send\nthe application work.\n",
		out);
}

int gc_report_text(const struct gcs *g, const struct gc_report_style *style, FILE *out)
{
	int err = 0;

	put_header(g, out);
	if (!g->heap_count)
		put_no_collection(out);
	for (size_t i = 0; i < g->heap_count; i++)
		gc_put_figures(g, i, out);
	if (g->collection_count) {
		err = put_causes(g, style->top, out);
		if (!err)
			err = put_longest(g, style->top, out);
	}
	if (!err && g->stack_count)
		err = put_stacks(g, out);
	if (err)
		return err;
	put_footer(&g->meta, out);
	return fflush(out) || ferror(out) ? -EIO : 0;
}

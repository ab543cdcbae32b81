// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The report as people read it: what grows, who holds it, and what else has changed. */
#include "base/units.h"
#include "report/heap_report.h"
#include "report/heap_way.h"
#include "report/label.h"
#include "report/table_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TEXT_SHOWN   60 /* bytes of a string or a name in a table */
#define FILE_SHOWN   120
#define WAYS_SHOWN   3
#define STEPS_SHOWN  12
#define PARTS_SHOWN  5
#define ANCHOR_LEAST 100 /* of the largest: so small a part is not shown */

struct page {
	const struct findings *f;
	const struct heap_report_style *style;
	FILE *out;
};

static size_t lesser(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* --- header ----------------------------------------------------------------------------------- */

static void put_files(const struct page *p)
{
	const struct findings *f = p->f;
	char bytes[UNITS_LEN];

	for (size_t i = 0; i < f->count; i++) {
		char name[LABEL_LEN], clean[TEXT_MAX];

		(void)text_clean(f->files[i].name, strlen(f->files[i].name), clean, sizeof(clean));
		(void)fprintf(p->out, "  %zu  %s: %s in %ju objects (%ju nodes, %ju edges)\n",
			      i + 1, label_shorten(clean, FILE_SHOWN, name),
			      units_bytes(f->series[i].all.bytes, bytes),
			      (uintmax_t)f->series[i].all.count, (uintmax_t)f->files[i].nodes,
			      (uintmax_t)f->files[i].edges);
	}
}

static void put_header(const struct page *p)
{
	static const char *const questions[] = {
		[FINDINGS_DIFF] = "what grows between heap snapshots",
		[FINDINGS_TOP] = "what is in a heap snapshot",
		[FINDINGS_RETAINERS] = "who holds objects in a heap snapshot",
	};
	const struct comparison *c = &p->f->comparison;

	(void)fprintf(p->out, "heap-diff %s: %s\n\n", p->style->version,
		      questions[p->f->plan.kind]);
	put_files(p);
	if (p->f->plan.kind != FINDINGS_DIFF)
		return;
	if (c->has_ids)
		(void)fprintf(
			p->out,
			"\nOf %ju objects in the first, %ju are in the last one too (%.1f %%).\n",
			(uintmax_t)c->old_count, (uintmax_t)c->shared_count,
			table_share_pct(c->shared_count, c->old_count));
	else
		(void)fputs("\nOnly counts were compared: which objects are new is not known.\n",
			    p->out);
}

/* --- classes ---------------------------------------------------------------------------------- */

static void put_counts(const struct page *p, uint32_t class)
{
	for (size_t i = 0; p->f->count > 2 && i < p->f->count; i++)
		(void)fprintf(p->out, "%s%ju", i ? " -> " : "  ",
			      (uintmax_t)census_of(&p->f->series[i], class).count);
}

static void put_class_head(const struct page *p)
{
	if (p->f->comparison.has_ids)
		(void)fprintf(p->out, "%10s %10s %10s %11s %11s %11s  %s\n", "new", "deleted",
			      "kept", "size", "retained", "now", "class");
	else
		(void)fprintf(p->out, "%10s %10s %11s %11s %11s  %s\n", "before", "after", "size",
			      "retained", "now", "class");
}

static void put_class(const struct page *p, const struct comparison_row *r)
{
	char size[UNITS_LEN], retained[UNITS_LEN], now[UNITS_LEN], name[LABEL_LEN];
	int64_t grown = (int64_t)(r->after.retained - r->before.retained);

	if (p->f->comparison.has_ids)
		(void)fprintf(p->out, "%+10jd %+10jd %10ju", (intmax_t)r->new_count,
			      -(intmax_t)r->deleted_count, (uintmax_t)r->kept_count);
	else
		(void)fprintf(p->out, "%10ju %10ju", (uintmax_t)r->before.count,
			      (uintmax_t)r->after.count);
	(void)fprintf(p->out, " %11s %11s %11s  %s",
		      units_bytes_delta((int64_t)(r->after.bytes - r->before.bytes), size),
		      units_bytes_delta(grown, retained), units_bytes(r->after.retained, now),
		      label_shorten(classes_name(&p->f->classes, r->class), TEXT_SHOWN, name));
	put_counts(p, r->class);
	(void)fputc('\n', p->out);
}

/* Of the growing classes, or of the others: growing ones stand first. */
static void put_classes(const struct page *p, bool is_growing)
{
	const struct comparison *c = &p->f->comparison;
	size_t first = is_growing ? 0 : p->f->growing_count;
	size_t count = is_growing ? p->f->growing_count : c->len - p->f->growing_count;
	size_t shown = lesser(count, p->style->top);

	if (!count)
		return;
	table_title(is_growing ? "Growing" : "Other changes", shown, count, p->out);
	put_class_head(p);
	for (size_t i = 0; i < shown; i++)
		put_class(p, &c->at[first + i]);
}

static void put_top(const struct page *p)
{
	const struct comparison *c = &p->f->comparison;
	size_t shown = lesser(c->len, p->style->top);
	char size[UNITS_LEN], retained[UNITS_LEN], name[LABEL_LEN];

	table_title("Classes by what they keep alive", shown, c->len, p->out);
	(void)fprintf(p->out, "%10s %11s %11s %7s  %s\n", "objects", "size", "retained", "",
		      "class");
	for (size_t i = 0; i < shown; i++) {
		const struct comparison_row *r = &c->at[i];

		(void)fprintf(
			p->out, "%10ju %11s %11s %5.1f %%  %s\n", (uintmax_t)r->after.count,
			units_bytes(r->after.bytes, size), units_bytes(r->after.retained, retained),
			table_share_pct(r->after.retained, p->f->series[0].all.retained),
			label_shorten(classes_name(&p->f->classes, r->class), TEXT_SHOWN, name));
	}
}

/* --- holders ---------------------------------------------------------------------------------- */

/* "variable report (600 scopes) in /srv/store.js" */
static void put_variable(const struct page *p, const struct heap_way_step *s, const char *before)
{
	char edge[LABEL_LEN];

	(void)fprintf(p->out, "variable %s", label_shorten(s->edge, TEXT_SHOWN, edge));
	if (s->scopes > 1)
		(void)fprintf(p->out, " (%u scopes)", s->scopes);
	if (s->script && before && strcmp(s->script, before) == 0)
		(void)fputs(" in the same file", p->out);
	else if (s->script)
		(void)fprintf(p->out, " in %s", s->script);
}

/* " <- Map <- variable sessions in /srv/store.js": arrays and V8's own parts are left out, and
 * what holds the scope of the variable that it ends at. */
static void put_way(const struct page *p, uint32_t shape)
{
	struct heap_way way;
	const char *script = NULL;
	size_t shown = 0;

	heap_way(p->f, shape, &way);
	for (size_t i = 0; i < way.shown; i++) {
		const struct heap_way_step *s = &way.steps[i];
		char edge[LABEL_LEN], class[LABEL_LEN];

		(void)label_shorten(s->edge, TEXT_SHOWN, edge);
		(void)label_shorten(s->class, TEXT_SHOWN, class);
		if (s->type != EDGE_CONTEXT && s->is_part && i + 1 < way.shown)
			continue;
		if (++shown > STEPS_SHOWN) {
			(void)fputs(" <- ...", p->out);
			return;
		}
		if (s->type == EDGE_CONTEXT) {
			(void)fputs(" <- ", p->out);
			put_variable(p, s, script);
			script = s->script;
		} else if (s->type == EDGE_PROPERTY)
			(void)fprintf(p->out, " <- .%s of %s%s", edge, class,
				      s->repeats ? " (a chain)" : "");
		else
			(void)fprintf(p->out, " <- %s%s", class, s->repeats ? " (a chain)" : "");
	}
	if (!way.len)
		(void)fputs(" <- nothing", p->out);
}

static void put_held(const struct page *p, const struct findings_held *h)
{
	size_t most = p->f->plan.kind == FINDINGS_RETAINERS ? p->style->top : WAYS_SHOWN;
	size_t shown = lesser(h->way_count, most);
	const char *what = p->f->comparison.has_ids ? "new " : "";
	char name[LABEL_LEN], size[UNITS_LEN];

	(void)label_shorten(classes_name(&p->f->classes, h->class), TEXT_SHOWN, name);
	(void)fputc('\n', p->out);
	for (size_t i = 0; i < shown; i++) {
		const struct findings_way *w = &h->ways[i];

		(void)fprintf(p->out, "  %ju of %ju %s%s", (uintmax_t)w->count, (uintmax_t)h->count,
			      what, name);
		put_way(p, w->shape);
		(void)fprintf(p->out, "; %s\n", units_bytes(w->bytes, size));
	}
	if (shown < h->way_count)
		(void)fprintf(p->out, "  and %zu ways more\n", h->way_count - shown);
}

static void put_parts(const struct page *p, const struct anchors_row *r)
{
	size_t shown = lesser(r->parts.len, PARTS_SHOWN);

	(void)fprintf(p->out, "\n%14s", "");
	for (size_t i = 0; i < shown; i++) {
		const struct anchors_part *part = &r->parts.at[i];
		char name[LABEL_LEN];

		(void)label_shorten(classes_name(&p->f->classes, part->class), TEXT_SHOWN, name);
		if (part->count == part->all)
			(void)fprintf(p->out, "%sall %ju %s", i ? ", " : "", (uintmax_t)part->all,
				      name);
		else
			(void)fprintf(p->out, "%s%ju of %ju %s", i ? ", " : "",
				      (uintmax_t)part->count, (uintmax_t)part->all, name);
	}
	if (shown < r->parts.len)
		(void)fprintf(p->out, " and %zu more", r->parts.len - shown);
	(void)fputc('\n', p->out);
}

/* The whole answer in two lines for each cause. */
static void put_anchors(const struct page *p)
{
	const struct anchors *a = &p->f->anchors;
	size_t shown = 0, most = lesser(a->len, p->style->top);
	char size[UNITS_LEN];

	/* Crumbs of anything that goes on in a program are no cause. */
	while (shown < most && a->at[shown].bytes >= a->at[0].bytes / ANCHOR_LEAST)
		shown++;
	if (!shown)
		return;
	table_title(p->f->comparison.has_ids ? "Where what is new is held"
					     : "Where the classes that grow are held",
		    shown, a->len, p->out);
	for (size_t i = 0; i < shown; i++) {
		const struct anchors_row *r = &a->at[i];
		struct heap_way way;

		heap_way(p->f, r->shape, &way);
		(void)fprintf(p->out, "%11s   ", units_bytes_delta((int64_t)r->bytes, size));
		if (way.len && way.steps[0].type == EDGE_CONTEXT)
			put_variable(p, &way.steps[0], NULL);
		else if (way.len)
			(void)fprintf(p->out, "%s %s of %s", way.steps[0].kind, way.steps[0].edge,
				      way.steps[0].class);
		else
			(void)fputs("nothing", p->out);
		put_parts(p, r);
	}
}

static void put_all_held(const struct page *p)
{
	if (p->f->held.len)
		(void)fprintf(p->out, "\nWho holds %s, by the shortest way:\n",
			      p->f->comparison.has_ids ? "what is new" : "them");
	for (size_t i = 0; i < lesser(p->f->held.len, p->style->top); i++)
		put_held(p, &p->f->held.at[i]);
}

/* Each step of each way, and an object to look at in DevTools. */
static void put_steps(const struct page *p, const struct findings_held *h, size_t index)
{
	const struct snapshot *s = &p->f->last.snapshot;
	struct heap_way way;
	char name[LABEL_LEN], edge[LABEL_LEN];

	heap_way(p->f, h->ways[index].shape, &way);
	(void)fprintf(p->out, "\n  %ju of %ju, for example @%u:\n", (uintmax_t)h->ways[index].count,
		      (uintmax_t)h->count,
		      s->id[p->f->holders.shapes.at[h->ways[index].shape].node]);
	for (size_t i = 0; i < way.len; i++) {
		const struct heap_way_step *step = &way.steps[i];

		(void)fprintf(p->out, "    %-8s %-24s of %s @%u%s%s%s\n", step->kind,
			      label_shorten(step->edge, TEXT_SHOWN, edge),
			      label_shorten(step->class, TEXT_SHOWN, name), s->id[step->node],
			      step->repeats ? " (a chain)" : "", step->script ? ", in " : "",
			      step->script ? step->script : "");
	}
}

static void put_retainers(const struct page *p)
{
	const struct findings_held *h = p->f->held.at;
	char size[UNITS_LEN], retained[UNITS_LEN], name[LABEL_LEN];
	size_t shown = lesser(h->way_count, p->style->top);

	(void)fprintf(p->out, "\n%s",
		      label_shorten(classes_name(&p->f->classes, h->class), TEXT_SHOWN, name));
	if (h->node != SNAPSHOT_NONE)
		(void)fprintf(p->out, " @%u", p->f->last.snapshot.id[h->node]);
	else
		(void)fprintf(p->out, ": %ju objects", (uintmax_t)h->count);
	(void)fprintf(p->out, ", size %s, retained %s\n", units_bytes(h->bytes, size),
		      units_bytes(h->retained, retained));
	table_title("Ways that hold them", shown, h->way_count, p->out);
	put_held(p, h);
	for (size_t i = 0; i < shown; i++)
		put_steps(p, h, i);
}

/* --- functions and strings -------------------------------------------------------------------- */

static void put_functions(const struct page *p)
{
	const struct functions *f = &p->f->functions;
	bool is_diff = p->f->count > 1;
	size_t count = 0, shown;

	/* In order of growth: those that have not grown stand at the end. */
	while (count < f->len && (!is_diff || f->at[count].count > f->at[count].before_count))
		count++;
	shown = lesser(count, p->style->top);
	if (!count)
		return;
	table_title(is_diff ? "Functions made anew" : "Functions by how often they were made",
		    shown, count, p->out);
	for (size_t i = 0; i < shown; i++) {
		const struct functions_row *r = &f->at[i];
		char name[LABEL_LEN];

		(void)fprintf(p->out, is_diff ? "%+10jd" : "%10jd",
			      (intmax_t)(r->count - r->before_count));
		(void)fprintf(p->out, "  %s  %s:%u:%u\n",
			      r->name[0] ? label_shorten(r->name, TEXT_SHOWN, name) : "(anonymous)",
			      r->file[0] ? r->file : "(unknown script)", r->line + 1,
			      r->column + 1);
	}
}

static void put_texts(const struct page *p)
{
	const struct texts *t = &p->f->texts;
	size_t shown = lesser(t->len, p->style->top);
	char size[UNITS_LEN];

	if (!t->len)
		return;
	(void)fprintf(p->out, "\n%ju strings are equal to others, one of each would spare %s.",
		      (uintmax_t)t->count, units_bytes(t->spare_bytes, size));
	table_title("Equal strings", shown, t->len, p->out);
	for (size_t i = 0; i < shown; i++) {
		const char *text = snapshot_string(&p->f->last.snapshot, t->at[i].string);
		char clean[TEXT_MAX], name[LABEL_LEN];

		(void)text_clean(text, strlen(text), clean, sizeof(clean));
		(void)fprintf(p->out, "%10ju  %11s  \"%s\"\n", (uintmax_t)t->at[i].count,
			      units_bytes(t->at[i].spare_bytes, size),
			      label_shorten(clean, TEXT_SHOWN, name));
	}
}

/* --- the whole -------------------------------------------------------------------------------- */

static void put_diff(const struct page *p)
{
	if (!p->f->growing_count)
		(void)fputs("\nNothing grows.\n", p->out);
	put_classes(p, true);
	put_anchors(p);
	put_all_held(p);
	put_classes(p, false);
	if (p->f->count == 2 && p->f->growing_count)
		(void)fputs(
			"\nOf two snapshots, a cache that is still filling looks the same as a leak: "
			"take more.\n",
			p->out);
}

int heap_report_text(const struct findings *f, const struct heap_report_style *style, FILE *out)
{
	const struct page p = { f, style, out };

	put_header(&p);
	if (f->plan.kind == FINDINGS_DIFF)
		put_diff(&p);
	else if (f->plan.kind == FINDINGS_TOP)
		put_top(&p);
	else
		put_retainers(&p);
	if (f->plan.kind != FINDINGS_RETAINERS) {
		put_functions(&p);
		put_texts(&p);
	}
	return fflush(out) || ferror(out) ? -EIO : 0;
}

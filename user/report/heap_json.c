// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The report as one JSON object; docs/schema/heap-diff.schema.json describes each field. */
#include "base/json.h"
#include "report/heap_report.h"
#include "report/heap_way.h"

#include <errno.h>

static size_t lesser(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* --- header ----------------------------------------------------------------------------------- */

static void write_header(struct json *j, const struct findings *f,
			 const struct heap_report_style *style)
{
	static const char *const commands[] = {
		[FINDINGS_DIFF] = "diff",
		[FINDINGS_TOP] = "top",
		[FINDINGS_RETAINERS] = "retainers",
	};

	json_key_string(j, "schema", HEAP_REPORT_SCHEMA);
	json_key_string(j, "tool", "heap-diff");
	json_key_string(j, "version", style->version);
	json_key_string(j, "command", commands[f->plan.kind]);
	json_key_bool(j, "raw", f->plan.is_raw);
	json_key(j, "files");
	json_array(j);
	for (size_t i = 0; i < f->count; i++) {
		json_object(j);
		json_key_string(j, "name", f->files[i].name);
		json_key_u64(j, "nodes", f->files[i].nodes);
		json_key_u64(j, "edges", f->files[i].edges);
		json_key_u64(j, "node_fields", f->files[i].node_fields);
		json_key_u64(j, "objects", f->series[i].all.count);
		json_key_u64(j, "bytes", f->series[i].all.bytes);
		json_end(j);
	}
	json_end(j);
	json_key(j, "ids");
	if (f->comparison.has_ids) {
		json_object(j);
		json_key_u64(j, "first", f->comparison.old_count);
		json_key_u64(j, "shared", f->comparison.shared_count);
		json_key_u64(j, "new", f->comparison.new_count);
		json_end(j);
	} else {
		json_string(j, NULL);
	}
}

/* --- classes ---------------------------------------------------------------------------------- */

static void write_series(struct json *j, const struct findings *f, uint32_t class)
{
	json_key(j, "counts");
	json_array(j);
	for (size_t i = 0; i < f->count; i++)
		json_u64(j, census_of(&f->series[i], class).count);
	json_end(j);
	json_key(j, "bytes");
	json_array(j);
	for (size_t i = 0; i < f->count; i++)
		json_u64(j, census_of(&f->series[i], class).bytes);
	json_end(j);
	json_key(j, "retained_bytes");
	json_array(j);
	for (size_t i = 0; i < f->count; i++)
		json_u64(j, census_of(&f->series[i], class).retained);
	json_end(j);
}

static void write_ids(struct json *j, const struct comparison_row *r)
{
	json_key(j, "by_id");
	json_object(j);
	json_key_u64(j, "new", r->new_count);
	json_key_u64(j, "deleted", r->deleted_count);
	json_key_u64(j, "kept", r->kept_count);
	json_key_u64(j, "new_bytes", r->new_bytes);
	json_key_u64(j, "deleted_bytes", r->deleted_bytes);
	json_key_i64(j, "kept_bytes_delta", r->kept_bytes_delta);
	json_end(j);
}

static void write_classes(struct json *j, const struct findings *f)
{
	const struct comparison *c = &f->comparison;

	json_key_u64(j, "growing", f->growing_count);
	json_key(j, "classes");
	json_array(j);
	for (size_t i = 0; i < c->len; i++) {
		json_object(j);
		json_key_string(j, "class", classes_name(&f->classes, c->at[i].class));
		json_key_bool(j, "internal", classes_is_internal(&f->classes, c->at[i].class));
		json_key_bool(j, "growing", c->at[i].is_growing);
		write_series(j, f, c->at[i].class);
		if (c->has_ids)
			write_ids(j, &c->at[i]);
		else
			json_key_string(j, "by_id", NULL);
		json_end(j);
	}
	json_end(j);
}

/* --- holders ---------------------------------------------------------------------------------- */

static void write_way(struct json *j, const struct findings *f, const struct findings_way *w)
{
	const struct snapshot *s = &f->last.snapshot;
	struct heap_way way;

	heap_way(f, w->shape, &way);
	json_object(j);
	json_key_u64(j, "count", w->count);
	json_key_u64(j, "bytes", w->bytes);
	json_key_u64(j, "example", s->id[f->holders.shapes.at[w->shape].node]);
	json_key(j, "steps");
	json_array(j);
	for (size_t i = 0; i < way.len; i++) {
		const struct heap_way_step *step = &way.steps[i];

		json_object(j);
		json_key_string(j, "edge", step->edge);
		json_key_string(j, "kind", step->kind);
		json_key_string(j, "class", step->class);
		json_key_u64(j, "id", s->id[step->node]);
		json_key_bool(j, "chain", step->repeats);
		json_key_string(j, "script", step->script);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

static void write_held(struct json *j, const struct findings *f, size_t top)
{
	json_key(j, "holders");
	json_array(j);
	for (size_t i = 0; i < lesser(f->held.len, top); i++) {
		const struct findings_held *h = &f->held.at[i];

		json_object(j);
		json_key_string(j, "class", classes_name(&f->classes, h->class));
		json_key(j, "id");
		if (h->node != SNAPSHOT_NONE)
			json_u64(j, f->last.snapshot.id[h->node]);
		else
			json_string(j, NULL);
		json_key_u64(j, "objects", h->count);
		json_key_u64(j, "bytes", h->bytes);
		json_key(j, "retained_bytes");
		if (h->retained)
			json_u64(j, h->retained);
		else
			json_string(j, NULL);
		json_key_u64(j, "way_count", h->way_count);
		json_key(j, "ways");
		json_array(j);
		for (size_t k = 0; k < lesser(h->way_count, top); k++)
			write_way(j, f, &h->ways[k]);
		json_end(j);
		json_end(j);
	}
	json_end(j);
}

static void write_anchor(struct json *j, const struct findings *f, const struct anchors_row *r)
{
	static const struct heap_way_step nothing = { .edge = "", .kind = "other", .class = "" };
	const struct heap_way_step *step;
	struct heap_way way;

	heap_way(f, r->shape, &way);
	step = way.len ? &way.steps[0] : &nothing;
	json_object(j);
	json_key_string(j, "edge", step->edge);
	json_key_string(j, "kind", step->kind);
	json_key_string(j, "class", step->class);
	json_key_string(j, "script", step->script);
	json_key_u64(j, "bytes", r->bytes);
	json_key(j, "holds");
	json_array(j);
	for (size_t i = 0; i < r->parts.len; i++) {
		const struct anchors_part *part = &r->parts.at[i];

		json_object(j);
		json_key_string(j, "class", classes_name(&f->classes, part->class));
		json_key_u64(j, "count", part->count);
		json_key_u64(j, "of", part->all);
		json_key_u64(j, "bytes", part->bytes);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

static void write_anchors(struct json *j, const struct findings *f, size_t top)
{
	json_key(j, "anchors");
	json_array(j);
	for (size_t i = 0; i < lesser(f->anchors.len, top); i++)
		write_anchor(j, f, &f->anchors.at[i]);
	json_end(j);
}

/* --- functions and strings -------------------------------------------------------------------- */

static void write_functions(struct json *j, const struct findings *f, size_t top)
{
	json_key(j, "functions");
	json_array(j);
	for (size_t i = 0; i < lesser(f->functions.len, top); i++) {
		const struct functions_row *r = &f->functions.at[i];

		json_object(j);
		json_key_string(j, "name", r->name);
		json_key_string(j, "script", r->file[0] ? r->file : NULL);
		json_key_u64(j, "script_id", r->script);
		json_key_u64(j, "line", (uint64_t)r->line + 1);
		json_key_u64(j, "column", (uint64_t)r->column + 1);
		json_key_u64(j, "count", r->count);
		json_key_u64(j, "bytes", r->bytes);
		json_key_u64(j, "before_count", r->before_count);
		json_end(j);
	}
	json_end(j);
}

static void write_texts(struct json *j, const struct findings *f, size_t top)
{
	json_key(j, "equal_strings");
	json_object(j);
	json_key_u64(j, "count", f->texts.count);
	json_key_u64(j, "spare_bytes", f->texts.spare_bytes);
	json_key(j, "data");
	json_array(j);
	for (size_t i = 0; i < lesser(f->texts.len, top); i++) {
		const struct texts_row *r = &f->texts.at[i];

		json_object(j);
		json_key_string(j, "text", snapshot_string(&f->last.snapshot, r->string));
		json_key_u64(j, "count", r->count);
		json_key_u64(j, "bytes", r->bytes);
		json_key_u64(j, "spare_bytes", r->spare_bytes);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

int heap_report_json(const struct findings *f, const struct heap_report_style *style, FILE *out)
{
	struct json j;

	json_init(&j, out);
	json_object(&j);
	write_header(&j, f, style);
	write_classes(&j, f);
	write_anchors(&j, f, style->top);
	write_held(&j, f, style->top);
	write_functions(&j, f, style->top);
	write_texts(&j, f, style->top);
	json_end(&j);
	(void)fputc('\n', out);
	return fflush(out) || ferror(out) ? -EIO : 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The report as one JSON object; docs/schema/gc-trace.schema.json describes each field. */
#include "base/json.h"
#include "report/frame_json.h"
#include "report/gc_report.h"
#include "report/gc_report_parts.h"
#include "report/label.h"
#include "report/stack_line.h"

#include <errno.h>

static const char *or_null(const char *text)
{
	return text && text[0] ? text : NULL;
}

static void write_known(struct json *j, const char *key, bool is_known, uint64_t value)
{
	if (is_known)
		json_key_u64(j, key, value);
	else
		json_key_string(j, key, NULL);
}

static void write_header(struct json *j, const struct gcs_meta *m)
{
	char time[LABEL_TIME_LEN];

	json_key_string(j, "schema", GC_REPORT_SCHEMA);
	json_key_string(j, "tool", "gc-trace");
	json_key_string(j, "version", m->version);
	json_key_string(j, "time", label_time(m->time_ns, time));
	json_key_string(j, "target", m->title);
	json_key_string(j, "source", m->anchors);
	json_key_bool(j, "complete", m->is_complete);
	json_key(j, "lost");
	json_object(j);
	json_key_u64(j, "events", m->lost_events);
	json_key_u64(j, "stacks", m->lost_stacks);
	json_key_u64(j, "threads", m->lost_threads);
	json_key_u64(j, "ends", m->lost_ends);
	json_key_u64(j, "broken_events", m->broken_events);
	json_key_u64(j, "dropped_collections", m->dropped_collections);
	json_end(j);
	json_key_u64(j, "begun_before", m->begun_before);
	json_key_string(j, "note", m->note);
	json_key_seconds(j, "duration_s", m->duration_ns);
	if (m->interval_ns)
		json_key_seconds(j, "interval_s", m->interval_ns);
	else
		json_key_string(j, "interval_s", NULL);
	json_key(j, "stacks");
	stack_line_json(&m->stacks, j);
}

/* --- heaps ------------------------------------------------------------------------------------ */

static void write_times(struct json *j, const char *key, const struct gc_times *t)
{
	json_key(j, key);
	json_object(j);
	json_key_u64(j, "window_ns", t->window_ns);
	json_key_u64(j, "collections", gc_times_count(t));
	json_key_u64(j, "pause_ns", gc_times_pause_ns(t));
	json_key_u64(j, "steps", t->steps);
	json_key_u64(j, "step_ns", t->step_ns);
	json_key_double(j, "share_pct", gc_times_share_pct(t));
	json_key_double(j, "rate_per_s", gc_times_rate(t));
	if (t->allocating_ns)
		json_key_double(j, "allocated_bytes_per_s", gc_times_allocation(t));
	else
		json_key_string(j, "allocated_bytes_per_s", NULL);
	json_end(j);
}

static void write_kinds(struct json *j, const struct gc_heap *h)
{
	static const char *const keys[GC_QUANTILES] = { "p50_ns", "p95_ns", "p99_ns" };

	json_key(j, "kinds");
	json_object(j);
	for (int k = 0; k < GC_KINDS; k++) {
		const struct hist *p = &h->pauses[k];

		json_key(j, gc_kind_names[k]);
		json_object(j);
		json_key_u64(j, "count", p->count);
		json_key_u64(j, "sum_ns", p->sum);
		for (int i = 0; i < GC_QUANTILES; i++)
			write_known(j, keys[i], p->count, hist_quantile(p, gc_quantiles[i]));
		write_known(j, "max_ns", p->count, p->max);
		json_key_u64(j, "freed_bytes", h->total.freed_bytes[k]);
		json_end(j);
	}
	json_end(j);
}

static void write_growth(struct json *j, const struct gc_heap *h)
{
	struct gc_outlook o = gc_growth_outlook(&h->growth, gc_heap_room(h));
	const struct gc_growth *g = &h->growth;

	json_key(j, "after_full");
	json_object(j);
	json_key_u64(j, "collections", g->count);
	write_known(j, "first_bytes", g->len, g->bytes[0]);
	write_known(j, "last_bytes", g->len, g->last_bytes);
	json_key_string(j, "verdict", gc_verdict_names[o.verdict]);
	json_key_double(j, "z", o.z);
	json_key_double(j, "slope_bytes_per_s", o.slope_bytes_per_s);
	write_known(j, "limit_reached_in_ns", o.reaches_limit, o.left_ns);
	json_end(j);
	write_known(j, "limit_bytes", h->limit_bytes, h->limit_bytes);
	write_known(j, "old_space_limit_bytes", h->old_limit_bytes, h->old_limit_bytes);
	json_key_string(j, "limit_source", gc_source_names[h->limit_source]);
}

static void write_spaces(struct json *j, const struct gc_heap *h)
{
	json_key(j, "spaces");
	json_array(j);
	for (size_t i = 0; i < h->space_count; i++) {
		const struct gc_space *s = &h->spaces[i];

		json_object(j);
		json_key_string(j, "name", s->name);
		json_key_u64(j, "committed_bytes", s->committed_bytes);
		write_known(j, "used_bytes", s->has_used, s->used_bytes);
		json_end(j);
	}
	json_end(j);
	json_key_string(j, "spaces_source", gc_source_names[h->space_source]);
}

static void write_heap(struct json *j, const struct gcs_meta *m, const struct gc_heap *h)
{
	json_object(j);
	json_key_i64(j, "pid", h->pid);
	json_key_i64(j, "tid", h->tid);
	json_key_string(j, "process", h->process);
	json_key_string(j, "thread", h->thread);
	json_key_bool(j, "worker", h->is_worker);
	json_key_bool(j, "ended", h->is_ended);
	json_key(j, "address");
	json_hex(j, h->address);
	write_times(j, "total", &h->total);
	if (m->interval_ns)
		write_times(j, "interval", &h->interval);
	else
		json_key_string(j, "interval", NULL);
	write_kinds(j, h);
	write_growth(j, h);
	write_spaces(j, h);
	write_known(j, "asked_used_bytes", h->asked_ns, h->asked_used_bytes);
	write_known(j, "asked_total_bytes", h->asked_ns, h->asked_total_bytes);
	json_key_u64(j, "markings", h->markings);
	json_key_u64(j, "near_limits", h->near_limits);
	json_key_u64(j, "out_of_memory", h->out_of_memory);
	json_key_string(j, "out_of_memory_at", or_null(h->out_of_memory_at));
	json_end(j);
}

/* --- collections, moments, stacks ------------------------------------------------------------- */

/* Stacks are told once; what has one says which. */
static void write_stack_index(struct json *j, const struct gcs *g, const struct gc_stack *stack)
{
	for (size_t i = 0; stack && i < g->stack_count; i++) {
		if (g->stacks[i] != stack)
			continue;
		json_key_u64(j, "stack", i);
		return;
	}
	json_key_string(j, "stack", NULL);
}

static void write_collection(struct json *j, const struct gcs *g, const struct gc_collection *c)
{
	char time[LABEL_TIME_LEN];

	json_object(j);
	json_key_u64(j, "heap", c->heap);
	json_key_string(j, "time", label_time_ms(c->time_ns, time));
	json_key_u64(j, "began_ns", c->began_ns);
	json_key_string(j, "kind", gc_kind_names[c->kind]);
	json_key_u64(j, "pause_ns", c->pause_ns);
	json_key_string(j, "reason", c->reason);
	json_key_string(j, "detail", or_null(c->detail));
	write_known(j, "before_bytes", c->has_sizes, c->before_bytes);
	write_known(j, "after_bytes", c->has_sizes, c->after_bytes);
	write_known(j, "committed_before_bytes", c->has_committed, c->committed_before_bytes);
	write_known(j, "committed_after_bytes", c->has_committed, c->committed_after_bytes);
	json_key_string(j, "promoted_bytes", NULL); /* not readable from outside */
	json_key_u64(j, "steps", c->steps);
	json_key_u64(j, "step_ns", c->step_ns);
	write_stack_index(j, g, c->stack);
	json_end(j);
}

static void write_moment(struct json *j, const struct gcs *g, const struct gc_moment *m)
{
	char time[LABEL_TIME_LEN];

	json_object(j);
	json_key_u64(j, "heap", m->heap);
	json_key_string(j, "time", label_time_ms(m->time_ns, time));
	json_key_string(j, "kind", m->kind == GC_EVENT_NEAR_LIMIT ? "near_limit" : "out_of_memory");
	json_key_string(j, "text", or_null(m->text));
	write_stack_index(j, g, m->stack);
	json_end(j);
}

static void write_stack(struct json *j, const struct gc_stack *s)
{
	json_object(j);
	json_key_u64(j, "count", s->count);
	json_key_u64(j, "pause_ns", s->ns);
	json_key_string(j, "cut", s->cut);
	json_key(j, "frames");
	json_array(j);
	for (size_t i = 0; i < s->depth; i++)
		frame_json(&s->frames[i], j);
	json_end(j);
	json_end(j);
}

int gc_report_json(const struct gcs *g, FILE *out)
{
	struct json j;

	json_init(&j, out);
	json_object(&j);
	write_header(&j, &g->meta);
	json_key(&j, "heaps");
	json_array(&j);
	for (size_t i = 0; i < g->heap_count; i++)
		write_heap(&j, &g->meta, g->heaps[i]);
	json_end(&j);
	json_key(&j, "data");
	json_array(&j);
	for (size_t i = 0; i < g->collection_count; i++)
		write_collection(&j, g, &g->collections[i]);
	json_end(&j);
	json_key(&j, "moments");
	json_array(&j);
	for (size_t i = 0; i < g->moment_count; i++)
		write_moment(&j, g, &g->moments[i]);
	json_end(&j);
	json_key(&j, "triggers");
	json_array(&j);
	for (size_t i = 0; i < g->stack_count; i++)
		write_stack(&j, g->stacks[i]);
	json_end(&j);
	json_key(&j, "cost");
	json_object(&j);
	json_key_u64(&j, "rss_bytes", g->meta.own_rss_bytes);
	json_key_seconds(&j, "cpu_s", g->meta.own_cpu_ns);
	json_key_u64(&j, "table_bytes", g->meta.table_bytes);
	json_end(&j);
	json_end(&j);
	(void)fputc('\n', out);
	return fflush(out) || ferror(out) ? -EIO : 0;
}

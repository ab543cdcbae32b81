// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Chrome's trace events: each collection a slice of its thread, with what is known of it as
 * arguments and the stack that triggered it inside; the heap's size a counter beside.
 */
#include "base/json.h"
#include "report/gc_report.h"
#include "report/gc_report_parts.h"
#include "report/label.h"

#include <errno.h>
#include <math.h>

struct writer {
	struct json *json;
	const struct gcs *g;
};

/* Microseconds since the start, to the ns. */
static void write_time(struct json *j, const char *key, double ns)
{
	json_key_double(j, key, round(ns) / 1e3);
}

static double since_start(const struct writer *w, uint64_t time_ns)
{
	return (double)((int64_t)(time_ns - w->g->meta.time_ns));
}

/* An object that the caller ends. */
static void begin_event(const struct writer *w, const char *name, const char *phase, size_t heap,
			double at_ns)
{
	struct json *j = w->json;

	json_object(j);
	json_key_string(j, "name", name);
	json_key_string(j, "cat", "gc");
	json_key_string(j, "ph", phase);
	write_time(j, "ts", at_ns);
	json_key_i64(j, "pid", w->g->heaps[heap]->pid);
	json_key_i64(j, "tid", w->g->heaps[heap]->tid);
}

/* "process_name", "thread_name". */
static void write_name(const struct writer *w, size_t heap, const char *what, const char *name)
{
	begin_event(w, what, "M", heap, 0);
	json_key(w->json, "args");
	json_object(w->json);
	json_key_string(w->json, "name", name);
	json_end(w->json);
	json_end(w->json);
}

static void write_frames(const struct writer *w, const struct gc_collection *c, double at_ns)
{
	const struct gc_stack *s = c->stack;
	char label[LABEL_LEN];

	for (size_t i = s ? s->depth : 0; i-- > 0;) {
		begin_event(w, label_frame(&s->frames[i], label), "X", c->heap, at_ns);
		write_time(w->json, "dur", (double)c->pause_ns);
		json_end(w->json);
	}
}

static void write_args(struct json *j, const struct gc_collection *c)
{
	char reason[GC_TEXT_LEN], time[LABEL_TIME_LEN];

	json_key(j, "args");
	json_object(j);
	json_key_string(j, "time", label_time_ms(c->time_ns, time));
	json_key_string(j, "reason", gc_reason(c, reason));
	if (c->has_sizes) {
		json_key_u64(j, "before_bytes", c->before_bytes);
		json_key_u64(j, "after_bytes", c->after_bytes);
	}
	if (c->steps) {
		json_key_u64(j, "steps", c->steps);
		write_time(j, "step_us", (double)c->step_ns);
	}
	json_end(j);
}

/* A point of the heap's curve. */
static void write_size(const struct writer *w, size_t heap, double at_ns, uint64_t bytes)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "heap of thread %d", w->g->heaps[heap]->tid);
	begin_event(w, name, "C", heap, at_ns);
	json_key(w->json, "args");
	json_object(w->json);
	json_key_u64(w->json, "bytes", bytes);
	json_end(w->json);
	json_end(w->json);
}

static void write_collection(const struct writer *w, const struct gc_collection *c)
{
	double at_ns = since_start(w, c->time_ns);

	begin_event(w, gc_kind_texts[c->kind], "X", c->heap, at_ns);
	write_time(w->json, "dur", (double)c->pause_ns);
	write_args(w->json, c);
	json_end(w->json);
	write_frames(w, c, at_ns);
	if (!c->has_sizes)
		return;
	write_size(w, c->heap, at_ns, c->before_bytes);
	write_size(w, c->heap, at_ns + (double)c->pause_ns, c->after_bytes);
}

static void write_moment(const struct writer *w, const struct gc_moment *m)
{
	begin_event(w, m->kind == GC_EVENT_NEAR_LIMIT ? "near the heap limit" : "out of memory",
		    "i", m->heap, since_start(w, m->time_ns));
	json_key_string(w->json, "s", "t");
	json_end(w->json);
}

static void write_header(struct json *j, const struct gcs_meta *m)
{
	char time[LABEL_TIME_LEN];

	json_key_string(j, "displayTimeUnit", "ms");
	json_key(j, "otherData");
	json_object(j);
	json_key_string(j, "tool", "gc-trace");
	json_key_string(j, "version", m->version);
	json_key_string(j, "target", m->title);
	json_key_string(j, "source", m->anchors);
	json_key_string(j, "start", label_time_ms(m->time_ns, time));
	json_key_bool(j, "complete", m->is_complete);
	json_key_u64(j, "lost_events", m->lost_events);
	json_key_u64(j, "dropped_collections", m->dropped_collections);
	json_end(j);
}

int gc_report_trace(const struct gcs *g, FILE *out)
{
	struct json j;
	struct writer w = { .json = &j, .g = g };

	json_init(&j, out);
	json_object(&j);
	write_header(&j, &g->meta);
	json_key(&j, "traceEvents");
	json_array(&j);
	for (size_t i = 0; i < g->heap_count; i++) {
		write_name(&w, i, "process_name", g->heaps[i]->process);
		write_name(&w, i, "thread_name", g->heaps[i]->thread);
	}
	for (size_t i = 0; i < g->collection_count; i++)
		write_collection(&w, &g->collections[i]);
	for (size_t i = 0; i < g->moment_count; i++)
		write_moment(&w, &g->moments[i]);
	json_end(&j);
	json_end(&j);
	(void)fputc('\n', out);
	return fflush(out) || ferror(out) ? -EIO : 0;
}

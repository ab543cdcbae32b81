// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Chrome's trace events: each stall a slice of its thread where it happened; in it, one behind the
 * other, its parts, and in those the stacks they were seen in. When within a stall a part was is
 * not kept: the order of parts is made up, their lengths are not.
 */
#include "base/json.h"
#include "report/label.h"
#include "report/loop_report.h"
#include "report/loop_report_parts.h"

#include <errno.h>
#include <math.h>

struct writer {
	struct json *json;
	const struct loops *loops;
	const struct loop_info *loop; /* of the slices being written */
};

/* Microseconds since the start, to the ns. */
static void write_time(struct json *j, const char *key, double ns)
{
	json_key_double(j, key, round(ns) / 1e3);
}

/* An object that the caller ends. */
static void begin_slice(const struct writer *w, const char *name, double at_ns, uint64_t ns)
{
	struct json *j = w->json;

	json_object(j);
	json_key_string(j, "name", name);
	json_key_string(j, "cat", "stall");
	json_key_string(j, "ph", "X");
	write_time(j, "ts", at_ns);
	write_time(j, "dur", (double)ns);
	json_key_i64(j, "pid", w->loop->pid);
	json_key_i64(j, "tid", w->loop->tid);
}

/* "process_name", "thread_name". */
static void write_name(struct json *j, const struct loop_info *info, const char *what,
		       const char *name)
{
	json_object(j);
	json_key_string(j, "name", what);
	json_key_string(j, "ph", "M");
	json_key_i64(j, "ts", 0);
	json_key_i64(j, "pid", info->pid);
	json_key_i64(j, "tid", info->tid);
	json_key(j, "args");
	json_object(j);
	json_key_string(j, "name", name);
	json_end(j);
	json_end(j);
}

/* --- what is in a stall ----------------------------------------------------------------------- */

static void write_frames(const struct writer *w, const struct stall_stack *s, double at_ns,
			 uint64_t ns)
{
	for (size_t i = s->depth; i-- > 0;) {
		char label[LABEL_LEN];

		begin_slice(w, label_frame(&s->frames[i], label), at_ns, ns);
		json_end(w->json);
	}
}

/* Those of @part, one behind the other, and no longer than it: @left_ns. */
static void write_stacks(const struct writer *w, const struct stall *s, enum loop_part part,
			 double at_ns, uint64_t left_ns)
{
	for (size_t i = 0; i < s->stack_count; i++) {
		const struct stall_stack *stack = &s->stacks[i];
		uint64_t ns = stack->ns < left_ns ? stack->ns : left_ns;

		if (stack->part != part || !ns)
			continue;
		write_frames(w, stack, at_ns, ns);
		at_ns += (double)ns;
		left_ns -= ns;
	}
}

static void write_parts(const struct writer *w, const struct stall *s, double at_ns)
{
	for (enum loop_part part = LOOP_RUNNING; part < LOOP_PARTS; part++) {
		if (!s->part_ns[part])
			continue;
		begin_slice(w, loop_part_texts[part], at_ns, s->part_ns[part]);
		json_end(w->json);
		write_stacks(w, s, part, at_ns, s->part_ns[part]);
		at_ns += (double)s->part_ns[part];
	}
}

static void write_args(struct json *j, const struct loops *l, const struct stall *s)
{
	char text[LOOP_TEXT_LEN], time[LABEL_TIME_LEN];

	json_key(j, "args");
	json_object(j);
	json_key_string(j, "time", label_time_ms(s->time_ns, time));
	json_key_string(j, "length", loop_length_text(l, s, text));
	json_key_bool(j, "at_least", s->is_at_least);
	json_key_bool(j, "going_on", s->is_going_on);
	for (enum loop_part part = LOOP_RUNNING; l->meta.has_split && part < LOOP_PARTS; part++)
		if (s->part_ns[part])
			write_time(j, loop_part_names[part], (double)s->part_ns[part]);
	json_key_u64(j, "min_faults", s->min_faults);
	json_key_u64(j, "maj_faults", s->maj_faults);
	json_end(j);
}

static void write_stall(struct writer *w, const struct stall *s)
{
	double at_ns = (double)((int64_t)(s->time_ns - w->loops->meta.time_ns));

	w->loop = &w->loops->loops[s->loop];
	begin_slice(w, stall_verdict_texts[loop_verdict(w->loops, s)], at_ns, s->ns);
	write_args(w->json, w->loops, s);
	json_end(w->json);
	if (w->loops->meta.has_split)
		write_parts(w, s, at_ns);
	else
		write_stacks(w, s, LOOP_RUNNING, at_ns, s->ns);
}

/* --- all of it -------------------------------------------------------------------------------- */

static void write_header(struct json *j, const struct loops_meta *m)
{
	char time[LABEL_TIME_LEN];

	json_key_string(j, "displayTimeUnit", "ms");
	json_key(j, "otherData");
	json_object(j);
	json_key_string(j, "tool", "loop-stall");
	json_key_string(j, "version", m->version);
	json_key_string(j, "target", m->title);
	json_key_string(j, "start", label_time_ms(m->time_ns, time));
	json_key_bool(j, "complete", m->is_complete);
	json_key_u64(j, "lost_events", m->lost_events);
	json_key_u64(j, "dropped_stalls", m->dropped_stalls);
	json_end(j);
}

int loop_report_trace(const struct loops *l, FILE *out)
{
	struct json j;
	struct writer w = { .json = &j, .loops = l };

	json_init(&j, out);
	json_object(&j);
	write_header(&j, &l->meta);
	json_key(&j, "traceEvents");
	json_array(&j);
	for (size_t i = 0; i < l->loop_count; i++) {
		write_name(&j, &l->loops[i], "process_name", l->loops[i].process);
		write_name(&j, &l->loops[i], "thread_name", l->loops[i].thread);
	}
	for (size_t i = 0; i < l->stall_count; i++)
		write_stall(&w, &l->stalls[i]);
	json_end(&j);
	json_end(&j);
	(void)fputc('\n', out);
	return fflush(out) || ferror(out) ? -EIO : 0;
}

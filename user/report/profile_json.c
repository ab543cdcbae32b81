// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The profile as one JSON object; docs/schema/cpu-sample.schema.json describes each field. */
#include "base/json.h"
#include "base/scope.h"
#include "report/frame_json.h"
#include "report/label.h"
#include "report/profile_report.h"
#include "report/stack_line.h"

#include <errno.h>

static const char *const state_names[] = {
	[PROFILE_ON_CPU] = "on-cpu",
	[PROFILE_BLOCKED] = "blocked",
	[PROFILE_RUNNABLE] = "runnable",
};

static const char *or_null(const char *text)
{
	return text[0] ? text : NULL;
}

static void write_u64_or_null(struct json *j, const char *key, uint64_t value)
{
	json_key(j, key);
	if (value)
		json_u64(j, value);
	else
		json_string(j, NULL);
}

static void write_header(struct json *j, const struct profile *p, const struct profile_meta *m)
{
	char time[LABEL_TIME_LEN];

	json_key_string(j, "schema", PROFILE_SCHEMA);
	json_key_string(j, "tool", "cpu-sample");
	json_key_string(j, "version", m->version);
	json_key_string(j, "time", label_time(m->time_ns, time));
	json_key_string(j, "target", m->title);
	json_key_string(j, "event", m->event);
	json_key_bool(j, "complete", m->is_complete);
	json_key(j, "lost");
	json_object(j);
	json_key_u64(j, "samples", m->lost);
	json_end(j);
	json_key_string(j, "note", m->note);
	json_key_seconds(j, "duration_s", m->duration_ns);
	write_u64_or_null(j, "frequency_hz", m->frequency_hz);
	write_u64_or_null(j, "period_ns", m->period_ns);
	json_key_u64(j, "count", profile_total_count(p));
	json_key_u64(j, "weight_ns", profile_total_weight(p));
	json_key(j, "stacks");
	stack_line_json(&m->stacks, j);
}

static void write_task_ids(struct json *j, pid_t pid, pid_t tid)
{
	json_key_i64(j, "pid", pid);
	json_key(j, "tid");
	if (tid)
		json_i64(j, tid);
	else
		json_string(j, NULL);
}

static void write_tasks(struct json *j, const struct profile_tasks *tasks)
{
	json_key(j, "tasks");
	json_array(j);
	for (size_t i = 0; i < tasks->len; i++) {
		const struct profile_task *t = &tasks->at[i];

		json_object(j);
		write_task_ids(j, t->pid, t->tid);
		json_key_string(j, "process", t->process);
		json_key_string(j, "thread", t->tid ? t->thread : NULL);
		json_key_u64(j, "count", t->count);
		json_key_u64(j, "weight_ns", t->weight);
		json_key_u64(j, "blocked_ns", t->blocked_weight);
		json_key_u64(j, "runnable_ns", t->runnable_weight);
		json_end(j);
	}
	json_end(j);
}

static void write_functions(struct json *j, const struct profile *p,
			    const struct profile_functions *functions)
{
	json_key(j, "functions");
	json_array(j);
	for (size_t i = 0; i < functions->len; i++) {
		const struct profile_function *f = &functions->at[i];
		const struct frame *frame = profile_frame(p, f->frame);

		json_object(j);
		json_key_string(j, "function", or_null(frame->function));
		json_key_string(j, "module", or_null(frame->module));
		json_key_string(j, "file", or_null(frame->file));
		json_key_string(j, "kind", frame_kind_names[frame->kind]);
		json_key(j, "offset");
		if (frame->function[0])
			json_string(j, NULL);
		else
			json_hex(j, frame->offset);
		json_key_u64(j, "self_count", f->self_count);
		json_key_u64(j, "self_ns", f->self_weight);
		json_key_u64(j, "total_count", f->total_count);
		json_key_u64(j, "total_ns", f->total_weight);
		json_key_u64(j, "blocked_ns", f->blocked_weight);
		json_key_u64(j, "runnable_ns", f->runnable_weight);
		json_end(j);
	}
	json_end(j);
}

static void write_frames(struct json *j, const struct profile *p)
{
	json_key(j, "frames");
	json_array(j);
	for (uint32_t i = 0; i < profile_frame_count(p); i++)
		frame_json(profile_frame(p, i), j);
	json_end(j);
}

static void write_stack(struct json *j, const struct profile_stack *s)
{
	json_object(j);
	write_task_ids(j, s->pid, s->tid);
	json_key_string(j, "process", s->process);
	json_key_string(j, "thread", s->tid ? s->thread : NULL);
	json_key_string(j, "state", state_names[s->state]);
	json_key_string(j, "wait", or_null(s->wait));
	json_key_u64(j, "count", s->count);
	json_key_u64(j, "weight_ns", s->weight);
	json_key_bool(j, "truncated", s->cut);
	json_key_string(j, "truncated_by", s->cut);
	json_key(j, "frames");
	json_array(j);
	for (size_t i = 0; i < s->depth; i++)
		json_u64(j, s->frames[i]);
	json_end(j);
	json_end(j);
}

int profile_json(const struct profile *p, const struct profile_meta *m, FILE *out)
{
	_release_(profile_functions_done) struct profile_functions functions = { 0 };
	_release_(profile_tasks_done) struct profile_tasks tasks = { 0 };
	struct json j;

	if (profile_functions(p, &functions) || profile_tasks(p, &tasks))
		return -ENOMEM;
	json_init(&j, out);
	json_object(&j);
	write_header(&j, p, m);
	write_tasks(&j, &tasks);
	write_functions(&j, p, &functions);
	write_frames(&j, p);
	json_key(&j, "data");
	json_array(&j);
	for (size_t i = 0; i < profile_stack_count(p); i++)
		write_stack(&j, profile_stack(p, i));
	json_end(&j);
	json_key(&j, "cost");
	json_object(&j);
	json_key_u64(&j, "rss_bytes", m->own_rss_bytes);
	json_key_seconds(&j, "cpu_s", m->own_cpu_ns);
	json_key_u64(&j, "table_bytes", m->table_bytes);
	json_end(&j);
	json_end(&j);
	(void)fputc('\n', out); /* a failed write stays in the stream's error flag */
	return fflush(out) || ferror(out) ? -EIO : 0;
}

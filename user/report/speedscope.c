// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Speedscope's own format: frames shared by one profile of all and one of each thread or process.
 */
#include "base/json.h"
#include "base/scope.h"
#include "report/profile_paths.h"
#include "report/profile_report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define SPEEDSCOPE_SCHEMA "https://www.speedscope.app/file-format-schema.json"
#define NAME_LEN	  2400 /* two names and their numbers */

struct writer {
	struct json *json;
	const struct profile *profile;
	const struct profile_paths *paths;
	enum profile_unit unit;
	uint32_t *index_of; /* by element: its place among the frames written, plus one; 0: none */
	uint32_t *elements; /* by that place */
	uint32_t count;
};

static void writer_done(struct writer *w)
{
	free(w->index_of);
	free(w->elements);
}

static uint64_t value_of(const struct writer *w, const struct profile_path *path)
{
	return w->unit == PROFILE_COUNTS ? path->stack->count : path->stack->weight;
}

static int number_frames(struct writer *w)
{
	uint32_t elements = profile_paths_element_count(w->paths);

	w->index_of = calloc((size_t)elements + 1, sizeof(*w->index_of));
	w->elements = calloc((size_t)elements + 1, sizeof(*w->elements));
	if (!w->index_of || !w->elements)
		return -ENOMEM;
	for (size_t i = 0; i < profile_paths_count(w->paths); i++) {
		const struct profile_path *path = profile_paths_at(w->paths, i);

		for (size_t k = 0; k < path->len; k++) {
			if (w->index_of[path->at[k]])
				continue;
			w->elements[w->count++] = path->at[k];
			w->index_of[path->at[k]] = w->count;
		}
	}
	return 0;
}

static void write_frames(const struct writer *w)
{
	struct json *j = w->json;

	json_array(j);
	for (uint32_t i = 0; i < w->count; i++) {
		uint32_t element = w->elements[i];

		json_object(j);
		json_key_string(j, "name", profile_paths_name(w->paths, element));
		if (element < profile_frame_count(w->profile)) {
			const struct frame *f = profile_frame(w->profile, element);

			if (f->file[0])
				json_key_string(j, "file", f->file);
			if (f->file[0] && f->line)
				json_key_u64(j, "line", f->line);
		}
		json_end(j);
	}
	json_end(j);
}

/* @task NULL: all of them. */
static bool is_of(const struct profile_path *path, const struct profile_task *task)
{
	return !task || (path->stack->pid == task->pid && path->stack->tid == task->tid);
}

/* A profile of one task need not say at each root whose it is. */
static void write_samples(const struct writer *w, const struct profile_task *task)
{
	struct json *j = w->json;

	json_key(j, "samples");
	json_array(j);
	for (size_t i = 0; i < profile_paths_count(w->paths); i++) {
		const struct profile_path *path = profile_paths_at(w->paths, i);

		if (!is_of(path, task) || !value_of(w, path))
			continue;
		json_array(j);
		for (size_t k = task ? path->task_len : 0; k < path->len; k++)
			json_u64(j, w->index_of[path->at[k]] - 1);
		json_end(j);
	}
	json_end(j);
	json_key(j, "weights");
	json_array(j);
	for (size_t i = 0; i < profile_paths_count(w->paths); i++) {
		const struct profile_path *path = profile_paths_at(w->paths, i);

		if (is_of(path, task) && value_of(w, path))
			json_u64(j, value_of(w, path));
	}
	json_end(j);
}

static void write_profile(const struct writer *w, const char *name, uint64_t total,
			  const struct profile_task *task)
{
	json_object(w->json);
	json_key_string(w->json, "type", "sampled");
	json_key_string(w->json, "name", name);
	json_key_string(w->json, "unit", w->unit == PROFILE_COUNTS ? "none" : "nanoseconds");
	json_key_u64(w->json, "startValue", 0);
	json_key_u64(w->json, "endValue", total);
	write_samples(w, task);
	json_end(w->json);
}

static void write_profiles(const struct writer *w, const struct profile_tasks *tasks)
{
	json_array(w->json);
	write_profile(w, "all",
		      w->unit == PROFILE_COUNTS ? profile_total_count(w->profile)
						: profile_total_weight(w->profile),
		      NULL);
	for (size_t i = 0; tasks->len > 1 && i < tasks->len; i++) {
		const struct profile_task *t = &tasks->at[i];
		char name[NAME_LEN];

		if (t->tid)
			(void)snprintf(name, sizeof(name), "%s-%d/%d %s", t->process, (int)t->pid,
				       (int)t->tid, t->thread);
		else
			(void)snprintf(name, sizeof(name), "%s-%d", t->process, (int)t->pid);
		write_profile(w, name, w->unit == PROFILE_COUNTS ? t->count : t->weight, t);
	}
	json_end(w->json);
}

int profile_speedscope(const struct profile *p, const struct profile_meta *m,
		       enum profile_unit unit, FILE *out)
{
	const struct profile_paths_options options = { .by_function = true };
	_release_(profile_paths_freep) struct profile_paths *paths = NULL;
	_release_(profile_tasks_done) struct profile_tasks tasks = { 0 };
	struct json j;
	_release_(writer_done) struct writer w = { .json = &j, .profile = p, .unit = unit };
	char exporter[64];

	if (profile_paths_new(p, options, &paths) || profile_tasks(p, &tasks))
		return -ENOMEM;
	w.paths = paths;
	if (number_frames(&w))
		return -ENOMEM;
	(void)snprintf(exporter, sizeof(exporter), "cpu-sample@%s", m->version);
	json_init(&j, out);
	json_object(&j);
	json_key_string(&j, "$schema", SPEEDSCOPE_SCHEMA);
	json_key_string(&j, "name", m->title);
	json_key_string(&j, "exporter", exporter);
	json_key_u64(&j, "activeProfileIndex", 0);
	json_key(&j, "shared");
	json_object(&j);
	json_key(&j, "frames");
	write_frames(&w);
	json_end(&j);
	json_key(&j, "profiles");
	write_profiles(&w, &tasks);
	json_end(&j);
	(void)fputc('\n', out); /* a failed write stays in the stream's error flag */
	return fflush(out) || ferror(out) ? -EIO : 0;
}

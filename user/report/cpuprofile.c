// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Chrome's .cpuprofile: a tree of calls, and a made-up time line in which each stack stands once,
 * for as long as its weight (profile_report.h). A sample lasts until the next one, so that a last
 * one of (program), which is no sample of ours, ends the line.
 */
#include "base/json.h"
#include "base/scope.h"
#include "base/text.h"
#include "base/vec.h"
#include "report/profile_paths.h"
#include "report/profile_report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define NO_NODE	   UINT32_MAX
#define ROOT	   0u /* the first two nodes */
#define PROGRAM	   1u
#define NO_ELEMENT UINT32_MAX

struct node {
	uint32_t element;
	uint32_t first_child, last_child, next; /* NO_NODE: none */
	uint64_t hits;
};

struct tree {
	const struct profile *profile;
	const struct profile_paths *paths;
	bool has_tasks; /* there are several: each is a node of its own */
	struct {
		struct node *at;
		size_t len, cap;
	} nodes;
	uint32_t *leaf_of; /* by path */
};

static void tree_done(struct tree *t)
{
	free(t->nodes.at);
	free(t->leaf_of);
}

static int add_node(struct tree *t, uint32_t parent, uint32_t element, uint32_t *ret_node)
{
	uint32_t node = (uint32_t)t->nodes.len;
	struct node *n = vec_push(&t->nodes);

	if (!n)
		return -ENOMEM;
	*n = (struct node){ element, NO_NODE, NO_NODE, NO_NODE, 0 };
	if (parent != NO_NODE) {
		struct node *p = &t->nodes.at[parent];

		if (p->first_child == NO_NODE)
			p->first_child = node;
		else
			t->nodes.at[p->last_child].next = node;
		p->last_child = node;
	}
	*ret_node = node;
	return 0;
}

/* Paths with a common beginning are side by side: only the last child can be the one. */
static int child_of(struct tree *t, uint32_t parent, uint32_t element, uint32_t *ret_node)
{
	uint32_t last = t->nodes.at[parent].last_child;

	if (last != NO_NODE && t->nodes.at[last].element == element) {
		*ret_node = last;
		return 0;
	}
	return add_node(t, parent, element, ret_node);
}

static int grow_tree(struct tree *t)
{
	uint32_t node;

	if (add_node(t, NO_NODE, NO_ELEMENT, &node) || add_node(t, ROOT, NO_ELEMENT, &node))
		return -ENOMEM;
	for (size_t i = 0; i < profile_paths_count(t->paths); i++) {
		const struct profile_path *path = profile_paths_at(t->paths, i);

		node = ROOT;
		for (size_t k = t->has_tasks ? 0 : path->task_len; k < path->len; k++)
			if (child_of(t, node, path->at[k], &node))
				return -ENOMEM;
		t->nodes.at[node].hits += path->stack->count;
		t->leaf_of[i] = node;
	}
	return 0;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* A script by its path, as V8's own profiler writes it. */
static const char *url_of(const struct frame *f, char url[TEXT_MAX + 8])
{
	if (f->kind != FRAME_JIT || f->file[0] != '/')
		return f->file;
	(void)snprintf(url, TEXT_MAX + 8, "file://%s", f->file);
	return url;
}

static void write_call_frame(const struct tree *t, struct json *j, uint32_t node)
{
	uint32_t element = t->nodes.at[node].element;
	const struct frame *f = NULL;
	const char *name = node == ROOT ? "(root)" : "(program)";
	char url[TEXT_MAX + 8];

	if (node > PROGRAM)
		name = profile_paths_name(t->paths, element);
	if (node > PROGRAM && element < profile_frame_count(t->profile))
		f = profile_frame(t->profile, element);
	json_key(j, "callFrame");
	json_object(j);
	json_key_string(j, "functionName", name);
	json_key_string(j, "scriptId", "0");
	json_key_string(j, "url", f ? url_of(f, url) : "");
	json_key_i64(j, "lineNumber", f ? (int64_t)f->line - 1 : -1);
	json_key_i64(j, "columnNumber", f ? (int64_t)f->column - 1 : -1);
	json_end(j);
}

/* Numbers of nodes start at 1. */
static void write_node(const struct tree *t, struct json *j, uint32_t node)
{
	const struct node *n = &t->nodes.at[node];

	json_object(j);
	json_key_u64(j, "id", node + 1);
	write_call_frame(t, j, node);
	json_key_u64(j, "hitCount", n->hits);
	json_key(j, "children");
	json_array(j);
	for (uint32_t child = n->first_child; child != NO_NODE; child = t->nodes.at[child].next)
		json_u64(j, child + 1);
	json_end(j);
	json_end(j);
}

static void write_samples(const struct tree *t, struct json *j)
{
	json_key(j, "samples");
	json_array(j);
	for (size_t i = 0; i < profile_paths_count(t->paths); i++)
		json_u64(j, t->leaf_of[i] + 1);
	json_u64(j, PROGRAM + 1);
	json_end(j);
}

/* Ends are rounded, not lengths: the sum is right to a microsecond. */
static void write_deltas(const struct tree *t, struct json *j)
{
	uint64_t at_ns = 0;

	json_key(j, "timeDeltas");
	json_array(j);
	json_u64(j, 0);
	for (size_t i = 0; i < profile_paths_count(t->paths); i++) {
		uint64_t end_ns = at_ns + profile_paths_at(t->paths, i)->stack->weight;

		json_u64(j, end_ns / 1000 - at_ns / 1000);
		at_ns = end_ns;
	}
	json_end(j);
}

int profile_cpuprofile(const struct profile *p, const struct profile_meta *m, FILE *out)
{
	const struct profile_paths_options options = { .by_function = true };
	_release_(profile_paths_freep) struct profile_paths *paths = NULL;
	_release_(profile_tasks_done) struct profile_tasks tasks = { 0 };
	_release_(tree_done) struct tree t = { .profile = p };
	uint64_t start_us = m->time_ns / 1000;
	struct json j;

	if (profile_paths_new(p, options, &paths) || profile_tasks(p, &tasks))
		return -ENOMEM;
	t.paths = paths;
	t.has_tasks = tasks.len > 1;
	t.leaf_of = calloc(profile_paths_count(paths) + 1, sizeof(*t.leaf_of));
	if (!t.leaf_of || grow_tree(&t))
		return -ENOMEM;
	json_init(&j, out);
	json_object(&j);
	json_key(&j, "nodes");
	json_array(&j);
	for (uint32_t i = 0; i < t.nodes.len; i++)
		write_node(&t, &j, i);
	json_end(&j);
	json_key_u64(&j, "startTime", start_us);
	json_key_u64(&j, "endTime", start_us + profile_total_weight(p) / 1000);
	write_samples(&t, &j);
	write_deltas(&t, &j);
	json_end(&j);
	(void)fputc('\n', out); /* a failed write stays in the stream's error flag */
	return fflush(out) || ferror(out) ? -EIO : 0;
}

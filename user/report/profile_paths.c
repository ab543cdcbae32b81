// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Each name is made once; a path is a row of numbers of names. */
#include "report/profile_paths.h"

#include "base/arena.h"
#include "base/hash.h"
#include "base/id_table.h"
#include "base/scope.h"
#include "base/vec.h"
#include "profile/frame_order.h"
#include "report/folded_name.h"
#include "report/label.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct profile_paths {
	const struct profile *profile;
	struct profile_paths_options options;
	struct arena arena;
	struct id_table made_up; /* names that are no frame's */
	struct id_table functions;
	uint32_t *element_of; /* by frame */
	struct {
		const char **at; /* by element */
		size_t len, cap;
	} names;
	struct profile_path *paths;
	size_t count;
};

void profile_paths_free(struct profile_paths *paths)
{
	if (!paths)
		return;
	arena_done(&paths->arena);
	id_table_done(&paths->made_up);
	id_table_done(&paths->functions);
	free(paths->element_of);
	free(paths->names.at);
	free(paths->paths);
	free(paths);
}

void profile_paths_freep(struct profile_paths **paths)
{
	profile_paths_free(*paths);
}

/* --- names ------------------------------------------------------------------------------------ */

static int push_name(struct profile_paths *paths, const char *name)
{
	size_t size = strlen(name) + 1;
	char *copy = arena_alloc(&paths->arena, size);
	const char **slot = copy ? vec_push(&paths->names) : NULL;

	if (!slot)
		return -ENOMEM;
	memcpy(copy, name, size);
	*slot = copy;
	return 0;
}

static const char *suffix_of(const struct frame *f)
{
	if (f->kind == FRAME_KERNEL)
		return "_[k]";
	if (f->kind == FRAME_JIT)
		return "_[j]";
	return f->is_inlined ? "_[i]" : "";
}

static int name_frames(struct profile_paths *paths)
{
	for (uint32_t i = 0; i < profile_frame_count(paths->profile); i++) {
		const struct frame *f = profile_frame(paths->profile, i);
		char label[LABEL_LEN], name[LABEL_LEN + 8];

		if (paths->options.annotate || paths->options.is_folded)
			(void)label_graph(f, label);
		else
			(void)label_frame(f, label);
		if (paths->options.is_folded)
			(void)folded_name(label);
		(void)snprintf(name, sizeof(name), "%s%s", label,
			       paths->options.annotate ? suffix_of(f) : "");
		if (push_name(paths, name))
			return -ENOMEM;
	}
	return 0;
}

static bool is_equal_function(const void *ctx, uint32_t id, const void *key)
{
	const struct profile_paths *paths = ctx;

	return frame_compare_functions(profile_frame(paths->profile, id), key) == 0;
}

static int choose_elements(struct profile_paths *paths)
{
	uint32_t frames = (uint32_t)profile_frame_count(paths->profile);

	paths->element_of = calloc((size_t)frames + 1, sizeof(*paths->element_of));
	if (!paths->element_of)
		return -ENOMEM;
	for (uint32_t i = 0; i < frames; i++) {
		const struct frame *f = profile_frame(paths->profile, i);
		uint64_t hash;
		uint32_t id;

		paths->element_of[i] = i;
		if (!paths->options.by_function)
			continue;
		hash = hash_text(hash_text(hash_seed(paths), f->function), f->module);
		hash = f->function[0] ? hash : hash_mix(hash, f->offset);
		id = id_table_find(&paths->functions, hash, is_equal_function, paths, f);
		if (id != ID_NONE)
			paths->element_of[i] = id;
		else if (id_table_add(&paths->functions, hash, i))
			return -ENOMEM;
	}
	return 0;
}

static bool is_equal_name(const void *ctx, uint32_t id, const void *key)
{
	const struct profile_paths *paths = ctx;

	return strcmp(paths->names.at[id], key) == 0;
}

static int element_of(struct profile_paths *paths, const char *name, uint32_t *ret_element)
{
	uint64_t hash = hash_text(hash_seed(paths), name);
	uint32_t id = id_table_find(&paths->made_up, hash, is_equal_name, paths, name);

	if (id == ID_NONE) {
		id = (uint32_t)paths->names.len;
		if (push_name(paths, name) || id_table_add(&paths->made_up, hash, id))
			return -ENOMEM;
	}
	*ret_element = id;
	return 0;
}

/* --- paths ------------------------------------------------------------------------------------ */

struct elements {
	uint32_t at[PROFILE_PATH_MAX];
	size_t len;
};

static int put(struct profile_paths *paths, struct elements *e, const char *name)
{
	return element_of(paths, name, &e->at[e->len++]);
}

static const char *name_or_unknown(const char *name, char buf[LABEL_LEN], bool is_folded)
{
	(void)snprintf(buf, LABEL_LEN, "%s", name[0] ? name : "?");
	return is_folded ? folded_name(buf) : buf;
}

static int put_task(struct profile_paths *paths, struct elements *e, const struct profile_stack *s)
{
	char name[LABEL_LEN], root[LABEL_LEN + 32];
	const bool is_folded = paths->options.is_folded;

	(void)name_or_unknown(s->process, name, is_folded);
	if (!s->tid) {
		(void)snprintf(root, sizeof(root), "%s-%d", name, (int)s->pid);
		return put(paths, e, root);
	}
	(void)snprintf(root, sizeof(root), "%s-%d/%d", name, (int)s->pid, (int)s->tid);
	if (put(paths, e, root))
		return -ENOMEM;
	return put(paths, e, name_or_unknown(s->thread, name, is_folded));
}

static int put_state(struct profile_paths *paths, struct elements *e, const struct profile_stack *s)
{
	char wait[LABEL_LEN], name[LABEL_LEN + 32];

	if (s->state == PROFILE_ON_CPU)
		return 0;
	if (s->state == PROFILE_RUNNABLE)
		return put(paths, e, "[runnable]");
	if (!s->wait[0])
		return put(paths, e, "[blocked]");
	(void)snprintf(wait, sizeof(wait), "%s", s->wait);
	(void)snprintf(name, sizeof(name), "[blocked: %s]",
		       paths->options.is_folded ? folded_name(wait) : wait);
	return put(paths, e, name);
}

static int add_path(struct profile_paths *paths, const struct profile_stack *s)
{
	struct profile_path *path = &paths->paths[paths->count];
	struct elements e = { .len = 0 };
	size_t task_len;
	uint32_t *at;

	if (put_task(paths, &e, s))
		return -ENOMEM;
	task_len = e.len;
	if (s->cut && put(paths, &e, "[truncated]"))
		return -ENOMEM;
	if (!s->depth && put(paths, &e, "[unknown stack]"))
		return -ENOMEM;
	for (size_t i = s->depth; i-- > 0;)
		e.at[e.len++] = paths->element_of[s->frames[i]];
	if (put_state(paths, &e, s))
		return -ENOMEM;
	at = arena_alloc(&paths->arena, e.len * sizeof(*at));
	if (!at)
		return -ENOMEM;
	memcpy(at, e.at, e.len * sizeof(*at));
	*path = (struct profile_path){ at, e.len, task_len, s };
	paths->count++;
	return 0;
}

/* --- order ------------------------------------------------------------------------------------ */

/* As the joined lines compare: a name that goes on in another frame goes on with a ';'. */
static int compare_joined(const char *a, bool a_goes_on, const char *b, bool b_goes_on)
{
	unsigned char x, y;

	while (*a && *a == *b) {
		a++;
		b++;
	}
	x = *a ? (unsigned char)*a : a_goes_on ? ';' : 0;
	y = *b ? (unsigned char)*b : b_goes_on ? ';' : 0;
	return (x > y) - (x < y);
}

static int compare_elements(const struct profile_paths *paths, const struct profile_path *a,
			    const struct profile_path *b, size_t index)
{
	const char *x = paths->names.at[a->at[index]], *y = paths->names.at[b->at[index]];
	int order;

	if (a->at[index] == b->at[index])
		return 0;
	order = strcmp(x, y);
	if (order && paths->options.is_folded)
		return compare_joined(x, index + 1 < a->len, y, index + 1 < b->len);
	if (order || paths->options.is_folded)
		return order;
	return a->at[index] < b->at[index] ? -1 : 1;
}

static int compare_paths(const void *left, const void *right, void *ctx)
{
	const struct profile_path *a = left, *b = right;

	for (size_t i = 0; i < a->len && i < b->len; i++) {
		int order = compare_elements(ctx, a, b, i);

		if (order)
			return order;
	}
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return (a->stack > b->stack) - (a->stack < b->stack);
}

int profile_paths_new(const struct profile *p, struct profile_paths_options options,
		      struct profile_paths **ret)
{
	_release_(profile_paths_freep) struct profile_paths *paths = calloc(1, sizeof(*paths));
	size_t count = profile_stack_count(p);

	if (!paths)
		return -ENOMEM;
	paths->profile = p;
	paths->options = options;
	paths->paths = calloc(count + 1, sizeof(*paths->paths));
	if (!paths->paths || name_frames(paths) || choose_elements(paths))
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (add_path(paths, profile_stack(p, i)))
			return -ENOMEM;
	qsort_r(paths->paths, count, sizeof(*paths->paths), compare_paths, paths);
	*ret = paths;
	paths = NULL;
	return 0;
}

/* --- what is in it ---------------------------------------------------------------------------- */

size_t profile_paths_count(const struct profile_paths *paths)
{
	return paths->count;
}

const struct profile_path *profile_paths_at(const struct profile_paths *paths, size_t index)
{
	return &paths->paths[index];
}

uint32_t profile_paths_element_count(const struct profile_paths *paths)
{
	return (uint32_t)paths->names.len;
}

const char *profile_paths_name(const struct profile_paths *paths, uint32_t element)
{
	return paths->names.at[element];
}

size_t profile_paths_names(const struct profile_paths *paths, size_t index,
			   const char *ret_names[PROFILE_PATH_MAX])
{
	const struct profile_path *path = &paths->paths[index];

	for (size_t i = 0; i < path->len; i++)
		ret_names[i] = paths->names.at[path->at[i]];
	return path->len;
}

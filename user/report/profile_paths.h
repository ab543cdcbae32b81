/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The stacks of a profile as paths from the root, as flame graphs and folded stacks show them: the
 * process (and thread) first, then "[truncated]" when callers are not known, the frames (or
 * "[unknown stack]"), and last what it waited for: "[blocked: futex]", "[runnable]".
 */
#ifndef REPORT_PROFILE_PATHS_H
#define REPORT_PROFILE_PATHS_H

#include "profile/profile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Elements of one path: process, thread, "[truncated]", frames, state. */
#define PROFILE_PATH_MAX (PROFILE_MAX_DEPTH + 4)

struct profile_path {
	const uint32_t *at; /* elements, root first */
	size_t len;
	size_t task_len; /* the first so many are the process and the thread */
	const struct profile_stack *stack;
};

struct profile_paths_options {
	bool is_folded; /* names are escaped as folded stacks want it (folded_name.h) */
	bool annotate;	/* names end in _[k] kernel, _[j] JIT, _[i] inlined */
	/*
	 * The frames of one function are one element: the first of them, which, as frames are in
	 * the order of the stacks they occur in, is on the line that weighs most.
	 */
	bool by_function;
};

struct profile_paths;

/*
 * Of a finished profile, which must outlive them and not change. In the order of their names from
 * the root: folded ones so that their lines are sorted bytewise, others so that all that begin with
 * the same elements are side by side. 0 or -ENOMEM.
 */
int profile_paths_new(const struct profile *p, struct profile_paths_options options,
		      struct profile_paths **ret);
void profile_paths_free(struct profile_paths *paths);
void profile_paths_freep(struct profile_paths **paths);

size_t profile_paths_count(const struct profile_paths *paths);
const struct profile_path *profile_paths_at(const struct profile_paths *paths, size_t index);

/* Elements below profile_frame_count() are the profile's frames; there is no larger one than this.
 */
uint32_t profile_paths_element_count(const struct profile_paths *paths);

/* Lives as long as the paths. */
const char *profile_paths_name(const struct profile_paths *paths, uint32_t element);

/*
 * The names of path @index, root first, as flame_add wants them; they live as long as the paths.
 * Returns their number.
 */
size_t profile_paths_names(const struct profile_paths *paths, size_t index,
			   const char *ret_names[PROFILE_PATH_MAX]);

#endif

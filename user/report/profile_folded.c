// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Folded stacks of a profile: paths that read the same are one line. */
#include "base/scope.h"
#include "report/profile_paths.h"
#include "report/profile_report.h"

#include <errno.h>
#include <string.h>

static bool is_same(const struct profile_paths *paths, size_t a, size_t b)
{
	const struct profile_path *x = profile_paths_at(paths, a), *y = profile_paths_at(paths, b);

	if (x->len != y->len)
		return false;
	for (size_t i = 0; i < x->len; i++)
		if (x->at[i] != y->at[i] && strcmp(profile_paths_name(paths, x->at[i]),
						   profile_paths_name(paths, y->at[i])) != 0)
			return false;
	return true;
}

static void put_line(const struct profile_paths *paths, size_t index, uint64_t value, FILE *out)
{
	const struct profile_path *path = profile_paths_at(paths, index);

	for (size_t i = 0; i < path->len; i++)
		(void)fprintf(out, "%s%s", i ? ";" : "", profile_paths_name(paths, path->at[i]));
	(void)fprintf(out, " %ju\n", (uintmax_t)value);
}

int profile_folded(const struct profile *p, bool annotate, enum profile_unit unit, FILE *out)
{
	const struct profile_paths_options options = { .is_folded = true, .annotate = annotate };
	_release_(profile_paths_freep) struct profile_paths *paths = NULL;

	if (profile_paths_new(p, options, &paths))
		return -ENOMEM;
	for (size_t i = 0, next; i < profile_paths_count(paths); i = next) {
		uint64_t value = 0;

		for (next = i; next < profile_paths_count(paths) && is_same(paths, i, next);
		     next++) {
			const struct profile_stack *s = profile_paths_at(paths, next)->stack;

			value += unit == PROFILE_COUNTS ? s->count : s->weight;
		}
		if (value)
			put_line(paths, i, value, out);
	}
	return fflush(out) || ferror(out) ? -EIO : 0;
}

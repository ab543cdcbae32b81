// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One line per node in which stacks end. */
#include "report/flame_folded.h"

#include "base/scope.h"
#include "report/folded_name.h"

#include <errno.h>
#include <stdlib.h>

struct lines {
	const struct flame *f;
	bool is_diff;
	FILE *out;
	struct flame_walk walk;
	uint32_t path[FLAME_MAX_DEPTH + 1]; /* node of each depth */
};

static void put_line(const struct lines *l)
{
	const struct flame_node *n = flame_node(l->f, l->walk.node);

	for (uint32_t depth = 1; depth <= l->walk.depth; depth++) {
		if (depth > 1)
			(void)fputc(';', l->out);
		folded_put_name(l->out, flame_name(l->f, l->path[depth]));
	}
	if (l->is_diff)
		(void)fprintf(l->out, " %ju", (uintmax_t)n->self[FLAME_BEFORE]);
	(void)fprintf(l->out, " %ju\n", (uintmax_t)n->self[FLAME_NOW]);
}

int flame_folded(const struct flame *f, bool is_diff, FILE *out)
{
	_release_(freep) struct lines *l = malloc(sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->f = f;
	l->is_diff = is_diff;
	l->out = out;
	flame_walk_start(&l->walk, f);
	while (flame_walk_next(&l->walk, true)) {
		const struct flame_node *n = flame_node(f, l->walk.node);

		l->path[l->walk.depth] = l->walk.node;
		if (l->walk.depth && (n->self[FLAME_NOW] || (is_diff && n->self[FLAME_BEFORE])))
			put_line(l);
	}
	return fflush(out) || ferror(out) ? -EIO : 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Trees of dominators as a flame graph: what stands above is kept alive by what is below. */
#include "base/scope.h"
#include "report/flame_folded.h"
#include "report/flamegraph.h"
#include "report/heap_report.h"

#include <errno.h>

static int add(struct flame *flame, const struct findings *f, const struct dominated *d,
	       bool is_before)
{
	const char *frames[DOMINATED_MAX_DEPTH + 1];
	int err = 0;

	for (size_t i = 0; !err && i < d->len; i++) {
		size_t depth = d->at[i].depth, at = i;

		if (!depth)
			continue; /* the root itself */
		for (size_t k = depth; k-- > 0; at = d->at[at].parent)
			frames[k] = classes_name(&f->classes, d->at[at].class);
		err = is_before ? flame_add_before(flame, frames, depth, d->at[i].bytes)
				: flame_add(flame, frames, depth, d->at[i].bytes);
	}
	return err == -E2BIG || err == -EOVERFLOW ? -ENOMEM : err;
}

int heap_report_picture(const struct findings *f, const struct heap_report_style *style, FILE *out)
{
	bool is_diff = f->count > 1;
	const struct flamegraph graph = {
		.title = is_diff ? "What keeps memory alive, and what has changed"
				 : "What keeps memory alive",
		.subtitle = f->files[f->count - 1].name,
		.count_name = "bytes",
		.palette = FLAMEGRAPH_MEM,
		.is_diff = is_diff,
		.is_raw = true,
		.min_width_px = FLAMEGRAPH_MIN_WIDTH,
	};
	/* Names come from a stranger: where the value lies is something they cannot know. */
	_release_(flame_freep) struct flame *flame = flame_new((uintptr_t)f ^ (uintptr_t)out);
	int err = flame ? 0 : -ENOMEM;

	if (!err)
		err = add(flame, f, &f->before, true);
	if (!err)
		err = add(flame, f, &f->now, false);
	if (!err)
		err = flame_finish(flame);
	if (err)
		return err;
	return style->is_svg ? flamegraph_svg(flame, &graph, out, NULL)
			     : flame_folded(flame, is_diff, out);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The script is looked for once, for the variable nearest to the object. */
#include "report/heap_way.h"

#include <string.h>

static const char *const kinds[EDGE_TYPES_KNOWN] = {
	[EDGE_CONTEXT] = "variable",  [EDGE_ELEMENT] = "element", [EDGE_PROPERTY] = "property",
	[EDGE_INTERNAL] = "internal", [EDGE_HIDDEN] = "hidden",	  [EDGE_SHORTCUT] = "shortcut",
	[EDGE_WEAK] = "weak",
};

/* The shape's example may be any of a chain: its holder is the one by its own edge. */
static struct heap_way_step step_of(const struct findings *f, const struct holders_shape *s)
{
	const struct holders_shape *p = &f->holders.shapes.at[s->parent];
	const struct snapshot *snapshot = &f->last.snapshot;
	unsigned int type = snapshot->type[p->node];

	return (struct heap_way_step){
		.edge = holders_label(&f->holders, s),
		.kind = s->edge < EDGE_TYPES_KNOWN ? kinds[s->edge] : "other",
		.class = classes_name(&f->classes, p->class),
		.node = p->node,
		.type = (enum edge_type)s->edge,
		.repeats = s->repeats,
		.is_part = type == NODE_ARRAY || type == NODE_HIDDEN || type == NODE_CODE ||
			   type == NODE_SHAPE,
	};
}

void heap_way(const struct findings *f, uint32_t shape, struct heap_way *ret)
{
	const struct holders_shape *s = &f->holders.shapes.at[shape];
	bool is_known = false;

	ret->len = 0;
	while (s->parent != SNAPSHOT_NONE && ret->len < HEAP_WAY_MAX) {
		struct heap_way_step *step = &ret->steps[ret->len++];
		const char *script;

		*step = step_of(f, s);
		s = &f->holders.shapes.at[s->parent];
		if (is_known || step->type != EDGE_CONTEXT)
			continue;
		is_known = true;
		script = holders_script(&f->last.snapshot, step->node);
		if (!script)
			continue;
		(void)text_clean(script, strlen(script), ret->script, sizeof(ret->script));
		step->script = ret->script;
	}
}

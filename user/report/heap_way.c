// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Steps are shapes, from the object's up; scripts are looked for up to where the way ends for
 * people. */
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
		.scopes = s->nodes,
		.repeats = s->repeats,
		.is_part = type == NODE_ARRAY || type == NODE_HIDDEN || type == NODE_CODE ||
			   type == NODE_SHAPE,
	};
}

static const char *script_of(const struct findings *f, uint32_t scope, char buf[TEXT_MAX])
{
	const char *script = holders_script(&f->holders, scope);

	if (!script)
		return NULL;
	(void)text_clean(script, strlen(script), buf, TEXT_MAX);
	return buf;
}

void heap_way(const struct findings *f, uint32_t shape, struct heap_way *ret)
{
	uint32_t anchor = holders_anchor(&f->holders, shape);
	size_t scripts = 0;

	ret->len = ret->shown = 0;
	while (f->holders.shapes.at[shape].parent != SNAPSHOT_NONE && ret->len < HEAP_WAY_MAX) {
		const struct holders_shape *s = &f->holders.shapes.at[shape];
		struct heap_way_step *step = &ret->steps[ret->len++];

		*step = step_of(f, s);
		if (step->type == EDGE_CONTEXT && !ret->shown && scripts < HEAP_WAY_SCRIPTS)
			step->script = script_of(f, step->node, ret->scripts[scripts++]);
		if (shape == anchor && s->edge == EDGE_CONTEXT)
			ret->shown = ret->len;
		shape = s->parent;
	}
	if (!ret->shown)
		ret->shown = ret->len;
}

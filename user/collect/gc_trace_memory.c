// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What command line, environment and memory of a process say of the limit and the spaces. */
#include "collect/gc_trace_state.h"

#include "collect/v8_state.h"

/* A heap that is being made has not all of its spaces yet. */
#define LAYOUT_TRIES 3

/* Its members have no fixed place. */
static void look_at_limit(const struct reader *memory, const struct gc_process *g,
			  struct gc_heap *h)
{
	const struct v8_function f = { g->limit_function, g->limit_function_bytes };
	uint64_t limit = v8_limit(memory, &f, h->address);

	if (!limit)
		return;
	h->limit_bytes = limit;
	h->limit_source = GC_BY_MEMORY;
}

static void look_at_spaces(const struct reader *memory, struct seen_heap *s)
{
	struct gc_heap *h = &s->h;
	int err = 0;

	if (!s->has_layout) {
		if (s->layout_tries == LAYOUT_TRIES)
			return;
		err = gc_spaces_find(memory, h->address, &s->layout);
		s->has_layout = !err;
		s->layout_tries++;
	}
	if (!err && gc_spaces_read(memory, h->address, &s->layout, h->spaces, &h->space_count) == 0)
		h->space_source = GC_BY_MEMORY;
}

void gc_trace_look(struct gc_trace *c, struct gc_heap *h)
{
	struct process *p = processes_find(&c->processes, h->pid);
	struct gc_process *g = p ? c->by_slot[p->slot] : NULL;
	struct reader memory;

	if (!g)
		return;
	/* a worker may have limits of its own (resourceLimits) */
	if (g->option_limit_bytes && !h->is_worker) {
		h->old_limit_bytes = g->option_limit_bytes;
		if (h->limit_source == GC_UNKNOWN)
			h->limit_source = GC_BY_OPTION;
	}
	if (!h->address || p->is_ended)
		return;
	memory = v8_reader(&p->target);
	if (h->limit_source != GC_BY_STATISTICS)
		look_at_limit(&memory, g, h);
	if (h->space_source != GC_BY_STATISTICS)
		look_at_spaces(&memory, (struct seen_heap *)h);
}

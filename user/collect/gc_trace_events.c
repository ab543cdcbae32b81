// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Events to heaps, collections and moments. */
#include "collect/gc_trace_state.h"

#include "base/vec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HEAPS_MAX 4096
/* Names of spaces, which a program may make up, for weeks. */
#define TEXTS_MAX 4096
/* A function and its clone are one call. */
#define SAME_MOMENT_NS (10 * NS_PER_MS)

static const char *keep(struct gc_trace *c, const char *text)
{
	const char *kept = NULL;

	if (!c->options->is_endless || c->texts.len < TEXTS_MAX)
		kept = strings_keep(&c->texts, text);
	return kept ? kept : "";
}

/* In @buf of a heap, or, where values outlive heaps, among the texts. */
static const char *keep_in(struct gc_trace *c, const char *text, char *buf, size_t size)
{
	if (!c->options->is_endless)
		return keep(c, text);
	(void)snprintf(buf, size, "%s", text);
	return buf;
}

static uint64_t realtime_of(const struct gc_trace *c, uint64_t monotonic_ns)
{
	return c->started_realtime_ns + monotonic_ns - c->started_ns;
}

/* --- heaps ------------------------------------------------------------------------------------ */

/* The one of a thread and address; where one of both is not known, the last of that thread. */
static struct gc_heap *find_heap(const struct gc_trace *c, const struct gc_event *e, size_t *ret)
{
	for (size_t i = c->heaps.len; i-- > 0;) {
		struct gc_heap *h = c->heaps.at[i];

		if (h->pid != (pid_t)e->tgid || h->tid != (pid_t)e->tid || h->is_ended ||
		    (e->heap && h->address && h->address != e->heap))
			continue;
		if (!h->address)
			h->address = e->heap;
		*ret = i;
		return h;
	}
	return NULL;
}

static struct gc_heap *heap_of(struct gc_trace *c, const struct gc_event *e, size_t *ret)
{
	struct process *p = processes_find(&c->processes, (pid_t)e->tgid);
	const char *process = p ? p->target.comm : "";
	struct gc_heap *found = find_heap(c, e, ret);
	struct seen_heap *seen;
	struct gc_heap **slot;

	if (found || c->heaps.len == HEAPS_MAX)
		return found;
	seen = calloc(1, sizeof(*seen));
	slot = seen ? vec_push(&c->heaps) : NULL;
	if (!slot) {
		free(seen);
		return NULL;
	}
	seen->first_ns = p && p->begun_ns > c->started_ns ? p->begun_ns : c->started_ns;
	if (e->tid != e->tgid && e->time_ns > c->started_ns + NS_PER_S)
		seen->first_ns = e->time_ns; /* a worker that began later, as far as is known */
	seen->h = (struct gc_heap){
		.pid = (pid_t)e->tgid,
		.tid = (pid_t)e->tid,
		.process = keep_in(c, process, seen->process, sizeof(seen->process)),
		.thread = keep_in(c, e->thread[0] ? e->thread : process, seen->thread,
				  sizeof(seen->thread)),
		.is_worker = e->tid != e->tgid,
		.address = e->heap,
		.out_of_memory_at = "",
	};
	*slot = &seen->h;
	*ret = c->heaps.len - 1;
	return *slot;
}

/* --- stacks ----------------------------------------------------------------------------------- */

static struct gc_stack *name_stack(struct gc_trace *c, const struct gc_event *e,
				   struct seen_stack *seen)
{
	struct stack_code code = processes_code(&c->processes, (pid_t)e->tgid);
	struct named_stack *named = c->scratch;
	struct gc_stack **slot = vec_push(&c->stacks);
	struct frame *frames;

	if (!slot)
		return NULL;
	named->len = 0;
	named->cut = NULL;
	named->js = (struct js_counts){ 0 };
	stack_names_add_user(&c->names, &code, e->stack, named);
	js_counts_add(&c->js_counts, &named->js, 1);
	frames = arena_alloc(&c->arena, named->len * sizeof(*frames) + 1);
	if (!frames) {
		c->stacks.len--;
		return NULL;
	}
	memcpy(frames, named->at, named->len * sizeof(*frames));
	seen->s = (struct gc_stack){ .frames = frames, .depth = named->len, .cut = named->cut };
	*slot = &seen->s;
	return &seen->s;
}

/* Named when it is met first: later its code may be gone. NULL: none, or no memory. */
static struct gc_stack *stack_of(struct gc_trace *c, const struct gc_event *e)
{
	struct seen_stack *seen = NULL;
	struct gc_stack *named;

	if (e->stack == STACK_NONE)
		return NULL;
	HASH_FIND(hh, c->stack_ids, &e->stack, sizeof(e->stack), seen);
	if (seen)
		return &seen->s;
	seen = calloc(1, sizeof(*seen));
	if (!seen)
		return NULL;
	seen->id = e->stack;
	named = name_stack(c, e, seen);
	if (named)
		HASH_ADD(hh, c->stack_ids, id, sizeof(seen->id), seen);
	if (named && seen->hh.tbl)
		return named;
	if (named)
		c->stacks.len--;
	free(seen);
	return NULL;
}

/* --- collections ------------------------------------------------------------------------------ */

/* Committed memory stands behind the sizes in V8's own record, wherever that is. */
static void take_committed(struct gc_process *g, const struct gc_event *e, struct gc_collection *c)
{
	int at;

	if (!g || g->sizes_differ || !c->has_sizes)
		return;
	at = gc_find_sizes(e->pause.words, c->before_bytes, c->after_bytes);
	if (at < 0)
		return;
	g->sizes_differ = g->sizes_at >= 0 && g->sizes_at != at;
	g->sizes_at = at;
	c->has_committed = !g->sizes_differ;
	c->committed_before_bytes = e->pause.words[at + 2];
	c->committed_after_bytes = e->pause.words[at + 3];
}

static int keep_collection(struct gc_trace *c, const struct gc_collection *collection)
{
	struct gc_collection *kept;

	if (c->options->is_endless)
		return 0;
	if (c->collections.len >= c->options->max_collections) {
		c->dropped_collections++;
		return 0;
	}
	kept = vec_push(&c->collections);
	if (!kept)
		return -ENOMEM;
	*kept = *collection;
	return 0;
}

static int on_pause(struct gc_trace *c, const struct gc_event *e)
{
	struct process *p = processes_find(&c->processes, (pid_t)e->tgid);
	struct gc_collection made = {
		.time_ns = realtime_of(c, e->pause.began_ns),
		.began_ns = e->pause.began_ns,
		.pause_ns = e->pause.pause_ns,
		.kind = e->pause.kind,
		.reason = e->reason,
		.detail = c->options->is_endless ? e->text : keep(c, e->text),
		.has_sizes = e->pause.has_sizes,
		.before_bytes = e->pause.before_bytes,
		.after_bytes = e->pause.after_bytes,
		.steps = e->pause.steps,
		.step_ns = e->pause.step_ns,
	};
	struct gc_heap *h = heap_of(c, e, &made.heap);
	struct gc_stack *stack = stack_of(c, e);
	struct gcs view;
	int err;

	if (!h)
		return -ENOMEM;
	made.stack = stack;
	if (stack) {
		stack->count++;
		stack->ns += made.pause_ns;
	}
	take_committed(p ? c->by_slot[p->slot] : NULL, e, &made);
	gc_heap_add(h, &made);
	if (made.kind == GC_MARK_COMPACT || !h->space_count)
		gc_trace_look(c, h);
	if (made.kind == GC_MARK_COMPACT)
		gc_heap_note_pages(h);
	err = keep_collection(c, &made);
	if (err || !c->sink || !c->sink->on_collection)
		return err;
	gc_trace_view(c, &view);
	err = c->sink->on_collection(c->sink->ctx, &view, &made);
	if (stack)
		stack->is_told = true;
	return err;
}

static int keep_moment(struct gc_trace *c, const struct gc_moment *moment)
{
	struct gc_moment *kept;

	if (c->options->is_endless)
		return 0;
	kept = vec_push(&c->moments);
	if (!kept)
		return -ENOMEM;
	*kept = *moment;
	return 0;
}

static int on_moment(struct gc_trace *c, const struct gc_event *e)
{
	struct gc_moment made = { .kind = e->kind, .time_ns = realtime_of(c, e->time_ns) };
	struct gc_heap *h = heap_of(c, e, &made.heap);
	struct seen_heap *seen = (struct seen_heap *)h;
	struct gcs view;

	if (!h)
		return -ENOMEM;
	if (e->kind == GC_EVENT_MARKING) {
		h->markings++;
		return 0;
	}
	if (seen->moment_kind == e->kind && e->time_ns - seen->moment_ns < SAME_MOMENT_NS)
		return 0;
	seen->moment_kind = e->kind;
	seen->moment_ns = e->time_ns;
	if (e->kind == GC_EVENT_NEAR_LIMIT) {
		h->near_limits++;
	} else {
		h->out_of_memory++;
		h->out_of_memory_at =
			keep_in(c, e->text, seen->out_of_memory_at, sizeof(seen->out_of_memory_at));
	}
	made.text = c->options->is_endless ? e->text : keep(c, e->text);
	made.stack = stack_of(c, e);
	if (keep_moment(c, &made))
		return -ENOMEM;
	if (!c->sink || !c->sink->on_moment)
		return 0;
	gc_trace_view(c, &view);
	return c->sink->on_moment(c->sink->ctx, &view, &made);
}

/* --- what the application asked for ----------------------------------------------------------- */

static int on_statistics(struct gc_trace *c, const struct gc_event *e)
{
	size_t index;
	struct gc_heap *h = heap_of(c, e, &index);

	if (!h)
		return -ENOMEM;
	if (e->statistics[GC_STATISTIC_LIMIT]) {
		h->limit_bytes = e->statistics[GC_STATISTIC_LIMIT];
		h->limit_source = GC_BY_STATISTICS;
	}
	h->asked_ns = e->time_ns;
	h->asked_used_bytes = e->statistics[GC_STATISTIC_USED];
	h->asked_total_bytes = e->statistics[GC_STATISTIC_TOTAL];
	return 0;
}

static int on_space(struct gc_trace *c, const struct gc_event *e)
{
	const char *name = keep(c, e->text);
	size_t index, i = 0;
	struct gc_heap *h = heap_of(c, e, &index);

	if (!h)
		return -ENOMEM;
	while (i < h->space_count && strcmp(h->spaces[i].name, name) != 0)
		i++;
	if (i == GC_SPACES_MAX)
		return 0;
	if (i == h->space_count)
		h->space_count++;
	h->spaces[i] = (struct gc_space){ .name = name,
					  .committed_bytes = e->space.committed_bytes,
					  .used_bytes = e->space.used_bytes,
					  .has_used = true };
	h->space_source = GC_BY_STATISTICS;
	return 0;
}

int gc_trace_on_event(struct gc_trace *c, const void *data, size_t size)
{
	struct gc_event e;

	if (gc_event_decode((struct bytes){ data, size }, &e)) {
		c->broken_events++;
		return 0;
	}
	switch (e.kind) {
	case GC_EVENT_PAUSE:
		return on_pause(c, &e);
	case GC_EVENT_STATISTICS:
		return on_statistics(c, &e);
	case GC_EVENT_SPACE:
		return on_space(c, &e);
	default:
		return on_moment(c, &e);
	}
}

/* --- without end ------------------------------------------------------------------------------ */

/* A worker that is over leaves no other trace. */
bool gc_trace_has_ended(const struct gc_trace *c, const struct gc_heap *h)
{
	const struct process *p = processes_find(&c->processes, h->pid);
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d", h->pid, h->tid);
	return !p || p->is_ended || access(path, F_OK) != 0;
}

static void forget_heap(struct gc_trace *c, size_t i)
{
	struct seen_heap *seen = (struct seen_heap *)c->heaps.at[i];

	seen->h.is_ended = true;
	seen->h.total.window_ns = clock_monotonic_ns() - seen->first_ns;
	if (c->sink && c->sink->on_heap_ended)
		c->sink->on_heap_ended(c->sink->ctx, &seen->h);
	free(seen);
	c->heaps.len--;
	memmove(c->heaps.at + i, c->heaps.at + i + 1, (c->heaps.len - i) * sizeof(*c->heaps.at));
}

void gc_trace_forget_process(struct gc_trace *c, pid_t pid)
{
	for (size_t i = c->heaps.len; i-- > 0;)
		if (c->heaps.at[i]->pid == pid)
			forget_heap(c, i);
}

void gc_trace_forget_ended(struct gc_trace *c)
{
	uint64_t now_ns = clock_monotonic_ns();

	if (now_ns - c->heaps_looked_ns < NS_PER_S)
		return;
	c->heaps_looked_ns = now_ns;
	for (size_t i = c->heaps.len; i-- > 0;)
		if (gc_trace_has_ended(c, c->heaps.at[i]))
			forget_heap(c, i);
}

void gc_trace_free_events(struct gc_trace *c)
{
	struct seen_stack *s, *next;

	HASH_ITER (hh, c->stack_ids, s, next) {
		HASH_DEL(c->stack_ids, s);
		free(s);
	}
	for (size_t i = 0; i < c->heaps.len; i++)
		free((struct seen_heap *)c->heaps.at[i]);
	free(c->heaps.at);
	free(c->collections.at);
	free(c->moments.at);
	free(c->stacks.at);
}

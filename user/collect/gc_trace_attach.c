// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From a process to probes on its V8, and whether they are hit. */
#include "collect/gc_trace_state.h"

#include "collect/v8_state.h"

#include "base/scope.h"
#include "host/log.h"
#include "probe/seccomp.h"
#include "probe/tables.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

/* So many collectors ran, and the pause around them was not seen: another anchor. */
#define MANY_UNSEEN 3
/* A process without V8 is looked through so often, also when it executes others: it takes a while.
 */
#define MAX_TRIES 20
/* Without end, so long after it was added. */
#define LOADS_V8_NS    (2 * NS_PER_S)
#define LOOKS_AGAIN_NS (NS_PER_S / 2)

struct attachment {
	struct bpf_program *prog;
	enum gc_probe probe;
	bool is_return;
};

#define ATTACHMENTS 16

/* In this order: when a pause begins to be seen, all that is in it is. */
static void list_attachments(const struct gc_trace *c, struct attachment list[ATTACHMENTS])
{
	struct gc_trace_bpf *s = c->skel;
	const struct attachment all[ATTACHMENTS] = {
		{ s->progs.size_of_objects, GC_PROBE_SIZE, true },
		{ s->progs.scavenge, GC_PROBE_SCAVENGE, false },
		{ s->progs.minor, GC_PROBE_MINOR, false },
		{ s->progs.mark_compact, GC_PROBE_MARK_COMPACT, false },
		{ s->progs.perform, GC_PROBE_PERFORM, false },
		{ s->progs.collect, GC_PROBE_COLLECT, false },
		{ s->progs.step_ends, GC_PROBE_STEP_END, true },
		{ s->progs.step_begins, GC_PROBE_STEP, false },
		{ s->progs.marking, GC_PROBE_MARKING, false },
		{ s->progs.near_limit, GC_PROBE_NEAR_LIMIT, false },
		{ s->progs.out_of_memory, GC_PROBE_OUT_OF_MEMORY, false },
		{ s->progs.statistics_end, GC_PROBE_STATISTICS_END, true },
		{ s->progs.statistics_begin, GC_PROBE_STATISTICS, false },
		{ s->progs.space_end, GC_PROBE_SPACE_END, true },
		{ s->progs.space_begin, GC_PROBE_SPACE, false },
		{ s->progs.pause_ends, GC_PROBE_PAUSE_ENDS, false },
	};

	memcpy(list, all, sizeof(all));
}

void gc_trace_prepare(struct gc_trace *c)
{
	struct attachment list[ATTACHMENTS];

	list_attachments(c, list);
	for (size_t i = 0; i < ATTACHMENTS; i++)
		uprobes_prepare(list[i].prog);
	uprobes_prepare(c->skel->progs.pause_begins);
	uprobes_prepare(c->skel->progs.collect_begins);
	uprobes_prepare(c->skel->progs.collect_ends);
}

/* @probe's places with @prog. */
static int attach_one(struct gc_trace *c, struct process *p, const struct gc_places *places,
		      const struct attachment *a)
{
	const struct uprobe_request request = { .prog = a->prog,
						.fd = places->fd,
						.pid = p->pid,
						.is_return = a->is_return,
						.is_quiet = c->options->is_endless,
						.places = places->at[a->probe],
						.count = places->count[a->probe] };

	return uprobes_attach(&p->probes, &request);
}

/* A system-call filter may not know the call that a probed return is. */
static bool may_probe_returns(const struct process *p)
{
	struct process_stat st;

	return procfs_stat(p->pid, &st) == 0 && (!st.seccomp || seccomp_return_probe_is_safe());
}

static int attach_collect(struct gc_trace *c, struct process *p, const struct gc_places *places)
{
	const struct attachment ends = { c->skel->progs.collect_ends, GC_PROBE_COLLECT_END, true };
	const struct attachment begins = { c->skel->progs.collect_begins, GC_PROBE_COLLECT, false };
	int err = attach_one(c, p, places, &ends);

	return err ? err : attach_one(c, p, places, &begins);
}

static enum gc_anchor choose_anchor(const struct gc_places *places, bool has_returns)
{
	if (places->count[GC_PROBE_PAUSE_BEGINS] && places->count[GC_PROBE_PAUSE_ENDS])
		return GC_ANCHOR_PAUSE;
	return places->count[GC_PROBE_COLLECT] && has_returns ? GC_ANCHOR_COLLECT : GC_ANCHOR_NONE;
}

static int attach_places(struct gc_trace *c, struct process *p, struct gc_process *g,
			 const struct gc_places *places)
{
	const struct attachment begins = { c->skel->progs.pause_begins, GC_PROBE_PAUSE_BEGINS,
					   false };
	bool has_returns = may_probe_returns(p);
	struct attachment list[ATTACHMENTS];
	int err = 0;

	g->anchor = choose_anchor(places, has_returns);
	list_attachments(c, list);
	for (size_t i = 0; i < ATTACHMENTS && !err; i++) {
		const struct attachment *a = &list[i];

		if (!places->count[a->probe] || (a->is_return && !has_returns) ||
		    (a->probe == GC_PROBE_COLLECT && g->anchor == GC_ANCHOR_COLLECT))
			continue;
		err = attach_one(c, p, places, a);
		g->has[a->probe] = !err;
	}
	if (!err && g->anchor == GC_ANCHOR_PAUSE)
		err = attach_one(c, p, places, &begins);
	if (!err && g->anchor == GC_ANCHOR_COLLECT)
		err = attach_collect(c, p, places);
	return err;
}

bool gc_trace_has_v8(const struct gc_trace *c)
{
	for (uint32_t i = 0; i < c->processes.slots; i++)
		if (c->by_slot[i] && c->by_slot[i]->is_attached)
			return true;
	return false;
}

static struct gc_process *process_of(struct gc_trace *c, const struct process *p)
{
	struct gc_process **at = &c->by_slot[p->slot];

	if (!*at)
		*at = calloc(1, sizeof(**at));
	return *at;
}

static void begin_anew(struct gc_process *g)
{
	*g = (struct gc_process){ .sizes_at = -1, .tries = g->tries, .tried_ns = g->tried_ns };
}

static bool may_load_v8(const struct gc_trace *c, const struct process *p, unsigned int tries)
{
	if (c->options->is_endless)
		return clock_monotonic_ns() - p->begun_ns < LOADS_V8_NS;
	return tries < MAX_TRIES;
}

int gc_trace_attach(struct gc_trace *c, struct process *p)
{
	_release_(gc_places_done) struct gc_places places = { .fd = -1 };
	struct gc_process *g;
	bool is_same;
	int err;

	if (p->is_probed || p->is_ended)
		return 0;
	g = c->by_slot[p->slot];
	if (g && c->options->is_endless && clock_monotonic_ns() - g->tried_ns < LOOKS_AGAIN_NS)
		return -ENODATA;
	p->is_probed = true;
	g = process_of(c, p);
	if (!g)
		return -ENOMEM;
	g->tried_ns = clock_monotonic_ns();
	err = gc_places_find(&p->target, &places);
	is_same = !err && !processes_probes_are_new(p, places.fd);
	if (!is_same)
		begin_anew(g);
	if (err == -ENODATA) /* it may still be mapping its libraries */
		p->is_probed = !may_load_v8(c, p, ++g->tries);
	if (err)
		return err;
	(void)snprintf(g->path, sizeof(g->path), "%s", places.path);
	g->limit_function = places.limit_function;
	g->limit_function_bytes = places.limit_function_bytes;
	g->option_limit_bytes = v8_option_limit(p->pid);
	if (is_same)
		return 0;
	err = attach_places(c, p, g, &places);
	if (err)
		return err;
	g->is_attached = g->anchor != GC_ANCHOR_NONE || g->has[GC_PROBE_STATISTICS_END];
	return g->is_attached ? 0 : -EOPNOTSUPP;
}

bool gc_trace_watches(const struct gc_trace *c, pid_t pid)
{
	const struct process *p = processes_find(&c->processes, pid);
	const struct gc_process *g = p && !p->is_ended ? c->by_slot[p->slot] : NULL;

	return g && g->is_attached;
}

void gc_trace_attach_all(struct gc_trace *c)
{
	for (struct process *p = c->processes.all; p; p = p->hh.next)
		(void)gc_trace_attach(c, p); /* one below another may be anything */
}

/* --- are they hit? ---------------------------------------------------------------------------- */

static void switch_anchor(struct gc_trace *c, struct process *p, struct gc_process *g)
{
	_release_(gc_places_done) struct gc_places places = { .fd = -1 };
	enum log_level level = c->options->is_endless ? LOG_INFO : LOG_WARN;

	g->is_switched = true;
	if (gc_places_find(&p->target, &places) || !places.count[GC_PROBE_COLLECT] ||
	    !may_probe_returns(p)) {
		log_line(level, "process %d: collections run, and none of their pauses is seen",
			 p->pid);
		return;
	}
	log_line(level, "process %d: V8's pause is not hit: the call that collects stands for it",
		 p->pid);
	if (attach_collect(c, p, &places) == 0)
		g->anchor = GC_ANCHOR_COLLECT;
}

void gc_trace_check_anchors(struct gc_trace *c)
{
	for (struct process *p = c->processes.all; p; p = p->hh.next) {
		struct gc_process *g = c->by_slot[p->slot];
		uint64_t counts[GC_COUNTERS];
		uint64_t ran;

		if (!g || p->is_ended || g->anchor != GC_ANCHOR_PAUSE || g->is_switched ||
		    g->is_hit ||
		    table_sum_percpu(bpf_map__fd(c->skel->maps.counters), p->slot, counts,
				     GC_COUNTERS))
			continue;
		ran = counts[GC_HITS + GC_PROBE_SCAVENGE] +
		      counts[GC_HITS + GC_PROBE_MARK_COMPACT] + counts[GC_HITS + GC_PROBE_MINOR];
		g->is_hit = counts[GC_HITS + GC_PROBE_PAUSE_BEGINS] > 0;
		if (ran >= MANY_UNSEEN && !g->is_hit)
			switch_anchor(c, p, g);
	}
}

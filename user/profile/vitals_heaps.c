// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* V8's heaps and their collections, and memory as a whole. */
#include "profile/vitals_state.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Figures whose growth is told: what a leak is seen by first. */
static const enum memory_figure grown[] = {
	MEMORY_RSS,
	MEMORY_ANONYMOUS,
	MEMORY_POOL_V8,
	MEMORY_POOL_MALLOC_HEAP,
	MEMORY_POOL_MALLOC_ARENAS,
	MEMORY_POOL_MALLOC_LARGE,
	MEMORY_HEAP_USED,
	MEMORY_EXTERNAL,
	MEMORY_ARRAY_BUFFERS,
};

/* --- collections ------------------------------------------------------------------------------ */

static enum pause_kind kind_of(enum gc_kind kind)
{
	switch (kind) {
	case GC_SCAVENGE:
	case GC_MINOR:
		return PAUSE_MINOR;
	case GC_MARK_COMPACT:
		return PAUSE_MAJOR;
	default:
		return PAUSE_OTHER;
	}
}

void vitals_take_collection(struct vitals_process *p, const struct gc_collection *c)
{
	struct pause_hist *h = &p->group->pauses[kind_of(c->kind)];
	size_t bin = 0;

	while (bin < PAUSE_BOUNDS && c->pause_ns > vitals_pause_bounds_ns[bin])
		bin++;
	h->counts[bin]++;
	h->sum_ns += c->pause_ns;
	p->collections++;
	if (c->has_sizes && c->before_bytes > c->after_bytes)
		p->group->sums[SUM_GC_FREED] += c->before_bytes - c->after_bytes;
	p->group->has_heaps = true;
}

/* --- heaps ------------------------------------------------------------------------------------ */

static struct heap_now *heap_of(struct vitals_process *p, uint64_t id)
{
	struct heap_now *now;

	for (size_t i = 0; i < p->heaps.len; i++)
		if (p->heaps.at[i].id == id)
			return &p->heaps.at[i];
	now = vec_push(&p->heaps);
	if (now)
		*now = (struct heap_now){ .id = id };
	return now;
}

static void look_ahead(const struct gc_heap *h, struct heap_now *now)
{
	struct gc_outlook outlook = gc_growth_outlook(&h->growth, gc_heap_room(h));

	now->after_full_bytes = h->growth.len ? h->growth.last_bytes : 0;
	now->limit_bytes = gc_heap_limit(h);
	now->has_outlook = outlook.verdict != GC_TOO_FEW;
	now->is_growing = outlook.verdict == GC_GROWING;
	now->left_ns = outlook.reaches_limit ? outlook.left_ns : 0;
}

int vitals_take_heap(struct vitals_process *p, const struct gc_heap *h)
{
	const struct {
		enum sum sum;
		uint64_t now;
	} values[] = {
		{ SUM_GC_ALLOCATED, h->total.allocated_bytes },
		{ SUM_GC_STEPS, h->total.steps },
		{ SUM_GC_STEP_NS, h->total.step_ns },
		{ SUM_GC_NEAR_LIMIT, h->near_limits },
		{ SUM_GC_OUT_OF_MEMORY, h->out_of_memory },
	};
	uint64_t id = h->address ^ (uint64_t)h->tid << 48;
	struct heap_now *now;
	struct meter *m;
	bool is_new;

	m = meter_of(p, METER_HEAP, id, &is_new);
	now = m ? heap_of(p, id) : NULL;
	if (!now)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		p->group->sums[values[i].sum] += meter_grew(m, i, values[i].now);
	p->group->has_heaps = true;
	if (!h->is_ended) {
		look_ahead(h, now);
		return 0;
	}
	*now = p->heaps.at[--p->heaps.len];
	meter_drop(p, m);
	return 0;
}

/* --- memory ----------------------------------------------------------------------------------- */

void memory_now_add_space(struct memory_now *now, const struct gc_space *s)
{
	for (size_t i = 0; i < now->space_count; i++)
		if (strcmp(now->spaces[i].name, s->name) == 0) {
			now->spaces[i].committed_bytes += s->committed_bytes;
			return;
		}
	if (now->space_count < GC_SPACES_MAX)
		now->spaces[now->space_count++] = *s;
}

static void note_heaps(const struct memory_process *m, struct memory_now *now)
{
	for (size_t i = 0; i < m->heap_count; i++) {
		const struct memory_heap *h = &m->heaps[i];

		if (!h->is_worker)
			now->heap_limit_bytes = h->limit_bytes;
		for (size_t k = 0; k < h->space_count; k++)
			memory_now_add_space(now, &h->spaces[k]);
	}
}

static void note_cgroup(const struct memory_process *m, struct memory_now *now)
{
	struct memory_trend t;

	now->cgroup_limit_bytes = m->cgroup.version ? m->cgroup.limit_bytes : 0;
	if (!now->cgroup_limit_bytes)
		return;
	t = memory_trend_of(m, MEMORY_CGROUP);
	now->cgroup_left_ns = memory_time_left_ns(&t, memory_cgroup_room(&m->cgroup));
}

void vitals_take_outstanding(struct vitals_process *p, uint64_t bytes, uint64_t blocks)
{
	p->outstanding_bytes = bytes;
	p->outstanding_blocks = blocks;
	p->has_outstanding = true;
}

static void judge(const struct memory_process *m, const struct memory_sample *last,
		  struct memory_now *now)
{
	for (size_t i = 0; i < sizeof(grown) / sizeof(*grown); i++) {
		if (!memory_is_known(last, grown[i]))
			continue;
		now->judged |= 1u << grown[i];
		if (memory_trend_of(m, grown[i]).grows)
			now->grows |= 1u << grown[i];
	}
}

void vitals_take_memory(struct vitals_process *p, const struct memory_process *m)
{
	const struct memory_sample *last =
		m->sample_count ? &m->samples[m->sample_count - 1] : NULL;
	struct memory_now now = { .is_known = true };
	struct meter *kills;
	bool is_new;
	uint64_t grew;

	if (!last)
		return;
	memcpy(now.bytes, last->bytes, sizeof(now.bytes));
	now.known = last->known;
	judge(m, last, &now);
	note_heaps(m, &now);
	note_cgroup(m, &now);
	kills = m->cgroup.version ? meter_of(p, METER_CGROUP_KILLS, 0, &is_new) : NULL;
	grew = kills ? meter_grew(kills, 0, m->cgroup.oom_kills) : 0;
	if (kills && !is_new)
		p->group->sums[SUM_OOM_KILLS] += grew;
	p->memory = now;
	p->group->has_memory = true;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Groups, their processes, and what /proc says of these. */
#include "profile/vitals_state.h"

#include "base/text.h"
#include "base/vec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A process can have more threads than anybody has memory for: those not seen for longest go. */
#define METERS_MAX 128

#define MS	   1000000ull

const uint64_t vitals_time_bounds_ns[TIME_BOUNDS] = { MS,	 5 * MS / 2, 5 * MS,	10 * MS,
						      25 * MS,	 50 * MS,    100 * MS,	250 * MS,
						      500 * MS,	 1000 * MS,  2500 * MS, 5000 * MS,
						      10000 * MS };
const uint64_t vitals_pause_bounds_ns[PAUSE_BOUNDS] = { MS / 10,   MS / 2,    MS,	5 * MS,
							10 * MS,   50 * MS,   100 * MS, 500 * MS,
							1000 * MS, 2000 * MS, 5000 * MS };

const char *const vitals_part_names[VITALS_PARTS] = {
	[VITALS_ALLOC] = "alloc",   [VITALS_SPLIT] = "split", [VITALS_GC] = "gc",
	[VITALS_MEMORY] = "memory", [VITALS_LOOPS] = "loops",
};

void time_hist_add(struct time_hist *h, uint64_t ns)
{
	size_t bin = 0;

	while (bin < TIME_BOUNDS && ns > vitals_time_bounds_ns[bin])
		bin++;
	h->counts[bin]++;
	h->sums_ns[bin] += ns;
}

/* --- groups ----------------------------------------------------------------------------------- */

struct vitals *vitals_new(void)
{
	struct vitals *v = calloc(1, sizeof(*v));

	if (v)
		v->last_group = &v->groups;
	return v;
}

static void free_process(struct vitals_process *p)
{
	free(p->meters.at);
	free(p->loops.at);
	free(p->heaps.at);
	free(p);
}

void vitals_free(struct vitals *v)
{
	if (!v)
		return;
	while (v->processes) {
		struct vitals_process *p = v->processes;

		v->processes = p->next;
		free_process(p);
	}
	while (v->groups) {
		struct vitals_group *g = v->groups;

		v->groups = g->next;
		for (size_t i = 0; i < g->loop_count; i++)
			free(g->loops[i]);
		free(g);
	}
	free(v);
}

void vitals_freep(struct vitals **v)
{
	vitals_free(*v);
}

static struct vitals_group *find_group(const struct vitals *v, const char *name)
{
	for (struct vitals_group *g = v->groups; g; g = g->next)
		if (strcmp(g->name, name) == 0)
			return g;
	return NULL;
}

struct vitals_group *vitals_group(struct vitals *v, const char *name)
{
	char clean[sizeof(((struct vitals_group *)NULL)->name)];
	struct vitals_group *g;

	(void)text_clean(name, strlen(name), clean, sizeof(clean));
	if (!clean[0])
		(void)snprintf(clean, sizeof(clean), VITALS_OTHER);
	g = find_group(v, clean);
	if (!g && v->group_count >= VITALS_GROUPS_MAX) {
		(void)snprintf(clean, sizeof(clean), VITALS_OTHER);
		g = find_group(v, clean);
	}
	if (g)
		return g;
	g = calloc(1, sizeof(*g));
	if (!g)
		return NULL;
	memcpy(g->name, clean, sizeof(g->name));
	*v->last_group = g;
	v->last_group = &g->next;
	v->group_count++;
	return g;
}

const char *vitals_group_name(const struct vitals_group *g)
{
	return g->name;
}

void vitals_set_degraded(struct vitals_group *g, enum vitals_part part, bool is_degraded)
{
	g->is_degraded[part] = is_degraded;
}

/* --- processes -------------------------------------------------------------------------------- */

struct vitals_process *vitals_begin(struct vitals *v, struct vitals_group *g,
				    const struct vitals_birth *birth)
{
	struct vitals_process *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->v = v;
	p->group = g;
	p->birth = *birth;
	p->next = v->processes;
	v->processes = p;
	g->sums[SUM_STARTS] += birth->is_new;
	return p;
}

void vitals_end(struct vitals_process *p, uint64_t now_ns)
{
	if (!p->ended_ns)
		p->ended_ns = now_ns ? now_ns : 1;
}

void vitals_sweep(struct vitals *v, uint64_t now_ns)
{
	struct vitals_process **at = &v->processes;

	while (*at) {
		struct vitals_process *p = *at;

		if (!p->ended_ns || now_ns - p->ended_ns < VITALS_LINGER_NS) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		free_process(p);
	}
}

/* New ones come first, so of those that ended the last one is met first. */
struct vitals_process *vitals_find(const struct vitals *v, pid_t pid)
{
	struct vitals_process *ended = NULL;

	for (struct vitals_process *p = v->processes; p; p = p->next) {
		if (p->birth.pid != pid)
			continue;
		if (!p->ended_ns)
			return p;
		if (!ended)
			ended = p;
	}
	return ended;
}

struct vitals_group *vitals_group_of(const struct vitals_process *p)
{
	return p->group;
}

void vitals_work(const struct vitals_process *p, uint64_t *ret_iterations,
		 uint64_t *ret_collections)
{
	*ret_iterations = p->iterations;
	*ret_collections = p->collections;
}

/* --- meters ----------------------------------------------------------------------------------- */

static struct meter *oldest_of(struct vitals_process *p)
{
	struct meter *oldest = &p->meters.at[0];

	for (size_t i = 1; i < p->meters.len; i++)
		if (p->meters.at[i].seen < oldest->seen)
			oldest = &p->meters.at[i];
	return oldest;
}

struct meter *meter_of(struct vitals_process *p, enum meter_kind kind, uint64_t id,
		       bool *ret_is_new)
{
	struct meter *m = NULL;

	*ret_is_new = false;
	for (size_t i = 0; i < p->meters.len && !m; i++)
		if (p->meters.at[i].kind == kind && p->meters.at[i].id == id)
			m = &p->meters.at[i];
	if (!m) {
		*ret_is_new = true;
		m = p->meters.len < METERS_MAX ? vec_push(&p->meters) : oldest_of(p);
		if (!m)
			return NULL;
		*m = (struct meter){ .kind = kind, .id = id };
	}
	m->seen = ++p->v->readings;
	return m;
}

void meter_drop(struct vitals_process *p, struct meter *m)
{
	*m = p->meters.at[--p->meters.len];
}

uint64_t meter_grew(struct meter *m, size_t which, uint64_t now)
{
	uint64_t grew;

	if (now <= m->last[which])
		return 0;
	grew = now - m->last[which];
	m->last[which] = now;
	return grew;
}

/* --- /proc ------------------------------------------------------------------------------------ */

/* What began before it was watched is not the group's; without memory for a meter nothing is. */
static void count_facts(struct vitals_process *p, const struct vitals_facts *f)
{
	const struct {
		enum sum sum;
		uint64_t now;
	} values[] = {
		{ SUM_CPU_USER, f->user_ns },	       { SUM_CPU_SYSTEM, f->system_ns },
		{ SUM_RUN_QUEUE, f->run_queue_ns },    { SUM_MINOR_FAULTS, f->minor_faults },
		{ SUM_MAJOR_FAULTS, f->major_faults },
	};
	bool is_new;
	struct meter *m = meter_of(p, METER_FACTS, 0, &is_new);

	for (size_t i = 0; m && i < sizeof(values) / sizeof(*values); i++) {
		uint64_t grew = meter_grew(m, i, values[i].now);

		if (!is_new || p->birth.is_new)
			p->group->sums[values[i].sum] += grew;
	}
}

/* Of a cgroup, which several processes of the group may be in: the first of them counts. */
static void count_cgroup(struct vitals_process *p, const struct vitals_facts *f)
{
	struct meter *m;
	uint64_t grew;
	bool is_new;

	if (!f->has_throttled)
		return;
	for (const struct vitals_process *o = p->v->processes; o; o = o->next)
		if (o != p && o->group == p->group && !o->ended_ns && o->has_facts &&
		    o->facts.cgroup == f->cgroup && o->birth.pid < p->birth.pid)
			return;
	m = meter_of(p, METER_CGROUP, f->cgroup, &is_new);
	grew = m ? meter_grew(m, 0, f->throttled_ns) : 0;
	p->group->sums[SUM_THROTTLED] += is_new ? 0 : grew;
}

void vitals_take_facts(struct vitals_process *p, const struct vitals_facts *f)
{
	count_facts(p, f);
	count_cgroup(p, f);
	p->group->has_run_queue |= f->has_run_queue;
	p->group->has_throttled |= f->has_throttled;
	p->facts = *f;
	p->has_facts = true;
}

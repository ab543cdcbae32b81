// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Loops and stalls, by what their threads are called. */
#include "profile/vitals_state.h"

#include "base/vec.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a loop's bins begin among the values of its meter. */
enum {
	AT_COUNTS = LOOP_VALUES,
	AT_SUMS = AT_COUNTS + BINS,
	AT_LATE_COUNTS = AT_SUMS + BINS,
	AT_LATE_SUMS = AT_LATE_COUNTS + BINS,
};

/* --- names ------------------------------------------------------------------------------------ */

/* "io-thread-3" and "io-thread-4" are one: without the number at the end. */
static void without_number(const char *name, char *buf, size_t size)
{
	size_t len = strnlen(name, size - 1);

	memcpy(buf, name, len);
	while (len && (isdigit((unsigned char)name[len - 1]) || strchr("-_:#/ ", name[len - 1])))
		len--;
	buf[len] = 0;
}

/* A worker of node has the name of its process, or one of its own since Node 22. */
static void name_loop(const struct loop_info *l, char *buf, size_t size)
{
	if (l->tid == l->pid) {
		(void)snprintf(buf, size, "main");
		return;
	}
	if (strcmp(l->thread, l->process) == 0 || strstr(l->thread, "orker"))
		(void)snprintf(buf, size, "worker");
	else
		without_number(l->thread, buf, size);
	if (!buf[0])
		(void)snprintf(buf, size, VITALS_OTHER);
}

static struct loop_sums *find_sums(const struct vitals_group *g, const char *name)
{
	for (size_t i = 0; i < g->loop_count; i++)
		if (strcmp(g->loops[i]->name, name) == 0)
			return g->loops[i];
	return NULL;
}

static struct loop_sums *sums_of(struct vitals_group *g, const struct loop_info *l)
{
	char name[sizeof(((struct loop_sums *)NULL)->name)];
	struct loop_sums *sums;

	name_loop(l, name, sizeof(name));
	sums = find_sums(g, name);
	if (!sums && g->loop_count >= VITALS_LOOPS_MAX) {
		(void)snprintf(name, sizeof(name), VITALS_OTHER);
		sums = find_sums(g, name);
	}
	if (sums)
		return sums;
	sums = calloc(1, sizeof(*sums));
	if (!sums)
		return NULL;
	memcpy(sums->name, name, sizeof(name));
	g->loops[g->loop_count++] = sums;
	return sums;
}

/* --- times ------------------------------------------------------------------------------------ */

/*
 * The fine buckets of the kernel side to bins: one that a bound cuts goes to the side where its
 * middle lies, always the same, so that bins never shrink. A bucket is 3.1 % wide at most.
 */
static void fold(const struct loop_hist *h, uint64_t counts[BINS], uint64_t sums[BINS])
{
	size_t bin = 0;

	for (uint32_t i = 0; i < LOOP_HIST_BUCKETS; i++) {
		uint64_t low = log_bucket_low(i, LOOP_HIST_SUB_BITS);
		uint64_t high = log_bucket_low(i + 1, LOOP_HIST_SUB_BITS);
		uint64_t middle = low + (high - 1 - low) / 2;

		while (bin < TIME_BOUNDS && middle > vitals_time_bounds_ns[bin])
			bin++;
		counts[bin] += h->buckets[i].count;
		sums[bin] += h->buckets[i].sum;
	}
}

static void read_loop(const struct loop_info *l, uint64_t now[METER_VALUES])
{
	const struct loop_times *t = &l->total;

	now[LOOP_VALUE_ITERATIONS] = t->iterations;
	now[LOOP_VALUE_BUSY_NS] = t->busy_ns;
	now[LOOP_VALUE_POLL_NS] = t->polling_ns + t->waiting_ns;
	now[LOOP_VALUE_OBSERVED_NS] = t->window_ns;
	fold(&t->hists[LOOP_HIST_GAP], now + AT_COUNTS, now + AT_SUMS);
	fold(&t->hists[LOOP_HIST_EXPIRY], now + AT_LATE_COUNTS, now + AT_LATE_SUMS);
	fold(&t->hists[LOOP_HIST_PASSED], now + AT_LATE_COUNTS, now + AT_LATE_SUMS);
}

static void add_bins(struct meter *m, size_t at, const uint64_t *now, uint64_t *to)
{
	for (size_t i = 0; i < BINS; i++)
		to[i] += meter_grew(m, at + i, now[at + i]);
}

/* Another thread of that number: it starts again. */
static bool is_another(const struct meter *m, const uint64_t *now)
{
	return now[LOOP_VALUE_ITERATIONS] < m->last[LOOP_VALUE_ITERATIONS];
}

static void note_loop(struct vitals_process *p, const struct loop_info *l, struct loop_sums *sums)
{
	struct loop_now *now = NULL;

	for (size_t i = 0; i < p->loops.len && !now; i++)
		if (p->loops.at[i].tid == l->tid)
			now = &p->loops.at[i];
	if (l->is_ended) {
		if (now)
			*now = p->loops.at[--p->loops.len];
		return;
	}
	if (!now)
		now = vec_push(&p->loops);
	if (now) /* else it is missing among the gauges */
		*now = (struct loop_now){ l->tid, sums, l->stuck_ns };
}

int vitals_take_loop(struct vitals_process *p, const struct loop_info *l)
{
	struct loop_sums *sums = sums_of(p->group, l);
	uint64_t now[METER_VALUES] = { 0 };
	struct meter *m;
	bool is_new;

	m = sums ? meter_of(p, METER_LOOP, (uint64_t)l->tid, &is_new) : NULL;
	if (!m)
		return -ENOMEM;
	read_loop(l, now);
	if (is_another(m, now))
		memset(m->last, 0, sizeof(m->last));
	p->iterations += now[LOOP_VALUE_ITERATIONS] - m->last[LOOP_VALUE_ITERATIONS];
	for (size_t i = 0; i < LOOP_VALUES; i++)
		sums->values[i] += meter_grew(m, i, now[i]);
	add_bins(m, AT_COUNTS, now, sums->iterations.counts);
	add_bins(m, AT_SUMS, now, sums->iterations.sums_ns);
	add_bins(m, AT_LATE_COUNTS, now, sums->lateness.counts);
	add_bins(m, AT_LATE_SUMS, now, sums->lateness.sums_ns);
	p->group->has_loops = true;
	note_loop(p, l, sums);
	if (l->is_ended)
		meter_drop(p, m);
	return 0;
}

int vitals_take_stall(struct vitals_process *p, const struct loop_info *l, const struct stall *s)
{
	struct loop_sums *sums;
	enum stall_verdict verdict;

	if (s->is_going_on) /* told again when it is over */
		return 0;
	sums = sums_of(p->group, l);
	if (!sums)
		return -ENOMEM;
	verdict = stall_verdict(s);
	time_hist_add(&sums->stalls, s->ns);
	sums->causes[verdict]++;
	sums->cause_ns[verdict] += s->ns;
	p->group->has_loops = true;
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The walks: live blocks added up per stack, each stack's totals kept as a series. */
#include "profile/leaks.h"

#include "base/vec.h"
#include "profile/leaks_sites.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct leaks *leaks_new(void)
{
	struct leaks *l = calloc(1, sizeof(*l));

	if (l)
		l->stride = 1;
	return l;
}

static void drop_site(struct leaks *l, struct site *s)
{
	HASH_DEL(l->sites, s);
	free(s->ages);
	free(s->series.at);
	free(s);
}

/* All stacks of @pid, or (0) of all processes. */
static void drop_sites(struct leaks *l, pid_t pid)
{
	for (struct site *s = l->sites, *next; s; s = next) {
		next = s->hh.next;
		if (!pid || s->key.pid == pid)
			drop_site(l, s);
	}
}

void leaks_free(struct leaks *l)
{
	if (l)
		drop_sites(l, 0);
	free(l);
}

void leaks_freep(struct leaks **l)
{
	leaks_free(*l);
}

/*
 * A report made right after a sample walks again. It is to show what is there now, but an interval
 * of nearly nothing is neither a sample nor "the last interval".
 */
static bool is_too_soon(const struct leaks *l)
{
	uint64_t distance_ns = leaks_sample_distance_ns(l) / l->stride;

	return l->now_ns - l->walked_ns < distance_ns / 2;
}

void leaks_begin(struct leaks *l, uint64_t now_ns, uint64_t min_age_ns)
{
	/* an even one: thinning keeps it */
	size_t half_way = (1 + l->samples / 2) & ~(size_t)1;

	l->now_ns = now_ns;
	l->min_age_ns = min_age_ns;
	l->is_repeat = is_too_soon(l);
	l->cohort_ns = half_way < l->samples ? l->times_ns[half_way] : 0;
	for (struct site *s = l->sites; s; s = s->hh.next) {
		if (!l->is_repeat)
			s->last_bytes = s->bytes;
		s->bytes = 0;
		s->blocks = 0;
		s->oldest_ns = 0;
		s->cohort_bytes = 0;
		free(s->ages);
		s->ages = NULL;
	}
}

static struct site *site_of(struct leaks *l, struct site_key key)
{
	struct site *s;

	HASH_FIND(hh, l->sites, &key, sizeof(key), s);
	if (s)
		return s;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->key = key;
	HASH_ADD(hh, l->sites, key, sizeof(key), s);
	if (!s->hh.tbl) { /* how uthash reports that it found no memory */
		free(s);
		return NULL;
	}
	return s;
}

/* Most stacks hold a handful of blocks, so the histogram (4 KB) comes only with the next one. */
static int add_age(struct site *s, uint64_t age_ns)
{
	if (s->blocks < SITE_FEW) {
		s->few_ages[s->blocks] = age_ns;
		return 0;
	}
	if (!s->ages) {
		s->ages = calloc(1, sizeof(*s->ages));
		if (!s->ages)
			return -ENOMEM;
		for (size_t i = 0; i < SITE_FEW; i++)
			hist_add(s->ages, s->few_ages[i]);
	}
	hist_add(s->ages, age_ns);
	return 0;
}

int leaks_block(struct leaks *l, pid_t pid, enum leak_kind kind, uint64_t stack, uint64_t bytes,
		uint64_t born_ns)
{
	/* Born while the walk was under way: now. */
	uint64_t age_ns = born_ns < l->now_ns ? l->now_ns - born_ns : 0;
	struct site *s;

	if (age_ns < l->min_age_ns)
		return 0;
	s = site_of(l, (struct site_key){ stack, pid, (uint32_t)kind });
	if (!s || add_age(s, age_ns))
		return -ENOMEM;
	s->bytes += bytes;
	s->blocks++;
	if (born_ns + l->min_age_ns <= l->cohort_ns)
		s->cohort_bytes += bytes;
	if (age_ns > s->oldest_ns)
		s->oldest_ns = age_ns;
	return 0;
}

/* Room for one more sample in each series; those of new stacks are filled with the zeros before. */
static int reserve_sample(struct leaks *l)
{
	for (struct site *s = l->sites; s; s = s->hh.next) {
		while (s->series.len < l->samples) {
			uint64_t *at = vec_push(&s->series);

			if (!at)
				return -ENOMEM;
			*at = 0;
		}
		if (!vec_push(&s->series))
			return -ENOMEM;
		s->series.len--;
	}
	return 0;
}

/* Keeps the samples 0, 2, 4 ... and so the first; the walks to come are kept at that distance. */
static void thin(struct leaks *l)
{
	size_t left = (l->samples + 1) / 2;

	for (struct site *s = l->sites; s; s = s->hh.next) {
		for (size_t i = 0; i < left; i++)
			s->series.at[i] = s->series.at[2 * i];
		s->series.len = left;
	}
	for (size_t i = 0; i < left; i++)
		l->times_ns[i] = l->times_ns[2 * i];
	l->samples = left;
	l->stride *= 2;
}

int leaks_end(struct leaks *l)
{
	if (l->is_repeat)
		return 0;
	if (l->walks % l->stride == 0) {
		if (reserve_sample(l))
			return -ENOMEM;
		for (struct site *s = l->sites; s; s = s->hh.next)
			s->series.at[s->series.len++] = s->bytes;
		l->times_ns[l->samples++] = l->now_ns;
	}
	l->walks++;
	l->walked_ns = l->now_ns;
	if (l->samples == TREND_MAX_SAMPLES)
		thin(l);
	return 0;
}

void leaks_forget(struct leaks *l, pid_t pid)
{
	drop_sites(l, pid);
}

size_t leaks_samples(const struct leaks *l)
{
	return l->samples;
}

uint64_t leaks_sample_distance_ns(const struct leaks *l)
{
	if (l->samples < 2)
		return 0;
	return (l->times_ns[l->samples - 1] - l->times_ns[0]) / (l->samples - 1);
}

size_t leaks_stack_count(const struct leaks *l)
{
	return HASH_COUNT(l->sites);
}

void leaks_each_stack(const struct leaks *l, void (*fn)(void *ctx, pid_t pid, uint64_t stack),
		      void *ctx)
{
	for (const struct site *s = l->sites; s; s = s->hh.next)
		if (s->blocks)
			fn(ctx, s->key.pid, s->key.stack);
}

uint64_t leak_counts_lost(const struct leak_counts *c)
{
	return c->lost_blocks + c->lost_stacks + c->lost_threads + c->lost_frees + c->lost_returns +
	       c->lost_reads + c->lost_events + c->missed_runs;
}

/* struct leak_counts is nothing but 64-bit counters, so none can be forgotten here. */
void leak_counts_add(struct leak_counts *into, const struct leak_counts *from)
{
	uint64_t sums[sizeof(*into) / sizeof(uint64_t)], more[sizeof(*into) / sizeof(uint64_t)];

	memcpy(sums, into, sizeof(sums));
	memcpy(more, from, sizeof(more));
	for (size_t i = 0; i < sizeof(sums) / sizeof(*sums); i++)
		sums[i] += more[i];
	memcpy(into, sums, sizeof(sums));
}

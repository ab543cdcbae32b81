// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Families are few and looked for one by one; labels and histograms lie in an arena. */
#include "profile/series.h"

#include "base/strings.h"
#include "base/vec.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct family_list {
	struct series_family *at;
	size_t len, cap;
};

struct series {
	struct family_list families;
	size_t current; /* index of the family begun last */
	struct arena arena;
	struct strings values;
	size_t max, count;
	uint64_t dropped;
};

struct series *series_new(size_t max_samples)
{
	struct series *s = calloc(1, sizeof(*s));

	if (s)
		s->max = max_samples;
	return s;
}

void series_free(struct series *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->families.len; i++)
		free(s->families.at[i].at);
	free(s->families.at);
	arena_done(&s->arena);
	strings_done(&s->values);
	free(s);
}

void series_freep(struct series **s)
{
	series_free(*s);
}

int series_family(struct series *s, const struct series_info *info)
{
	struct series_family *new;

	for (size_t i = 0; i < s->families.len; i++)
		if (strcmp(s->families.at[i].info.name, info->name) == 0) {
			s->current = i;
			return 0;
		}
	new = vec_push(&s->families);
	if (!new)
		return -ENOMEM;
	*new = (struct series_family){ .info = *info };
	s->current = s->families.len - 1;
	return 0;
}

/* A copy of @size bytes; none of 0 bytes is at @s itself, which is not NULL. */
static void *keep(struct series *s, const void *from, size_t size)
{
	void *copy = arena_alloc(&s->arena, size ? size : 1);

	if (copy && size)
		memcpy(copy, from, size);
	return copy;
}

static const struct series_label *keep_labels(struct series *s, const struct series_label *labels,
					      size_t count)
{
	struct series_label *copy = keep(s, labels, count * sizeof(*labels));

	for (size_t i = 0; copy && i < count; i++) {
		copy[i].value = strings_keep(&s->values, labels[i].value);
		if (!copy[i].value)
			return NULL;
	}
	return copy;
}

/* Room for one more of @size time series: 1, 0 (dropped) or -ENOMEM. */
static int begin_sample(struct series *s, size_t size, struct series_sample *sample)
{
	assert(s->families.len > 0);
	if (size > s->max - s->count) {
		s->dropped += size;
		return 0;
	}
	sample->labels = keep_labels(s, sample->labels, sample->label_count);
	return sample->labels ? 1 : -ENOMEM;
}

static int end_sample(struct series *s, size_t size, const struct series_sample *sample)
{
	struct series_sample *slot = vec_push(&s->families.at[s->current]);

	if (!slot)
		return -ENOMEM;
	*slot = *sample;
	s->count += size;
	return 0;
}

int series_add(struct series *s, const struct series_label *labels, size_t label_count,
	       double value)
{
	struct series_sample sample = { .labels = labels,
					.label_count = label_count,
					.value = value };
	int begun = begin_sample(s, 1, &sample);

	return begun > 0 ? end_sample(s, 1, &sample) : begun;
}

int series_add_histogram(struct series *s, const struct series_label *labels, size_t label_count,
			 const struct series_histogram *h)
{
	struct series_sample sample = { .labels = labels,
					.label_count = label_count,
					.histogram = *h };
	size_t size = h->bound_count + 3; /* +Inf, sum, count */
	int begun = begin_sample(s, size, &sample);

	if (begun <= 0)
		return begun;
	sample.histogram.bounds = keep(s, h->bounds, h->bound_count * sizeof(*h->bounds));
	sample.histogram.counts = keep(s, h->counts, h->bound_count * sizeof(*h->counts));
	if (!sample.histogram.bounds || !sample.histogram.counts)
		return -ENOMEM;
	return end_sample(s, size, &sample);
}

uint64_t series_dropped(const struct series *s)
{
	return s->dropped;
}

size_t series_count(const struct series *s)
{
	return s->count;
}

const struct series_family *series_family_at(const struct series *s, size_t index)
{
	return index < s->families.len ? &s->families.at[index] : NULL;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Collections added up. */
#include "profile/gc.h"

#include "base/parse.h"

#include <string.h>

const char *const gc_source_names[] = { "unknown", "option", "statistics", "memory" };

#define MIB (1ull << 20)
#define MS  1000000ull

/* Pages of the old generation are at least so full when it has no room left. */
#define LEAST_FULL 0.8

const uint64_t gc_bounds_ns[GC_BOUNDS] = { MS / 10,  MS / 2,	MS,	   2 * MS,   5 * MS,
					   10 * MS,  20 * MS,	50 * MS,   100 * MS, 200 * MS,
					   500 * MS, 1000 * MS, 2000 * MS, 5000 * MS };

void gc_heap_add(struct gc_heap *h, const struct gc_collection *c)
{
	struct gc_times *t = &h->total;

	t->count[c->kind]++;
	t->pause_ns[c->kind] += c->pause_ns;
	t->steps += c->steps;
	t->step_ns += c->step_ns;
	hist_add(&h->pauses[c->kind], c->pause_ns);
	for (int i = 0; i < GC_BOUNDS; i++)
		h->within[c->kind][i] += c->pause_ns <= gc_bounds_ns[i];
	if (!c->has_sizes)
		return;
	if (c->before_bytes > c->after_bytes)
		t->freed_bytes[c->kind] += c->before_bytes - c->after_bytes;
	if (h->has_last && c->began_ns > h->last_ns) {
		/* less than the last one left: sweeping went on in between */
		if (c->before_bytes > h->last_after_bytes)
			t->allocated_bytes += c->before_bytes - h->last_after_bytes;
		t->allocating_ns += c->began_ns - h->last_ns;
	}
	h->has_last = true;
	h->last_ns = c->began_ns + c->pause_ns;
	h->last_after_bytes = c->after_bytes;
	if (c->kind == GC_MARK_COMPACT)
		gc_growth_add(&h->growth, h->last_ns, c->after_bytes);
}

struct gc_times gc_times_since(const struct gc_times *now, const struct gc_times *before)
{
	struct gc_times t = {
		.window_ns = now->window_ns - before->window_ns,
		.steps = now->steps - before->steps,
		.step_ns = now->step_ns - before->step_ns,
		.allocated_bytes = now->allocated_bytes - before->allocated_bytes,
		.allocating_ns = now->allocating_ns - before->allocating_ns,
	};

	for (int k = 0; k < GC_KINDS; k++) {
		t.count[k] = now->count[k] - before->count[k];
		t.pause_ns[k] = now->pause_ns[k] - before->pause_ns[k];
		t.freed_bytes[k] = now->freed_bytes[k] - before->freed_bytes[k];
	}
	return t;
}

uint64_t gc_times_count(const struct gc_times *t)
{
	uint64_t sum = 0;

	for (int k = 0; k < GC_KINDS; k++)
		sum += t->count[k];
	return sum;
}

uint64_t gc_times_pause_ns(const struct gc_times *t)
{
	uint64_t sum = 0;

	for (int k = 0; k < GC_KINDS; k++)
		sum += t->pause_ns[k];
	return sum;
}

double gc_times_share_pct(const struct gc_times *t)
{
	uint64_t ns = gc_times_pause_ns(t) + t->step_ns;

	return t->window_ns ? 100.0 * (double)ns / (double)t->window_ns : 0;
}

double gc_times_rate(const struct gc_times *t)
{
	return t->window_ns ? 1e9 * (double)gc_times_count(t) / (double)t->window_ns : 0;
}

double gc_times_allocation(const struct gc_times *t)
{
	return t->allocating_ns ? 1e9 * (double)t->allocated_bytes / (double)t->allocating_ns : 0;
}

uint64_t gc_heap_limit(const struct gc_heap *h)
{
	return h->old_limit_bytes ? h->old_limit_bytes : h->limit_bytes;
}

uint64_t gc_heap_room(const struct gc_heap *h)
{
	double limit = (double)gc_heap_limit(h), full = 1;

	if (h->old_committed_bytes && h->old_used_bytes)
		full = (double)h->old_used_bytes / (double)h->old_committed_bytes;
	if (full < LEAST_FULL)
		full = LEAST_FULL;
	return (uint64_t)(limit * (full < 1 ? full : 1));
}

void gc_heap_note_pages(struct gc_heap *h)
{
	uint64_t committed = 0;

	for (size_t i = 0; i < h->space_count; i++)
		if (strncmp(h->spaces[i].name, "new_", 4) != 0)
			committed += h->spaces[i].committed_bytes;
	h->old_committed_bytes = committed;
	h->old_used_bytes = h->growth.last_bytes;
}

int gc_find_sizes(const uint64_t words[GC_TRACER_WORDS], uint64_t before_bytes,
		  uint64_t after_bytes)
{
	for (int i = 0; i + 3 < GC_TRACER_WORDS; i++) {
		if (words[i] != before_bytes || words[i + 1] != after_bytes)
			continue;
		/* whole pages of 4 KiB, at least as much as is in them */
		if (words[i + 2] % 4096 == 0 && words[i + 3] % 4096 == 0 &&
		    words[i + 2] >= before_bytes && words[i + 3] >= after_bytes)
			return i;
	}
	return -1;
}

/* V8 takes "-" for "_" and one or two dashes. */
static bool is_option(const char *word, size_t len, const char **ret_value)
{
	static const char name[] = "max_old_space_size";
	size_t at = 0;

	while (at < len && at < 2 && word[at] == '-')
		at++;
	if (!at || len - at < sizeof(name) - 1)
		return false;
	for (size_t i = 0; i < sizeof(name) - 1; i++)
		if (word[at + i] != name[i] && !(name[i] == '_' && word[at + i] == '-'))
			return false;
	at += sizeof(name) - 1;
	*ret_value = word + at;
	return at == len || word[at] == '=';
}

/* Of @len bytes of digits; 0: not a number of MiB. */
static uint64_t limit_of(const char *text, size_t len)
{
	char digits[16];
	uint64_t mib = 0;

	if (!len || len >= sizeof(digits))
		return 0;
	memcpy(digits, text, len);
	digits[len] = 0;
	return parse_u64(digits, 1u << 24, &mib) ? 0 : mib * MIB;
}

uint64_t gc_option_limit(struct bytes text, char separator)
{
	const char *at = (const char *)text.at, *end = at + text.len, *value;
	uint64_t limit = 0;
	bool is_due = false; /* the word is the value of the option before it */

	while (at < end) {
		const char *stop = memchr(at, separator, (size_t)(end - at));
		size_t len = stop ? (size_t)(stop - at) : (size_t)(end - at);

		if (is_due)
			limit = limit_of(at, len);
		is_due = false;
		if (is_option(at, len, &value)) {
			is_due = value == at + len;
			if (!is_due)
				limit = limit_of(value + 1, (size_t)(at + len - value) - 1);
		}
		at += len + 1;
	}
	return limit;
}

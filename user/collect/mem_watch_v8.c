// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The heaps of V8 in a process: which there are, whose they are, what they hold. */
#include "collect/mem_watch_state.h"

#include "profile/memory_pools.h"

#include <errno.h>
#include <string.h>

#define MAX_TRIES	20 /* a program that loads V8 later */
#define HEAPS_AGAIN	16 /* looks after which heaps are looked for again */
#define OWNER_WORDS	512
#define MAIN_STACK_ROOM (8ull << 20) /* below its end: what a stack may grow to */
#define HEAP_WORDS_SEEN 0x4000	     /* of an isolate, behind the beginning of its Heap */

void mem_watch_v8_forget(struct watched *w)
{
	if (w->has_places)
		v8_places_done(&w->places);
	w->has_places = false;
	w->tries = 0;
	w->heaps = (struct gc_heaps){ 0 };
	w->value.heap_count = 0;
	w->value.has_v8 = false;
	w->value.v8_note = NULL;
	w->is_unreadable = false;
	w->stacks.len = 0;
}

/* --- whose heap ------------------------------------------------------------------------------- */

/* Ranges of addresses that a thread's stack may be in. */
struct owner {
	uint64_t start, end;
	pid_t tid;
	unsigned int hits;
};

static size_t list_owners(const struct watched *w, const struct smaps *maps, struct owner *owners,
			  size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < maps->len && count < max; i++) {
		const struct mapping *m = &maps->at[i].m;
		size_t k = 0;

		if (strcmp(m->path, "[stack]") == 0) {
			owners[count++] = (struct owner){ .start = m->end - MAIN_STACK_ROOM,
							  .end = m->end,
							  .tid = w->value.pid };
			continue;
		}
		while (k < w->stacks.len && w->stacks.at[k].pointer < m->start)
			k++;
		if (k < w->stacks.len && w->stacks.at[k].pointer < m->end)
			owners[count++] = (struct owner){ .start = m->start,
							  .end = m->end,
							  .tid = w->stacks.at[k].tid };
	}
	return count;
}

static void count_hits(const uint64_t *words, struct owner *owners, size_t count)
{
	for (size_t i = 0; i < OWNER_WORDS; i++)
		for (size_t k = 0; k < count; k++)
			owners[k].hits += words[i] >= owners[k].start && words[i] < owners[k].end;
}

/* An isolate has the limits of its thread's stack in it: of which stack has it most? */
static void find_owner(const struct watched *w, const struct smaps *maps, struct memory_heap *h)
{
	struct reader memory = v8_reader(&w->target);
	struct owner owners[GC_HEAPS_MAX];
	size_t count = list_owners(w, maps, owners, GC_HEAPS_MAX), best = 0;
	uint64_t at = h->address - w->places.external.isolate, words[OWNER_WORDS];

	for (; at < h->address + HEAP_WORDS_SEEN; at += sizeof(words))
		if (memory.read_at(&memory, at, words, sizeof(words)) == 0)
			count_hits(words, owners, count);
	for (size_t k = 1; k < count; k++)
		if (owners[k].hits > owners[best].hits)
			best = k;
	if (!count || !owners[best].hits)
		return;
	h->tid = owners[best].tid;
}

/* --- which there are -------------------------------------------------------------------------- */

static bool find_places(struct watched *w)
{
	int err;

	if (w->has_places || w->tries == MAX_TRIES)
		return w->has_places;
	w->tries++;
	err = v8_places_find(&w->target, &w->places);
	w->has_places = !err;
	w->value.has_v8 = !err;
	if (err && err != -ENODATA && err != -ESRCH)
		w->value.v8_note = "its program may not be read";
	return w->has_places;
}

/* The first words of its program: may its memory be read? */
static bool is_readable(struct watched *w, const struct smaps *maps)
{
	uint64_t word;

	for (size_t i = 0; i < maps->len; i++) {
		int err;

		if (!maps->at[i].m.readable || !maps->at[i].rss_bytes)
			continue;
		err = target_read_memory(&w->target, maps->at[i].m.start, &word, sizeof(word));
		if (err == -EPERM)
			w->is_unreadable = true;
		if (err != -EFAULT)
			break;
	}
	return !w->is_unreadable;
}

static bool is_due(const struct watched *w, const struct memory_sample *s)
{
	return !w->heaps.len || w->heaps_threads != s->threads || w->heaps_age >= HEAPS_AGAIN;
}

/* Heaps that are gone leave the list; what is known of the others stays. */
static void drop_heap(struct watched *w, size_t i)
{
	w->heaps.len--;
	memmove(&w->heaps.at[i], &w->heaps.at[i + 1], (w->heaps.len - i) * sizeof(w->heaps.at[0]));
	memmove(&w->heap_values[i], &w->heap_values[i + 1],
		(w->heaps.len - i) * sizeof(w->heap_values[0]));
}

static void find_heaps(struct watched *w, const struct smaps *maps, const struct memory_sample *s)
{
	struct reader memory = v8_reader(&w->target);
	size_t before = w->heaps.len;
	size_t count = memory_chunks(maps, w->set->chunks, MEM_WATCH_CHUNKS_MAX);

	(void)gc_heaps_find(&memory, w->set->chunks, count, &w->heaps);
	w->heaps_threads = s->threads;
	w->heaps_age = 0;
	for (size_t i = before; i < w->heaps.len; i++)
		w->heap_values[i] = (struct memory_heap){ .address = w->heaps.at[i].address };
}

/*
 * A thread's stack is not known while it runs, and a new isolate does not know it: asked again
 * until it is. One heap alone is the main thread's in any case.
 */
static void find_owners(struct watched *w, const struct smaps *maps)
{
	for (size_t i = 0; i < w->heaps.len; i++) {
		struct memory_heap *h = &w->heap_values[i];

		if (!h->tid)
			find_owner(w, maps, h);
		h->is_worker = h->tid != w->value.pid && (h->tid || w->heaps.len > 1);
	}
}

/* --- what they hold --------------------------------------------------------------------------- */

static void add(struct memory_sample *s, enum memory_figure f, bool has, uint64_t bytes)
{
	if (has)
		memory_set(s, f, s->bytes[f] + bytes);
}

static void read_heaps(struct watched *w, struct memory_sample *s)
{
	for (size_t i = 0; i < w->heaps.len;) {
		struct memory_heap *h = &w->heap_values[i];

		v8_heap_read(&w->target, &w->places, &w->heaps.at[i], h);
		if (!h->space_count) { /* a worker that is over */
			drop_heap(w, i);
			continue;
		}
		i++;
		if (h->is_worker) {
			add(s, MEMORY_WORKERS_TOTAL, h->has_total, h->total_bytes);
			add(s, MEMORY_WORKERS_USED, h->has_used, h->used_bytes);
			continue;
		}
		add(s, MEMORY_HEAP_TOTAL, h->has_total, h->total_bytes);
		add(s, MEMORY_HEAP_USED, h->has_used, h->used_bytes);
		add(s, MEMORY_EXTERNAL, h->has_external, h->external_bytes);
		add(s, MEMORY_ARRAY_BUFFERS, h->has_array_buffers, h->array_buffers_bytes);
	}
	w->value.heap_count = w->heaps.len;
}

void mem_watch_v8(struct watched *w, const struct smaps *maps, struct memory_sample *s)
{
	if (!is_readable(w, maps)) {
		w->value.v8_note = "its memory may not be read (ptrace access): as root it may";
		return;
	}
	if (!find_places(w))
		return;
	w->heaps_age++;
	if (is_due(w, s))
		find_heaps(w, maps, s);
	if (!w->heaps.len) {
		w->value.v8_note = "no heap of V8 was found in its memory";
		return;
	}
	w->value.v8_note = NULL;
	find_owners(w, maps);
	read_heaps(w, s);
}

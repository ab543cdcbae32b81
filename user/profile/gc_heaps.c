// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Tries words of the first chunks until one leads to a heap; then only that word is looked at. */
#include "profile/gc_heaps.h"

#include <errno.h>

#define MIN_ADDRESS 0x10000ull
#define MAX_ADDRESS (1ull << 47)
#define SEEN_MAX    1024

/* What was tried and is no heap. */
struct search {
	const struct reader *memory;
	uint64_t seen[SEEN_MAX];
	size_t seen_len;
};

static bool may_point(uint64_t word)
{
	return word % 8 == 0 && word >= MIN_ADDRESS && word < MAX_ADDRESS;
}

static uint64_t word_at(const struct reader *memory, uint64_t address)
{
	uint64_t word = 0;

	return memory->read_at(memory, address, &word, sizeof(word)) ? 0 : word;
}

uint64_t gc_chunk_heap(const struct reader *memory, const struct gc_chunk_layout *layout,
		       uint64_t address)
{
	if (!layout->is_known)
		return 0;
	if (layout->link != GC_NO_LINK) {
		address = word_at(memory, address + 8ull * layout->link);
		if (!may_point(address))
			return 0;
	}
	return word_at(memory, address + 8ull * layout->word);
}

static bool has_heap(const struct gc_heaps *h, uint64_t address)
{
	for (size_t i = 0; i < h->len; i++)
		if (h->at[i].address == address)
			return true;
	return false;
}

static bool is_seen(struct search *s, uint64_t address)
{
	for (size_t i = 0; i < s->seen_len; i++)
		if (s->seen[i] == address)
			return true;
	if (s->seen_len < SEEN_MAX)
		s->seen[s->seen_len++] = address;
	return s->seen_len == SEEN_MAX; /* enough of it */
}

static bool try_heap(struct search *s, uint64_t address, struct gc_heaps *h)
{
	struct gc_found_heap *found = &h->at[h->len];

	if (!may_point(address) || h->len == GC_HEAPS_MAX || is_seen(s, address) ||
	    gc_spaces_find(s->memory, address, &found->layout))
		return false;
	found->address = address;
	h->len++;
	return true;
}

/* Is there a pointer to a heap in the words at @address? */
static bool try_words(struct search *s, uint64_t address, uint32_t link, struct gc_heaps *h)
{
	uint64_t words[GC_NOTE_WORDS];
	uint32_t count = link == GC_NO_LINK ? GC_HEAD_WORDS : GC_NOTE_WORDS;

	if (s->memory->read_at(s->memory, address, words, count * sizeof(*words)))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (!try_heap(s, words[i], h))
			continue;
		h->chunks = (struct gc_chunk_layout){ .is_known = true, .link = link, .word = i };
		return true;
	}
	return false;
}

static bool try_chunk(struct search *s, uint64_t chunk, struct gc_heaps *h)
{
	uint64_t words[GC_CHUNK_LINKS];

	if (try_words(s, chunk, GC_NO_LINK, h))
		return true;
	if (s->memory->read_at(s->memory, chunk, words, sizeof(words)))
		return false;
	for (uint32_t i = 0; i < GC_CHUNK_LINKS; i++)
		if (may_point(words[i]) && try_words(s, words[i], i, h))
			return true;
	return false;
}

int gc_heaps_find(const struct reader *memory, const uint64_t *chunks, size_t count,
		  struct gc_heaps *h)
{
	struct search s = { .memory = memory };
	size_t tries = count < GC_CHUNK_TRIES ? count : GC_CHUNK_TRIES;

	for (size_t i = 0; i < tries && !h->chunks.is_known; i++)
		(void)try_chunk(&s, chunks[i], h);
	s.seen_len = 0;
	for (size_t i = 0; i < count && h->chunks.is_known; i++) {
		uint64_t heap = gc_chunk_heap(memory, &h->chunks, chunks[i]);

		if (!has_heap(h, heap))
			(void)try_heap(&s, heap, h);
	}
	return h->len ? 0 : -ENODATA;
}

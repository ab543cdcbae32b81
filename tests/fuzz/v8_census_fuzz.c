// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Any memory as a heap of V8: it is counted and marked in bounded time, each byte once, and names
 * are clean. Input: gaps and roots by offset in the pages, then the pages' words; what looks like a
 * page's offset becomes an address in it.
 */
#include "symbol/v8_census.h"

#include "base/text.h"
#include "fuzz.h"
#include "heap_copy.h"

#include <stdlib.h>

#define ROOTS 8

struct head {
	uint32_t lengths[COPY_PAGES]; /* of the pages, words */
	uint32_t gaps[COPY_GAPS][2];
	uint32_t roots[ROOTS];
};

static uint64_t address_of(uint32_t offset)
{
	return copy_address(offset / COPY_PAGE_BYTES % COPY_PAGES) + offset % COPY_PAGE_BYTES;
}

/* Gaps as v8_gaps_order leaves them. */
static void take_gaps(struct heap_copy *h, const struct head *head)
{
	uint64_t last = 0;

	for (size_t i = 0; i < COPY_GAPS; i++) {
		uint64_t start = address_of(head->gaps[i][0]) & ~7ull;
		uint64_t end = start + (head->gaps[i][1] % COPY_PAGE_BYTES & ~7u);

		if (start < last)
			continue;
		h->gaps[h->copy.gap_count++] = (struct v8_gap){ start, end };
		last = end;
	}
}

static void check(const struct heap_copy *h, const struct v8_census *c)
{
	uint64_t room = 0, count = 0, bytes = 0, live = 0;

	for (size_t i = 1; i < COPY_PAGES; i++)
		room += h->pages[i].end - h->pages[i].start;
	assert(c->object_bytes + c->free_bytes + c->unknown_bytes == room);
	assert(c->len == c->names.len);
	for (size_t i = 0; i < c->len; i++) {
		char clean[TEXT_MAX];
		const char *name = c->names.at[i];

		(void)text_clean(name, strlen(name), clean, sizeof(clean));
		assert(strcmp(name, clean) == 0);
		assert(c->at[i].live_count <= c->at[i].count);
		count += c->at[i].count;
		bytes += c->at[i].bytes;
		live += c->at[i].live_count;
	}
	assert(count == c->object_count && bytes == c->object_bytes && live == c->live_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct heap_copy *h = calloc(1, sizeof(*h));
	struct v8_roots roots = { 0 };
	struct v8_census census = { 0 };
	struct head head = { 0 };

	assert(h);
	copy_init(h);
	if (size >= sizeof(head)) {
		memcpy(&head, data, sizeof(head));
		data += sizeof(head);
		size -= sizeof(head);
	}
	memcpy(h->bytes, data, size < sizeof(h->bytes) ? size : sizeof(h->bytes));
	take_gaps(h, &head);
	for (size_t i = 0; i < COPY_PAGES; i++)
		if (head.lengths[i])
			h->pages[i].len = head.lengths[i] % (COPY_PAGE_BYTES / 8) * 8;
	for (size_t i = 0; i < ROOTS; i++)
		assert(!v8_roots_add(&roots, address_of(head.roots[i]) | 1));
	assert(!v8_census_take(&h->copy, &roots, &census));
	check(h, &census);
	v8_census_done(&census);
	free(roots.at);
	free(h);
	return 0;
}

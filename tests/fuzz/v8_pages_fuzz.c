// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Any heads as pages of V8, any words as what is allocated from, any memory as what points into a
 * heap: what comes out is in order, and within what went in. Input: a release, words of 8 bytes.
 */
#include "symbol/v8_pages.h"
#include "symbol/v8_roots.h"

#include "base/vec.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_BASE 0x7000000000ull
#define PAGES_MAX  64
#define OUTSIDE	   0x5000000000ull

static const struct v8_version releases[] = {
	{ 10, 2, 0, 0 }, { 11, 3, 0, 0 }, { 12, 4, 0, 0 }, { 13, 6, 0, 0 }, { 14, 1, 0, 0 }
};

/* Words that are small numbers become addresses near the pages. */
static uint64_t spread(uint64_t word)
{
	return word && word < 1u << 24 ? CHUNK_BASE + (word - 1) * 8 : word;
}

static void read_pages(const struct v8_page_layout *l, const uint64_t *words, size_t count,
		       struct v8_pages *pages)
{
	for (size_t i = 0; (i + 1) * V8_PAGE_WORDS <= count && i < PAGES_MAX; i++) {
		uint64_t head[V8_PAGE_WORDS], chunk = CHUNK_BASE + i * V8_PAGE_BYTES;
		struct v8_page page, *kept;

		for (size_t k = 0; k < V8_PAGE_WORDS; k++)
			head[k] = spread(words[i * V8_PAGE_WORDS + k]);
		head[l->flags] = words[i * V8_PAGE_WORDS + l->flags];
		head[l->size] = words[i * V8_PAGE_WORDS + l->size];
		if (!v8_page_read(l, chunk, head, head, &page))
			continue;
		assert(page.start > chunk && page.start <= page.end);
		assert(page.end - chunk <= page.size);
		kept = vec_push(pages);
		assert(kept);
		*kept = page;
	}
}

static void check_pages(const struct v8_page_layout *l, const uint64_t *words, size_t count)
{
	struct v8_pages pages = { 0 };
	struct v8_gaps gaps = { 0 };
	uint64_t near[256];
	size_t near_count = count < 256 ? count : 256;

	read_pages(l, words, count, &pages);
	assert(!v8_pages_order(&pages));
	for (size_t i = 1; i < pages.len; i++)
		assert(pages.at[i - 1].chunk + pages.at[i - 1].size <= pages.at[i].chunk);
	for (size_t i = 0; i < near_count; i++)
		near[i] = spread(words[i]);
	assert(!v8_gaps_add(&pages, near, near_count, &gaps));
	assert(!v8_gaps_order(&pages, &gaps));
	for (size_t i = 0; i < gaps.len; i++) {
		const struct v8_page *p = v8_pages_find(&pages, gaps.at[i].start);

		assert(gaps.at[i].start <= gaps.at[i].end);
		assert(!i || gaps.at[i - 1].end < gaps.at[i].start);
		assert(!p || gaps.at[i].end <= p->end);
	}
	free(pages.at);
	free(gaps.at);
}

static void check_roots(const uint64_t *words, size_t count)
{
	const struct v8_copied_page page = { .start = OUTSIDE,
					     .end = OUTSIDE + count * 8,
					     .bytes = (const uint8_t *)words,
					     .len = count * 8 };
	const struct v8_gap seed = { OUTSIDE, OUTSIDE + 256 };
	const struct v8_outside outside = { .memory = { .pages = &page, .page_count = 1 },
					    .seeds = &seed,
					    .seed_count = 1 };
	struct v8_roots roots = { 0 };

	assert(!v8_roots_find(&outside, &roots));
	for (size_t i = 0; i < roots.len; i++)
		assert(v8_is_object(roots.at[i]));
	free(roots.at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t count = size ? (size - 1) / 8 : 0;
	uint64_t *words = calloc(count + 1, sizeof(*words));

	assert(words);
	if (!size)
		goto out;
	memcpy(words, data + 1, count * 8);
	check_pages(v8_page_layout(&releases[data[0] % 5]), words, count);
	check_roots(words, count);
out:
	free(words);
	return 0;
}

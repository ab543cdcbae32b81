// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Heads of pages by a table, and what of a page is not allocated. */
#include "symbol/v8_pages.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

/* Flags of a page, the same from V8 10 to 14. */
#define FLAG_FROM      8u
#define FLAG_TO	       16u

#define HEAD_MAX       0x8000u	    /* bytes of a page before its objects */
#define SIZE_MAX_BYTES (1ull << 40) /* of the page of a large object */

static const struct release {
	struct v8_version version;
	struct v8_page_layout layout;
} releases[] = {
	{ { 10, 2, 0, 0 }, { 0, 1, .heap = 2, .size = 0, 3, 4, 8, 29 } },
	{ { 11, 3, 0, 0 }, { 0, 1, .heap = 2, .size = 0, 3, 4, 8, 33 } },
	{ { 12, 4, 0, 0 }, { 0, 0, .heap = 3, .size = 2, 4, 5, 9, 33 } },
	{ { 13, 6, 0, 0 }, { 1, 0, .heap = 8, .size = 2, 9, 7, 10, 33 } },
	{ { 14, 1, 0, 0 }, { 1, 0, .heap = 8, .size = 2, 9, 7, 10, 34 } },
};

const struct v8_page_layout *v8_page_layout(const struct v8_version *version)
{
	for (size_t i = 0; i < sizeof(releases) / sizeof(*releases); i++)
		if (releases[i].version.major == version->major &&
		    releases[i].version.minor == version->minor)
			return &releases[i].layout;
	return NULL;
}

uint64_t v8_page_id(const struct v8_page_layout *l, uint64_t chunk,
		    const uint64_t head[V8_PAGE_WORDS])
{
	return l->link ? head[l->link] : chunk;
}

bool v8_page_read(const struct v8_page_layout *l, uint64_t chunk,
		  const uint64_t head[V8_PAGE_WORDS], const uint64_t note[V8_PAGE_WORDS],
		  struct v8_page *ret_page)
{
	uint64_t flags = head[l->flags];
	struct v8_page p = {
		.chunk = chunk,
		.id = v8_page_id(l, chunk, head),
		.heap = note[l->heap],
		.size = note[l->size],
		.start = note[l->start],
		.end = note[l->end],
		.owner = note[l->owner],
		.next = note[l->next],
		.before = note[l->next + 1],
		.is_left = flags & FLAG_FROM,
		.is_young = flags & (FLAG_FROM | FLAG_TO),
	};

	if (!p.heap || !p.owner || !p.size || p.size > SIZE_MAX_BYTES || p.start <= chunk ||
	    p.start - chunk > HEAD_MAX || p.start % 8 || p.end % 8 || p.end < p.start ||
	    p.end - chunk > p.size)
		return false;
	*ret_page = p;
	return true;
}

static int compare_pages(const void *a, const void *b)
{
	const struct v8_page *x = a, *y = b;

	return (x->chunk > y->chunk) - (x->chunk < y->chunk);
}

/* What looks like a page within the page of a large object is that object. */
static void drop_inner(struct v8_pages *pages)
{
	size_t len = 0;

	if (pages->len)
		qsort(pages->at, pages->len, sizeof(*pages->at), compare_pages);
	for (size_t i = 0; i < pages->len; i++) {
		const struct v8_page *last = len ? &pages->at[len - 1] : NULL;

		if (last && pages->at[i].chunk - last->chunk < last->size)
			continue;
		pages->at[len++] = pages->at[i];
	}
	pages->len = len;
}

static int compare_ids(const void *a, const void *b)
{
	const struct v8_page *x = *(struct v8_page *const *)a, *y = *(struct v8_page *const *)b;

	return (x->id > y->id) - (x->id < y->id);
}

static int compare_id(const void *key, const void *element)
{
	const struct v8_page *p = *(struct v8_page *const *)element;
	uint64_t id = *(const uint64_t *)key;

	return (id > p->id) - (id < p->id);
}

/* By id, to be freed; NULL: out of memory. */
static struct v8_page **index_ids(const struct v8_pages *pages)
{
	struct v8_page **by_id = calloc(pages->len + 1, sizeof(struct v8_page *));

	for (size_t i = 0; by_id && i < pages->len; i++)
		by_id[i] = &pages->at[i];
	if (by_id && pages->len)
		qsort(by_id, pages->len, sizeof(struct v8_page *), compare_ids);
	return by_id;
}

static struct v8_page *page_with_id(struct v8_page *const *by_id, size_t len, uint64_t id)
{
	struct v8_page *const *found =
		bsearch(&id, by_id, len, sizeof(struct v8_page *), compare_id);

	return found ? *found : NULL;
}

/* Its neighbours point back. The first or last page of a list has one neighbour. */
static bool is_listed(const struct v8_page *p, struct v8_page *const *by_id, size_t len)
{
	const struct v8_page *next = p->next ? page_with_id(by_id, len, p->next) : NULL;
	const struct v8_page *before = p->before ? page_with_id(by_id, len, p->before) : NULL;

	return (!p->next || (next && next->before == p->id)) &&
	       (!p->before || (before && before->next == p->id));
}

/* A page alone is all of its space, or is in it no more. */
static bool has_others(const struct v8_pages *pages, const struct v8_page *p)
{
	for (size_t i = 0; i < pages->len; i++)
		if (pages->at[i].owner == p->owner && (pages->at[i].next || pages->at[i].before))
			return true;
	return false;
}

static int drop_unlisted(struct v8_pages *pages)
{
	struct v8_page **by_id = index_ids(pages);
	bool *is_kept = calloc(pages->len + 1, sizeof(*is_kept));
	size_t len = 0;

	for (size_t i = 0; by_id && is_kept && i < pages->len; i++) {
		const struct v8_page *p = &pages->at[i];

		is_kept[i] = p->next || p->before ? is_listed(p, by_id, pages->len)
						  : !has_others(pages, p);
	}
	for (size_t i = 0; by_id && is_kept && i < pages->len; i++)
		if (is_kept[i])
			pages->at[len++] = pages->at[i];
	if (by_id && is_kept)
		pages->len = len;
	free(by_id);
	free(is_kept);
	return by_id && is_kept ? 0 : -ENOMEM;
}

int v8_pages_order(struct v8_pages *pages)
{
	drop_inner(pages);
	return drop_unlisted(pages);
}

struct v8_page *v8_pages_find(const struct v8_pages *pages, uint64_t address)
{
	size_t low = 0, high = pages->len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (pages->at[middle].chunk <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || address - pages->at[low - 1].chunk >= pages->at[low - 1].size)
		return NULL;
	return &pages->at[low - 1];
}

static bool is_area(const struct v8_pages *pages, const uint64_t words[3])
{
	const struct v8_page *p;

	if (!words[0] || words[0] % 8 || words[1] % 8 || words[2] % 8 || words[0] > words[1] ||
	    words[1] > words[2])
		return false;
	p = v8_pages_find(pages, words[0]);
	return p && words[0] >= p->start && words[2] <= p->end;
}

int v8_gaps_add(const struct v8_pages *pages, const uint64_t *words, size_t count,
		struct v8_gaps *gaps)
{
	for (size_t i = 0; i + 2 < count; i++) {
		struct v8_gap *gap;

		if (!is_area(pages, words + i))
			continue;
		gap = vec_push(gaps);
		if (!gap)
			return -ENOMEM;
		*gap = (struct v8_gap){ words[i + 1], words[i + 2] };
		i += 2;
	}
	return 0;
}

static int compare_gaps(const void *a, const void *b)
{
	const struct v8_gap *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static void sort_gaps(struct v8_gaps *gaps)
{
	size_t len = 0;

	if (gaps->len)
		qsort(gaps->at, gaps->len, sizeof(*gaps->at), compare_gaps);
	for (size_t i = 0; i < gaps->len; i++) {
		struct v8_gap *last = len ? &gaps->at[len - 1] : NULL;

		if (last && gaps->at[i].start <= last->end) {
			last->end = gaps->at[i].end > last->end ? gaps->at[i].end : last->end;
			continue;
		}
		gaps->at[len++] = gaps->at[i];
	}
	gaps->len = len;
}

/* The pages that come after @p in its space. Lists may lie. */
static void mark_unused(const struct v8_page *p, struct v8_page *const *by_id, size_t len)
{
	while (p->next) {
		struct v8_page *next = page_with_id(by_id, len, p->next);

		if (!next || next->owner != p->owner || next->is_unused)
			return;
		next->is_unused = true;
		p = next;
	}
}

int v8_gaps_order(struct v8_pages *pages, struct v8_gaps *gaps)
{
	struct v8_page **by_id = index_ids(pages);

	if (!by_id)
		return -ENOMEM;
	for (size_t i = 0; i < gaps->len; i++) {
		struct v8_page *p = v8_pages_find(pages, gaps->at[i].start);

		if (!p || !p->is_young || p->is_left)
			continue;
		gaps->at[i].end = p->end;
		mark_unused(p, by_id, pages->len);
	}
	free(by_id);
	sort_gaps(gaps);
	return 0;
}

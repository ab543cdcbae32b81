// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Heads of pages, lists of pages, and what is not allocated in them. */
#include "symbol/v8_pages.h"

#include "failing_alloc.h"
#include "tap.h"

#define CHUNK(n) (0x7000000000ull + (uint64_t)(n)*V8_PAGE_BYTES)
#define OWNER	 0x5000ull
#define YOUNG	 0x6000ull

static void test_heads(void)
{
	static const struct v8_version known[] = {
		{ 10, 2, 0, 0 }, { 11, 3, 0, 0 }, { 12, 4, 0, 0 }, { 13, 6, 0, 0 }, { 14, 1, 0, 0 }
	};
	static const struct v8_version other = { 13, 5, 0, 0 };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		const struct v8_page_layout *l = v8_page_layout(&known[i]);
		uint64_t head[V8_PAGE_WORDS] = { 0 }, note[V8_PAGE_WORDS] = { 0 };
		uint64_t *at = l->link ? note : head;
		struct v8_page page = { 0 };

		if (l->link)
			head[l->link] = 0x4000;
		head[l->flags] = 8;
		at[l->heap] = 0x1000;
		at[l->size] = V8_PAGE_BYTES;
		at[l->start] = CHUNK(1) + 0x1000;
		at[l->end] = CHUNK(2);
		at[l->owner] = OWNER;
		at[l->next] = 0x8000;
		at[l->next + 1] = 0x9000;
		ok(v8_page_read(l, CHUNK(1), head, at, &page), "a page of V8 %u.%u", known[i].major,
		   known[i].minor);
		is_int(page.id, l->link ? 0x4000 : CHUNK(1), "its id");
		ok(page.is_young && page.is_left && page.before == 0x9000, "what it says");
		at[l->end] = CHUNK(2) + 8;
		ok(!v8_page_read(l, CHUNK(1), head, at, &page), "one that ends behind its end");
		at[l->end] = CHUNK(2);
		at[l->start] = CHUNK(1);
		ok(!v8_page_read(l, CHUNK(1), head, at, &page), "one without a head");
		at[l->start] = CHUNK(1) + 0x1000;
		at[l->size] = UINT64_MAX;
		ok(!v8_page_read(l, CHUNK(1), head, at, &page), "one that is too large");
	}
	ok(!v8_page_layout(&other), "of another release nothing is known");
}

/* Pages in a list, each pointing to its neighbours. */
static void make_list(struct v8_page *pages, size_t first, size_t count, uint64_t owner)
{
	for (size_t i = first; i < first + count; i++)
		pages[i] = (struct v8_page){
			.chunk = CHUNK(i),
			.id = CHUNK(i),
			.heap = 1,
			.size = V8_PAGE_BYTES,
			.start = CHUNK(i) + 0x100,
			.end = CHUNK(i + 1),
			.owner = owner,
			.next = i + 1 < first + count ? CHUNK(i + 1) : 0,
			.before = i > first ? CHUNK(i - 1) : 0,
			.is_young = owner == YOUNG,
		};
}

static void test_order(void)
{
	struct v8_page at[8];
	struct v8_pages pages = { at, 8, 8 };

	make_list(at, 0, 3, OWNER);
	make_list(at, 3, 3, YOUNG);
	make_list(at, 6, 1, OWNER + 8);
	at[7] = at[0];
	at[7].chunk = at[7].id = CHUNK(9);
	at[7].next = at[7].before = 0; /* given back */
	is_int(v8_pages_order(&pages), 0, "pages are put in order");
	is_int(pages.len, 7, "one that is in no list of its space is none");
	ok(v8_pages_find(&pages, CHUNK(6)) && !v8_pages_find(&pages, CHUNK(9)),
	   "a page alone in its space is one");

	make_list(at, 0, 8, OWNER);
	at[5].next = CHUNK(2); /* which does not point back */
	pages.len = 8;
	is_int(v8_pages_order(&pages), 0, "a list that lies");
	ok(!v8_pages_find(&pages, CHUNK(5)), "who is not pointed back to is left out");

	make_list(at, 0, 8, OWNER);
	at[2].size = 3 * V8_PAGE_BYTES;
	pages.len = 8;
	is_int(v8_pages_order(&pages), 0, "a large one");
	ok(v8_pages_find(&pages, CHUNK(4)) == v8_pages_find(&pages, CHUNK(2)),
	   "what looks like a page within it is none");
	pages.len = 0;
	is_int(v8_pages_order(&pages), 0, "no pages");
	ok(!v8_pages_find(&pages, CHUNK(0)), "nothing is found");
}

static void test_gaps(void)
{
	struct v8_page at[8];
	struct v8_pages pages = { at, 8, 8 };
	struct v8_gaps gaps = { 0 };
	const uint64_t words[] = { 7,
				   CHUNK(1) + 0x200,
				   CHUNK(1) + 0x400,
				   CHUNK(1) + 0x800,
				   CHUNK(1) + 0x900,
				   0,
				   CHUNK(5) + 0x200,
				   CHUNK(5) + 0x400,
				   CHUNK(5) + 0x408,
				   CHUNK(2) + 0x300,
				   CHUNK(2) + 0x200,
				   CHUNK(2) + 0x400,
				   CHUNK(20),
				   CHUNK(20),
				   CHUNK(20) };

	make_list(at, 0, 4, OWNER);
	make_list(at, 4, 4, YOUNG);
	is_int(v8_gaps_add(&pages, words, sizeof(words) / sizeof(*words), &gaps), 0,
	       "areas are found");
	is_int(gaps.len, 2, "those that are ones");
	is_int(v8_gaps_add(&pages, words, 5, &gaps), 0, "and once more");
	is_int(v8_gaps_order(&pages, &gaps), 0, "they are put in order");
	is_int(gaps.len, 2, "each is there once");
	is_int(gaps.at[0].start, CHUNK(1) + 0x400, "from its next free byte");
	is_int(gaps.at[0].end, CHUNK(1) + 0x800, "to its end");
	is_int(gaps.at[1].end, CHUNK(6), "a young one to the end of its page");
	ok(!at[4].is_unused && !at[5].is_unused && at[6].is_unused && at[7].is_unused,
	   "the young pages behind it are not used yet");
	gaps.len = 0;
	at[7].next = CHUNK(6); /* round and round */
	at[6].is_unused = at[7].is_unused = false;
	is_int(v8_gaps_add(&pages, words, 9, &gaps), 0, "a ring of pages");
	is_int(v8_gaps_order(&pages, &gaps), 0, "ends");
	free(gaps.at);
}

static void test_memory(void)
{
	const uint64_t words[] = { CHUNK(1) + 0x200, CHUNK(1) + 0x400, CHUNK(1) + 0x800 };
	bool is_hit = true;

	for (size_t n = 1; is_hit; n++) {
		struct v8_page at[4];
		struct v8_pages pages = { at, 4, 4 };
		struct v8_gaps gaps = { 0 };
		int err;

		make_list(at, 0, 4, OWNER);
		failing_alloc_start(n);
		err = v8_pages_order(&pages);
		if (!err)
			err = v8_gaps_add(&pages, words, 3, &gaps);
		if (!err)
			err = v8_gaps_order(&pages, &gaps);
		is_hit = failing_alloc_stop();
		is_int(err, is_hit ? -ENOMEM : 0, "allocation %zu", n);
		free(gaps.at);
	}
}

int main(void)
{
	test_heads();
	test_order();
	test_gaps();
	test_memory();
	return tap_done();
}

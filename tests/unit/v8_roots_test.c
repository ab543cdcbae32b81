// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Roots: seeds, blocks two steps away, global handles; and what is none. */
#include "symbol/v8_roots.h"

#include "failing_alloc.h"
#include "tap.h"

#define BASE  0x5000000000ull
#define WORDS 4096u
#define HEAP  0x7000000001ull /* an object, tagged */

static uint64_t words[WORDS];
static struct v8_copied_page page = { .start = BASE,
				      .end = BASE + sizeof(words),
				      .bytes = (const uint8_t *)words,
				      .len = sizeof(words) };
static struct v8_gap seed = { BASE, BASE + 64 };
static struct v8_roots roots;

static int find(void)
{
	const struct v8_outside outside = { .memory = { .pages = &page, .page_count = 1 },
					    .seeds = &seed,
					    .seed_count = 1 };

	roots.len = 0;
	return v8_roots_find(&outside, &roots);
}

static bool has(uint64_t word)
{
	for (size_t i = 0; i < roots.len; i++)
		if (roots.at[i] == word)
			return true;
	return false;
}

/* A block of malloc's at word @at: its length stands before it. */
static uint64_t put_block(size_t at, size_t size, uint64_t first)
{
	words[at - 1] = size | 1;
	words[at] = first;
	return BASE + at * 8;
}

static void test_blocks(void)
{
	memset(words, 0, sizeof(words));
	words[0] = HEAP + 0x100;
	words[1] = put_block(128, 64, HEAP + 0x200);
	words[129] = put_block(256, 64, HEAP + 0x300);
	words[257] = put_block(384, 64, HEAP + 0x400);
	words[130] = BASE; /* back */
	words[2] = put_block(512, 1u << 20, HEAP + 0x500);
	words[3] = put_block(640, 64, HEAP + 0x602);
	words[4] = put_block(768, 64, 0);
	words[768 + 8] = HEAP + 0x700;
	words[5] = BASE + 900 * 8 + 4;
	is_int(find(), 0, "roots are found");
	ok(has(HEAP + 0x100), "in the seed");
	ok(has(HEAP + 0x200) && has(HEAP + 0x300), "in what it points to, and what that points to");
	ok(!has(HEAP + 0x400), "not a step further");
	ok(!has(HEAP + 0x500), "a block that is too large is not looked into");
	ok(!has(HEAP + 0x602), "a weak pointer is none");
	ok(!has(HEAP + 0x700), "what lies behind a block is not in it");
}

static void test_handles(void)
{
	memset(words, 0, sizeof(words));
	for (size_t i = 0; i < 8; i++) {
		uint64_t *handle = words + 1024 + i * 4;

		handle[0] = HEAP + 0x1000 + i * 0x10;
		handle[1] = (uint64_t)i << 16 | (uint64_t)(i % 3) << 24;
	}
	words[2048] = HEAP + 0x9000; /* lies around */
	words[2049] = 1ull << 24;
	is_int(find(), 0, "handles are found");
	ok(has(HEAP + 0x1010) && has(HEAP + 0x1040) && has(HEAP + 0x1070), "strong ones");
	ok(!has(HEAP + 0x1000) && !has(HEAP + 0x1030), "free ones are none");
	ok(!has(HEAP + 0x1020) && !has(HEAP + 0x1050), "nor are weak ones");
	ok(!has(HEAP + 0x9000), "a word that is in no block of handles is none");
}

static void test_memory(void)
{
	bool is_hit = true;

	test_blocks();
	for (size_t n = 1; is_hit; n++) {
		int err;

		free(roots.at);
		roots = (struct v8_roots){ 0 };
		failing_alloc_start(n);
		err = find();
		is_hit = failing_alloc_stop();
		is_int(err, is_hit ? -ENOMEM : 0, "allocation %zu", n);
	}
}

int main(void)
{
	test_blocks();
	test_handles();
	test_memory();
	free(roots.at);
	return tap_done();
}

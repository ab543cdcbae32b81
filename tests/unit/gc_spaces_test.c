// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Spaces of a heap in memory: found where the pointers lead, by version; anything else is none. */
#include "profile/gc_spaces.h"

#include "gc_memory.h"
#include "tap.h"

#define HEAP	   0x7f0000000000ull
#define SPACES_AT  0x4000u /* behind the Heap, 0x800 bytes each */
#define ARRAY_AT   0x208u
#define MEMORY_LEN 0x10000u

static uint64_t words[MEMORY_LEN / 8];

static void put(uint32_t at, uint64_t value)
{
	words[at / 8] = value;
}

static uint32_t space_at(unsigned int number)
{
	return SPACES_AT + number * 0x800;
}

/* Space @number, of so many bytes. */
static void put_space(unsigned int number, uint64_t committed)
{
	uint32_t at = space_at(number);

	put(ARRAY_AT + number * 8, HEAP + at);
	put(at, 0x1234560); /* its functions */
	put(at + 8, HEAP);
	put(at + 16, number);
	put(at + 24, committed);
}

static void put_heap(uint32_t numbers)
{
	memset(words, 0, sizeof(words));
	for (unsigned int n = 0; n < 16; n++)
		if (numbers & (1u << n))
			put_space(n, n * 4096);
}

static int find(struct gc_space *spaces, size_t *count)
{
	struct gc_memory m = { (const uint8_t *)words, sizeof(words), HEAP, 0 };
	struct reader r = gc_memory_reader(&m);
	struct gc_layout layout = { 0 };
	int err = gc_spaces_find(&r, HEAP, &layout);

	ok(m.reads <= 1 + GC_HEAP_BYTES / 8, "a bounded number of reads: %u", m.reads);
	if (!err)
		err = gc_spaces_read(&r, HEAP, &layout, spaces, count);
	return err;
}

static void test_versions(void)
{
	static const struct {
		const char *what, *first, *last;
		uint32_t numbers;
		size_t count;
	} cases[] = {
		{ "node 18", "old_space", "new_space", 0xfe, 7 },
		{ "node 20", "new_space", "code_large_object_space", 0xee, 6 },
		{ "node 20 with a shared heap", "new_space", "shared_large_object_space", 0x1fe,
		  8 },
		{ "node 22", "new_space", "trusted_large_object_space", 0x5ee, 8 },
		{ "node 24", "new_space", "trusted_large_object_space", 0x13ae, 8 },
	};
	struct gc_space spaces[GC_SPACES_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size_t count = 0;

		put_heap(cases[i].numbers);
		is_int(find(spaces, &count), 0, "%s", cases[i].what);
		is_int(count, cases[i].count, "%s: all of its spaces", cases[i].what);
		if (!count)
			continue;
		is_text(spaces[0].name, cases[i].first, "%s: the first", cases[i].what);
		is_text(spaces[count - 1].name, cases[i].last, "%s: the last", cases[i].what);
		is_int(spaces[0].committed_bytes, 4096, "%s: its memory", cases[i].what);
		ok(!spaces[0].has_used, "%s: what is used is not known", cases[i].what);
	}
}

/* The young generation's halves hold its memory. */
static void test_halves(void)
{
	struct gc_space spaces[GC_SPACES_MAX];
	size_t count = 0;

	put_heap(0xee);
	put(space_at(1) + 24, 0);
	put(space_at(1) + 0x108, HEAP);
	put(space_at(1) + 0x110, 1);
	put(space_at(1) + 0x118, 3 << 20);
	put(space_at(1) + 0x208, HEAP);
	put(space_at(1) + 0x210, 1);
	put(space_at(1) + 0x218, 2 << 20);
	put(space_at(1) + 0x308, HEAP); /* of another number */
	put(space_at(1) + 0x310, 2);
	put(space_at(1) + 0x318, 7 << 20);
	must(find(spaces, &count) == 0);
	is_int(spaces[0].committed_bytes, 5 << 20, "both halves");
}

static void test_refused(void)
{
	struct gc_space spaces[GC_SPACES_MAX];
	struct gc_memory none = { NULL, 0, HEAP, 0 };
	struct reader r = gc_memory_reader(&none);
	struct gc_layout layout;
	size_t count = 7;

	is_int(gc_spaces_find(&r, HEAP, &layout), -EFAULT, "memory that is not there");
	memset(words, 0, sizeof(words));
	is_int(find(spaces, &count), -ENODATA, "nothing but zeros");
	memset(words, 0xff, sizeof(words));
	is_int(find(spaces, &count), -ENODATA, "nothing but ones");
	put_heap(0x0e);
	is_int(find(spaces, &count), -ENODATA, "too few spaces");
	put_heap(0x3ffe);
	is_int(find(spaces, &count), -ENODATA, "spaces of no version");
	put_heap(0xee);
	put(space_at(3) + 8, HEAP + 8);
	is_int(find(spaces, &count), -ENODATA, "a space of another heap");
	put_heap(0xee);
	put(space_at(3) + 16, 4);
	is_int(find(spaces, &count), -ENODATA, "a space of another number");
	for (size_t i = 0; i < GC_HEAP_BYTES / 8; i++) /* all lead to one */
		words[i] = HEAP + space_at(2);
	is_int(find(spaces, &count), -ENODATA, "one space everywhere");
	for (size_t i = 0; i < sizeof(words) / 8; i++) /* each points to itself */
		words[i] = HEAP + i * 8;
	is_int(find(spaces, &count), -ENODATA, "memory that leads nowhere else");
	is_int(count, 7, "nothing is written then");
}

/* What was found may be gone when it is read. */
static void test_gone(void)
{
	struct gc_memory m = { (const uint8_t *)words, sizeof(words), HEAP, 0 };
	struct reader r = gc_memory_reader(&m);
	struct gc_space spaces[GC_SPACES_MAX];
	struct gc_layout layout;
	size_t count = 7;

	put_heap(0xee);
	must(gc_spaces_find(&r, HEAP, &layout) == 0);
	memset(words, 0, sizeof(words));
	is_int(gc_spaces_read(&r, HEAP, &layout, spaces, &count), -ENODATA, "spaces that are gone");
	is_int(count, 7, "nothing is written");
}

int main(void)
{
	test_versions();
	test_halves();
	test_refused();
	test_gone();
	return tap_done();
}

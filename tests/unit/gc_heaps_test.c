// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Heaps by the heads of chunks: directly, through a description, several; and none. */
#include "profile/gc_heaps.h"

#include "gc_memory.h"
#include "tap.h"

#define BASE	   0x7f0000000000ull
#define HEAP_BYTES 0x10000u
#define HEAPS	   3
#define CHUNKS_AT  (HEAPS * HEAP_BYTES) /* 0x200 bytes each: heads need no more here */
#define CHUNKS	   8
#define NOTES_AT   (CHUNKS_AT + CHUNKS * 0x200)
#define MEMORY_LEN (NOTES_AT + CHUNKS * 0x200)

static uint64_t words[MEMORY_LEN / 8];
static uint64_t chunks[CHUNKS];

static void put(uint32_t at, uint64_t value)
{
	words[at / 8] = value;
}

/* As tests/unit/gc_spaces_test.c: an array of pointers to spaces that point back. */
static void put_heap(uint32_t at)
{
	for (unsigned int n = 1; n < 8; n++) {
		uint32_t space = at + 0x4000 + n * 0x800;

		if (!(0xeeu & (1u << n)))
			continue;
		put(at + 0x208 + n * 8, BASE + space);
		put(space, 0x1234560);
		put(space + 8, BASE + at);
		put(space + 16, n);
		put(space + 24, n * 4096);
	}
}

static void begin(void)
{
	memset(words, 0, sizeof(words));
	for (uint32_t h = 0; h < HEAPS; h++)
		put_heap(h * HEAP_BYTES);
	for (uint32_t c = 0; c < CHUNKS; c++)
		chunks[c] = BASE + CHUNKS_AT + c * 0x200;
}

static uint32_t chunk_at(uint32_t c)
{
	return CHUNKS_AT + c * 0x200;
}

static int find(size_t count, struct gc_heaps *h)
{
	struct gc_memory m = { (const uint8_t *)words, sizeof(words), BASE, 0 };
	struct reader r = gc_memory_reader(&m);

	return gc_heaps_find(&r, chunks, count, h);
}

static void test_direct(void)
{
	struct gc_heaps h = { 0 };

	begin();
	for (uint32_t c = 0; c < CHUNKS; c++) {
		put(chunk_at(c), 0x40000);
		put(chunk_at(c) + 0x28, c == 5 ? BASE + HEAP_BYTES : BASE);
	}
	is_int(find(CHUNKS, &h), 0, "heads that point to heaps");
	is_int(h.len, 2, "both heaps");
	is_int(h.at[0].address, BASE, "the first");
	is_int(h.at[1].address, BASE + HEAP_BYTES, "the other, of one chunk");
	is_int(h.chunks.link, GC_NO_LINK, "directly");
	is_int(h.chunks.word, 5, "by this word");
	put(chunk_at(2) + 0x28, BASE + 2 * HEAP_BYTES);
	is_int(find(CHUNKS, &h), 0, "again");
	is_int(h.len, 3, "a new one is added");
	is_int(h.at[0].address, BASE, "to those that are known");
}

static void test_described(void)
{
	struct gc_heaps h = { 0 };

	begin();
	for (uint32_t c = 0; c < CHUNKS; c++) {
		put(chunk_at(c) + 8, BASE + NOTES_AT + c * 0x200);
		put(NOTES_AT + c * 0x200 + 0x18, BASE + c % 2 * HEAP_BYTES);
	}
	is_int(find(CHUNKS, &h), 0, "heads that point to descriptions");
	is_int(h.len, 2, "both heaps");
	is_int(h.chunks.link, 1, "by this word of the head");
	is_int(h.chunks.word, 3, "and this one of the description");
}

static void test_none(void)
{
	struct gc_memory m = { (const uint8_t *)words, sizeof(words), BASE, 0 };
	struct reader r = gc_memory_reader(&m);
	struct gc_heaps h = { 0 };

	begin();
	is_int(find(CHUNKS, &h), -ENODATA, "heads of zeros");
	is_int(find(0, &h), -ENODATA, "no chunk");
	for (uint32_t c = 0; c < CHUNKS; c++)
		for (uint32_t w = 0; w < 32; w++)
			put(chunk_at(c) + 8 * w, BASE + NOTES_AT + 8 * w);
	is_int(find(CHUNKS, &h), -ENODATA, "pointers to what is no heap");
	is_int(h.len, 0, "nothing is taken for one");
	is_int(gc_chunk_heap(&r, &h.chunks, chunks[0]), 0,
	       "of a chunk whose head is not understood");
}

int main(void)
{
	test_direct();
	test_described();
	test_none();
	return tap_done();
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Any memory as a heap of V8, and any bytes as its getter: bounded, and nothing made up. */
#include "profile/gc_heaps.h"

#include "fuzz.h"
#include "gc_memory.h"
#include "symbol/getter.h"

#include <stdlib.h>

#define HEAP 0x7f0000000000ull
#define LEN  (GC_HEAP_BYTES + 4096)

static void check_spaces(const uint8_t *memory, size_t size)
{
	struct gc_memory m = { memory, size, HEAP, 0 };
	struct reader r = gc_memory_reader(&m);
	struct gc_space spaces[GC_SPACES_MAX];
	struct gc_layout layout;
	size_t count = 0;

	if (gc_spaces_find(&r, HEAP, &layout) == 0) {
		assert(layout.first < GC_HEAP_BYTES);
		if (gc_spaces_read(&r, HEAP, &layout, spaces, &count) == 0)
			assert(count <= GC_SPACES_MAX);
	}
	assert(m.reads <= 2 + GC_HEAP_BYTES / 8 + 64);
	for (size_t i = 0; i < count; i++)
		assert(spaces[i].name);
}

/* The input as code, which is read by pages. */
static void check_getter(const uint8_t *data, size_t size)
{
	static uint8_t code[8192];
	struct gc_memory m = { code, sizeof(code), HEAP, 0 };
	struct reader r = gc_memory_reader(&m);
	const struct getter g = { &r, &r };
	struct getter_calls calls = { .callee = HEAP };
	struct getter_member member;
	uint64_t value = 0;

	memset(code, 0, sizeof(code));
	memcpy(code, data, size < sizeof(code) ? size : sizeof(code));
	(void)getter_value(&g, HEAP, HEAP, &value);
	(void)getter_calls(&g, HEAP, HEAP, &calls);
	(void)getter_own_member(&r, HEAP, size, GETTER_LOADS, &value);
	(void)getter_stored_member(&r, HEAP, size, 0x38, &member);
}

static void check_heaps(const uint8_t *memory, size_t size)
{
	static const uint64_t chunks[] = { HEAP, HEAP + 4096 };
	struct gc_memory m = { memory, size, HEAP, 0 };
	struct reader r = gc_memory_reader(&m);
	struct gc_heaps heaps = { 0 };

	if (gc_heaps_find(&r, chunks, 2, &heaps) == 0)
		assert(heaps.len && heaps.len <= GC_HEAPS_MAX && heaps.chunks.is_known);
	else
		assert(!heaps.len);
}

/* The input lies at the start of the heap, again and again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t memory[LEN];

	if (!size)
		return 0;
	for (size_t i = 0; i < sizeof(memory); i++)
		memory[i] = data[i % size];
	check_spaces(memory, sizeof(memory));
	check_spaces(data, size);
	check_getter(data, size);
	check_heaps(memory, sizeof(memory));
	return 0;
}

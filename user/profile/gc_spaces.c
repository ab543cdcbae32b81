// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Pointers that lead to objects that point back. */
#include "profile/gc_spaces.h"

#include <errno.h>
#include <string.h>

#define WORDS	     (GC_HEAP_BYTES / 8)
#define NUMBERS_MAX  16
#define MIN_ADDRESS  0x10000ull
#define MAX_ADDRESS  (1ull << 47)
#define INSIDE_WORDS 160
#define MIN_AGREEING 5 /* spaces that every version has */

/* AllocationSpace, V8's src/common/globals.h, in order of the numbers: as node's
 * v8.getHeapSpaceStatistics() lists them. */
static const struct version {
	uint32_t always; /* bits: those that every heap has */
	const char *names[NUMBERS_MAX];
} versions[] = {
	{ 0xfe, /* V8 10.2, node 18 */
	  { "read_only_space", "old_space", "code_space", "map_space", "large_object_space",
	    "code_large_object_space", "new_large_object_space", "new_space" } },
	{ 0xee, /* V8 11.3, node 20 */
	  { "read_only_space", "new_space", "old_space", "code_space", "shared_space",
	    "new_large_object_space", "large_object_space", "code_large_object_space",
	    "shared_large_object_space" } },
	{ 0x5ee, /* V8 12.4, node 22 */
	  { "read_only_space", "new_space", "old_space", "code_space", "shared_space",
	    "trusted_space", "new_large_object_space", "large_object_space",
	    "code_large_object_space", "shared_large_object_space",
	    "trusted_large_object_space" } },
	{ 0x13ae, /* V8 13.6 and 14.1, node 24 and 25 */
	  { "read_only_space", "new_space", "old_space", "code_space", "shared_space",
	    "trusted_space", "shared_trusted_space", "new_large_object_space", "large_object_space",
	    "code_large_object_space", "shared_large_object_space",
	    "shared_trusted_large_object_space", "trusted_large_object_space" } },
};
#define VERSIONS (sizeof(versions) / sizeof(*versions))

/* The beginning of a BaseSpace. */
struct base_space {
	uint64_t functions, heap;
	uint32_t number, pad;
	uint64_t committed_bytes;
};

/* Does @addr hold a space of @heap? Its number is below NUMBERS_MAX then. */
static bool read_space(const struct reader *memory, uint64_t addr, uint64_t heap,
		       struct base_space *ret)
{
	return addr % 8 == 0 && addr >= MIN_ADDRESS && addr < MAX_ADDRESS &&
	       memory->read_at(memory, addr, ret, sizeof(*ret)) == 0 && ret->heap == heap &&
	       ret->number && ret->number < NUMBERS_MAX;
}

/*
 * The young generation's two halves are spaces of the same number inside its own object, and hold
 * the memory.
 */
static uint64_t halves_bytes(const struct reader *memory, uint64_t addr, uint64_t heap,
			     uint32_t number)
{
	uint64_t words[INSIDE_WORDS], sum = 0;

	if (memory->read_at(memory, addr, words, sizeof(words)))
		return 0;
	for (size_t i = 4; i + 2 < INSIDE_WORDS; i++)
		if (words[i] == heap && (uint32_t)words[i + 1] == number &&
		    words[i + 2] < MAX_ADDRESS)
			sum += words[i + 2];
	return sum;
}

/* A heap may have spaces that it shares with others besides. */
static bool is_version(const struct version *v, uint32_t numbers)
{
	if ((numbers & v->always) != v->always)
		return false;
	for (uint32_t n = 0; n < NUMBERS_MAX; n++) {
		bool is_shared = v->names[n] && strncmp(v->names[n], "shared_", 7) == 0;

		if ((numbers & ~v->always & (1u << n)) && !is_shared)
			return false;
	}
	return true;
}

static int version_of(uint32_t numbers, uint32_t *ret)
{
	for (uint32_t v = 0; v < VERSIONS; v++) {
		if (!is_version(&versions[v], numbers))
			continue;
		*ret = v;
		return 0;
	}
	return -ENODATA;
}

int gc_spaces_find(const struct reader *memory, uint64_t heap, struct gc_layout *ret_layout)
{
	uint64_t words[WORDS];
	uint16_t numbers[WORDS] = { 0 }; /* of an array that would begin there */
	int err = memory->read_at(memory, heap, words, sizeof(words));

	if (err)
		return err;
	for (uint32_t i = 0; i < WORDS; i++) {
		struct base_space s;

		if (read_space(memory, words[i], heap, &s) && s.number <= i)
			numbers[i - s.number] |= (uint16_t)(1u << s.number);
	}
	for (uint32_t i = 0; i < WORDS; i++) {
		if (__builtin_popcount(numbers[i]) < MIN_AGREEING ||
		    version_of(numbers[i], &ret_layout->version))
			continue;
		ret_layout->first = i * 8;
		return 0;
	}
	return -ENODATA;
}

int gc_spaces_read(const struct reader *memory, uint64_t heap, const struct gc_layout *layout,
		   struct gc_space *ret_spaces, size_t *ret_count)
{
	uint64_t pointers[NUMBERS_MAX];
	const struct version *v = &versions[layout->version];
	size_t count = 0;
	int err = memory->read_at(memory, heap + layout->first, pointers, sizeof(pointers));

	for (uint32_t n = 1; n < NUMBERS_MAX && !err; n++) {
		struct base_space s;

		if (!v->names[n] || !read_space(memory, pointers[n], heap, &s) || s.number != n)
			continue;
		if (!s.committed_bytes)
			s.committed_bytes = halves_bytes(memory, pointers[n], heap, n);
		ret_spaces[count++] = (struct gc_space){ .name = v->names[n],
							 .address = pointers[n],
							 .committed_bytes = s.committed_bytes };
	}
	if (!err && count < MIN_AGREEING)
		err = -ENODATA;
	if (!err)
		*ret_count = count;
	return err;
}

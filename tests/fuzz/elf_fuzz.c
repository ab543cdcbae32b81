// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The ELF reader on any bytes: offsets it gives lie in the file, functions in code. */
#include "symbol/elf.h"

#include "fuzz.h"

#include <errno.h>
#include <string.h>

#define ADDRESSES 64

static void check_segments(const struct elf *elf)
{
	assert(elf->segment_count <= ELF_MAX_SEGMENTS);
	assert(elf->build_id_len <= ELF_BUILD_ID_MAX);
	assert(elf->debuglink.size <= elf->reader.size && elf->debugdata.size <= elf->reader.size);
	for (size_t i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *s = &elf->segments[i];
		uint64_t offset, vaddr;
		bool executable;

		if (!elf_offset_of(elf, s->vaddr, &offset, &executable))
			continue;
		assert(offset < elf->reader.size);
		assert(elf_vaddr_of(elf, offset, &vaddr));
	}
}

static void check_functions(const struct elf *elf)
{
	static const char *const names[] = { "malloc", "free", "main", "_start" };
	struct elf_symbol symbols[4];
	uint64_t offset;
	bool executable;

	for (int dynamic_only = 0; dynamic_only < 2; dynamic_only++) {
		if (elf_find_functions(elf, names, 4, dynamic_only, symbols))
			continue;
		for (size_t i = 0; i < 4; i++)
			assert(!symbols[i].found ||
			       (symbols[i].size &&
				elf_offset_of(elf, symbols[i].vaddr, &offset, &executable)));
	}
}

static void check_name(void *ctx, size_t index, const char *name, uint64_t symbol_vaddr)
{
	const uint64_t *addrs = ctx;

	assert(index < ADDRESSES);
	assert(strlen(name) < ELF_NAME_MAX);
	assert(symbol_vaddr <= addrs[index]);
}

/* Addresses all over the executable segments, then of memory's ends. */
static size_t fill_addresses(const struct elf *elf, uint64_t *addrs)
{
	uint64_t next = 0;
	size_t count = 0;

	for (size_t i = 0; i < elf->segment_count && count < ADDRESSES - 8; i++) {
		const struct elf_segment *s = &elf->segments[i];

		for (uint64_t k = 0; k < 8 && s->executable; k++) {
			uint64_t addr = s->vaddr + s->mem_size / 8 * k + k;

			if (addr >= next && addr >= s->vaddr) {
				addrs[count++] = addr;
				next = addr;
			}
		}
	}
	addrs[count++] = UINT64_MAX;
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bytes b = { data, size };
	uint64_t addrs[ADDRESSES];
	uint64_t offset = UINT64_MAX;
	struct elf elf;
	int err = elf_open(&elf, reader_of_bytes(&b), &offset);

	assert(err == -EBADMSG || offset == UINT64_MAX);
	if (err)
		return 0;
	check_segments(&elf);
	check_functions(&elf);
	(void)elf_name_addresses(&elf, addrs, fill_addresses(&elf, addrs), check_name, addrs);
	return 0;
}

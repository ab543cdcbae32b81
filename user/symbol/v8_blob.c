// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reads the constants out of two functions of V8, and relocations where they need it. */
#include "symbol/v8_blob.h"

#include "symbol/elf_prefixed.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#define CODE_BYTES    12
#define MAX_DYNAMIC   256
#define MAX_RELOCS    (1u << 22)
#define CHUNK_RELOCS  256
#define BLOB_SIZE_MIN 65536
#define BLOB_SIZE_MAX (64u << 20)

/* What such a function does: gives a number, or what lies at an address. */
struct getter {
	uint64_t value;
	bool is_address; /* of what it gives */
};

static int read_at_vaddr(const struct elf *elf, uint64_t vaddr, void *into, size_t len)
{
	const struct reader *r = &elf->reader;
	uint64_t offset;
	bool executable;

	if (!elf_offset_of(elf, vaddr, &offset, &executable))
		return -ENODATA;
	return r->read_at(r, offset, into, len);
}

static uint64_t relative(uint64_t next, const uint8_t *displacement)
{
	int32_t d;

	memcpy(&d, displacement, sizeof(d));
	return next + (uint64_t)(int64_t)d;
}

/* mov imm32, %eax | mov rel32(%rip), %eax | lea rel32(%rip), %rax [mov (%rax), %rax or %eax]; ret
 */
static int read_getter(const struct elf *elf, uint64_t vaddr, struct getter *ret_getter)
{
	uint8_t code[CODE_BYTES];
	int err = read_at_vaddr(elf, vaddr, code, sizeof(code));
	uint32_t immediate;

	if (err)
		return err;
	memcpy(&immediate, code + 1, sizeof(immediate));
	if (code[0] == 0xb8 && code[5] == 0xc3)
		*ret_getter = (struct getter){ immediate, false };
	else if (code[0] == 0x8b && code[1] == 0x05 && code[6] == 0xc3)
		*ret_getter = (struct getter){ relative(vaddr + 6, code + 2), true };
	else if (memcmp(code, "\x48\x8d\x05", 3) == 0 && code[7] == 0xc3)
		*ret_getter = (struct getter){ relative(vaddr + 7, code + 3), false };
	else if (memcmp(code, "\x48\x8d\x05", 3) == 0 &&
		 (memcmp(code + 7, "\x48\x8b\x00\xc3", 4) == 0 ||
		  memcmp(code + 7, "\x8b\x00\xc3", 3) == 0))
		*ret_getter = (struct getter){ relative(vaddr + 7, code + 3), true };
	else
		return -ENODATA;
	return 0;
}

static int find_relocations(const struct elf *elf, uint64_t *ret_vaddr, uint64_t *ret_count)
{
	uint64_t vaddr = 0, size = 0;

	for (size_t i = 0; elf->dynamic_vaddr && i < MAX_DYNAMIC; i++) {
		Elf64_Dyn d;
		int err = read_at_vaddr(elf, elf->dynamic_vaddr + i * sizeof(d), &d, sizeof(d));

		if (err)
			return err;
		if (d.d_tag == DT_NULL)
			break;
		if (d.d_tag == DT_RELA)
			vaddr = d.d_un.d_ptr;
		if (d.d_tag == DT_RELASZ)
			size = d.d_un.d_val;
	}
	if (!vaddr || !size || size / sizeof(Elf64_Rela) > MAX_RELOCS)
		return -ENODATA;
	*ret_vaddr = vaddr;
	*ret_count = size / sizeof(Elf64_Rela);
	return 0;
}

/* The address that the loader stores in the pointer at @vaddr. */
static int relocated_pointer(const struct elf *elf, uint64_t vaddr, uint64_t *ret_pointer)
{
	Elf64_Rela chunk[CHUNK_RELOCS];
	uint64_t table, count;
	int err = find_relocations(elf, &table, &count);

	for (uint64_t at = 0; !err && at < count; at += CHUNK_RELOCS) {
		uint64_t len = count - at < CHUNK_RELOCS ? count - at : CHUNK_RELOCS;

		err = read_at_vaddr(elf, table + at * sizeof(chunk[0]), chunk,
				    len * sizeof(chunk[0]));
		for (uint64_t i = 0; !err && i < len; i++) {
			if (chunk[i].r_offset != vaddr)
				continue;
			*ret_pointer = (uint64_t)chunk[i].r_addend;
			return ELF64_R_TYPE(chunk[i].r_info) == R_X86_64_RELATIVE ? 0 : -ENODATA;
		}
	}
	return err ? err : -ENODATA;
}

static int read_start(const struct elf *elf, uint64_t function, uint64_t *ret_start)
{
	struct getter getter;
	int err = read_getter(elf, function, &getter);

	if (err || !getter.is_address) {
		if (!err)
			*ret_start = getter.value;
		return err;
	}
	err = relocated_pointer(elf, getter.value, ret_start);
	if (err == -ENODATA) /* a program at a fixed address has none */
		err = read_at_vaddr(elf, getter.value, ret_start, sizeof(*ret_start));
	return err;
}

static int read_size(const struct elf *elf, uint64_t function, uint32_t *ret_size)
{
	struct getter getter;
	int err = read_getter(elf, function, &getter);

	if (!err && getter.is_address)
		err = elf_word_at(elf, getter.value, ret_size);
	else if (!err)
		*ret_size = (uint32_t)getter.value;
	return err;
}

int v8_blob_find(const struct elf *elf, uint64_t code, uint64_t size, uint64_t *ret_start,
		 uint64_t *ret_end)
{
	uint64_t start = 0, offset;
	uint32_t bytes = 0;
	bool executable;
	int err = read_start(elf, code, &start);

	if (!err)
		err = read_size(elf, size, &bytes);
	if (err)
		return err;
	if (bytes < BLOB_SIZE_MIN || bytes > BLOB_SIZE_MAX || start > UINT64_MAX - bytes ||
	    !elf_offset_of(elf, start, &offset, &executable) || !executable)
		return -ENODATA;
	*ret_start = start;
	*ret_end = start + bytes;
	return 0;
}

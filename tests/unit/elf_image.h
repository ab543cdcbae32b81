/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A small ELF file as one struct, for tests to bend: two segments (everything read-only at
 * IMAGE_BASE, .text executable at IMAGE_CODE), both symbol tables, a build id, a debug link.
 * Without its section headers (e_shoff 0) it is still complete by way of PT_DYNAMIC.
 */
#ifndef TESTS_UNIT_ELF_IMAGE_H
#define TESTS_UNIT_ELF_IMAGE_H

#include "symbol/elf.h"

#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* One field changed, in a table of cases: where, how many bytes, to what. */
#define PATCH(field, value)                                                                        \
	offsetof(struct image, field), sizeof(((struct image *)0)->field), (value)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define IMAGE_BASE   0x400000
#define IMAGE_CODE   0x500000
#define IMAGE_ID     "\x01\x02\x03\x04\x05\x06\x07\x08"

enum { S_NULL, S_DYNSYM, S_DYNSTR, S_SYMTAB, S_STRTAB, S_NAMES, S_NOTE, S_LINK, S_DWARF, S_COUNT };

struct image {
	Elf64_Ehdr header;
	Elf64_Phdr data, code, dynamic_segment, note_segment, interpreter;
	Elf64_Shdr sections[S_COUNT];
	Elf64_Sym dynsym[6];
	Elf64_Sym symtab[12];
	Elf64_Dyn dynamic[6];
	struct {
		uint32_t bucket_count, first_symbol, bloom_count, bloom_shift;
		uint64_t bloom[1];
		uint32_t buckets[2], chains[5];
	} gnu_hash;
	uint32_t hash[2];
	struct {
		Elf64_Nhdr other;
		char other_name[4];
		Elf64_Nhdr head;
		char name[4];
		uint8_t id[8];
	} note;
	char dynstr[48], strtab[96], names[112];
	char debuglink[16];
	uint8_t text[512];
};

#define IMAGE_SECTION(field, kind, section_name)                                                   \
	(Elf64_Shdr)                                                                               \
	{                                                                                          \
		.sh_type = (kind), .sh_offset = offsetof(struct image, field),                     \
		.sh_size = sizeof(((struct image *)0)->field),                                     \
		.sh_name = image_string(image->names, sizeof(image->names), section_name)          \
	}

#define IMAGE_SEGMENT(kind, field, base, rights)                                                   \
	(Elf64_Phdr)                                                                               \
	{                                                                                          \
		.p_type = (kind), .p_offset = offsetof(struct image, field), .p_vaddr = (base),    \
		.p_filesz = sizeof(((struct image *)0)->field),                                    \
		.p_memsz = sizeof(((struct image *)0)->field), .p_flags = (rights), .p_align = 4   \
	}

#define IMAGE_VADDR(field) (IMAGE_BASE + offsetof(struct image, field))

/* Adds @text to a string table and returns its offset. */
static inline uint32_t image_string(char *table, size_t size, const char *text)
{
	size_t at = 1;

	while (table[at])
		at += strlen(table + at) + 1;
	if (at + strlen(text) + 1 > size)
		__builtin_trap();
	memcpy(table + at, text, strlen(text) + 1);
	return (uint32_t)at;
}

static inline Elf64_Sym image_symbol(uint32_t name, unsigned int binding, uint64_t at,
				     uint64_t size)
{
	return (Elf64_Sym){ .st_name = name,
			    .st_info = (unsigned char)ELF64_ST_INFO(binding, STT_FUNC),
			    .st_shndx = 1,
			    .st_value = IMAGE_CODE + at,
			    .st_size = size };
}

static inline void image_symbols(struct image *image)
{
	static const struct {
		const char *name;
		unsigned int binding;
		uint64_t at, size; /* in .text */
	} dynamic[] = {
		{ "malloc", STB_GLOBAL, 0, 16 },
		{ "free", STB_GLOBAL, 16, 16 },
		{ "import", STB_GLOBAL, 0, 0 },
	}, all[] = {
		{ "twin", STB_LOCAL, 32, 16 },	  { "twin", STB_WEAK, 48, 16 },
		{ "twin", STB_GLOBAL, 64, 16 },	  { "free", STB_GLOBAL, 128, 16 },
		{ "calloc@@V", STB_LOCAL, 80, 16 },	  { "outer", STB_GLOBAL, 256, 64 },
		{ "inner", STB_LOCAL, 272, 16 },	  { "alias_of_outer", STB_GLOBAL, 256, 64 },
		{ "unsized", STB_LOCAL, 384, 0 }, { "next", STB_LOCAL, 400, 4 },
		{ "object", STB_GLOBAL, 96, 16 },
	};

	for (size_t i = 0; i < COUNT(dynamic); i++)
		image->dynsym[1 + i] = image_symbol(
			image_string(image->dynstr, sizeof(image->dynstr), dynamic[i].name),
			dynamic[i].binding, dynamic[i].at, dynamic[i].size);
	for (size_t i = 0; i < COUNT(all); i++)
		image->symtab[1 + i] = image_symbol(
			image_string(image->strtab, sizeof(image->strtab), all[i].name),
			all[i].binding, all[i].at, all[i].size);
	image->dynsym[3].st_shndx = SHN_UNDEF;
	image->symtab[11].st_info = (unsigned char)ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT);
}

static inline void image_sections(struct image *image)
{
	Elf64_Shdr *s = image->sections;

	s[S_DYNSYM] = IMAGE_SECTION(dynsym, SHT_DYNSYM, ".dynsym");
	s[S_DYNSTR] = IMAGE_SECTION(dynstr, SHT_STRTAB, ".dynstr");
	s[S_SYMTAB] = IMAGE_SECTION(symtab, SHT_SYMTAB, ".symtab");
	s[S_STRTAB] = IMAGE_SECTION(strtab, SHT_STRTAB, ".strtab");
	s[S_NOTE] = IMAGE_SECTION(note, SHT_NOTE, ".note.gnu.build-id");
	s[S_LINK] = IMAGE_SECTION(debuglink, SHT_PROGBITS, ".gnu_debuglink");
	s[S_DWARF] = IMAGE_SECTION(text, SHT_PROGBITS, ".debug_info");
	s[S_NAMES] = IMAGE_SECTION(names, SHT_STRTAB, ".shstrtab");
	s[S_DYNSYM].sh_link = S_DYNSTR;
	s[S_SYMTAB].sh_link = S_STRTAB;
	s[S_DYNSYM].sh_entsize = s[S_SYMTAB].sh_entsize = sizeof(Elf64_Sym);
}

static inline void image_dynamic(struct image *image)
{
	Elf64_Dyn *d = image->dynamic;

	d[0] = (Elf64_Dyn){ DT_GNU_HASH, { .d_ptr = IMAGE_VADDR(gnu_hash) } };
	d[1] = (Elf64_Dyn){ DT_SYMTAB, { .d_ptr = IMAGE_VADDR(dynsym) } };
	d[2] = (Elf64_Dyn){ DT_STRTAB, { .d_ptr = IMAGE_VADDR(dynstr) } };
	d[3] = (Elf64_Dyn){ DT_STRSZ, { .d_val = sizeof(image->dynstr) } };
	d[4] = (Elf64_Dyn){ DT_SYMENT, { .d_val = sizeof(Elf64_Sym) } };
	/* symbols 1 and 2 in the first bucket, 3 to 5 in the second */
	image->gnu_hash.bucket_count = 2;
	image->gnu_hash.first_symbol = 1;
	image->gnu_hash.bloom_count = 1;
	image->gnu_hash.buckets[0] = 1;
	image->gnu_hash.buckets[1] = 3;
	image->gnu_hash.chains[1] = image->gnu_hash.chains[4] = 1;
	image->hash[1] = 6;
}

static inline void image_init(struct image *image)
{
	memset(image, 0, sizeof(*image));
	memcpy(image->header.e_ident, ELFMAG, SELFMAG);
	image->header.e_ident[EI_CLASS] = ELFCLASS64;
	image->header.e_ident[EI_DATA] = ELFDATA2LSB;
	image->header.e_type = ET_DYN;
#ifdef __aarch64__
	image->header.e_machine = EM_AARCH64;
#else
	image->header.e_machine = EM_X86_64;
#endif
	image->header.e_entry = IMAGE_CODE;
	image->header.e_phoff = offsetof(struct image, data);
	image->header.e_phentsize = sizeof(Elf64_Phdr);
	image->header.e_phnum = 5;
	image->header.e_shoff = offsetof(struct image, sections);
	image->header.e_shentsize = sizeof(Elf64_Shdr);
	image->header.e_shnum = S_COUNT;
	image->header.e_shstrndx = S_NAMES;
	image->data = (Elf64_Phdr){ .p_type = PT_LOAD, .p_vaddr = IMAGE_BASE, .p_flags = PF_R };
	image->data.p_filesz = image->data.p_memsz = offsetof(struct image, text);
	image->code = IMAGE_SEGMENT(PT_LOAD, text, IMAGE_CODE, PF_R | PF_X);
	image->dynamic_segment = IMAGE_SEGMENT(PT_DYNAMIC, dynamic, IMAGE_VADDR(dynamic), PF_R);
	image->note_segment = IMAGE_SEGMENT(PT_NOTE, note, IMAGE_VADDR(note), PF_R);
	image->interpreter = IMAGE_SEGMENT(PT_INTERP, debuglink, IMAGE_VADDR(debuglink), PF_R);
	image->note.other = (Elf64_Nhdr){ .n_namesz = 4, .n_type = 1 };
	image->note.head = (Elf64_Nhdr){ 4, sizeof(image->note.id), NT_GNU_BUILD_ID };
	memcpy(image->note.other_name, "Foo", 4);
	memcpy(image->note.name, "GNU", 4);
	memcpy(image->note.id, IMAGE_ID, sizeof(image->note.id));
	memcpy(image->debuglink, "x.debug", 8);
	image_symbols(image);
	image_sections(image);
	image_dynamic(image);
}

static inline int open_image(const struct image *image, struct bytes *b, struct elf *elf,
			     uint64_t *ret_offset)
{
	*b = (struct bytes){ (const uint8_t *)image, sizeof(*image) };
	return elf_open(elf, reader_of_bytes(b), ret_offset);
}

#endif

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The ELF reader, by an image in memory: what is there is found, what lies is refused. */
#include "symbol/elf.h"

#include "elf_image.h"
#include "tap.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define SECTION(index, field) offsetof(struct image, sections[index].field)
static void test_open(void)
{
	struct image image;
	struct bytes b;
	struct elf elf;
	uint64_t offset = 99;

	image_init(&image);
	is_int(open_image(&image, &b, &elf, &offset), 0, "a good file is opened");
	is_int(offset, 99, "and no fault told");
	ok(elf.type == ET_DYN && elf.entry == IMAGE_CODE, "type and entry");
	ok(elf.segment_count == 2 && !elf.segments[0].executable && elf.segments[1].executable,
	   "two segments");
	ok(elf.has_interpreter && elf.dynamic_vaddr == IMAGE_VADDR(dynamic), "dynamically linked");
	is_int(elf.dynsym.size, sizeof(image.dynsym), "dynsym");
	is_int(elf.symtab.size, sizeof(image.symtab), "symtab");
	ok(elf.build_id_len == 8 && memcmp(elf.build_id, IMAGE_ID, 8) == 0, "build id");
	is_int(elf.debuglink.size, 16, "debug link");
	ok(elf.has_dwarf && !elf.has_debugaltlink && !elf.is_go, "marks");

	image.header.e_shoff = 0;
	is_int(open_image(&image, &b, &elf, &offset), 0, "a file without section headers");
	ok(elf.dynsym.offset == offsetof(struct image, dynsym) &&
		   elf.dynsym.size == sizeof(image.dynsym) &&
		   elf.dynsym.strings_size == sizeof(image.dynstr),
	   "dynsym is found and sized by its GNU hash table");
	ok(elf.build_id_len == 8 && !elf.symtab.size && !elf.debuglink.size, "build id by PT_NOTE");
	image.dynamic[0] = (Elf64_Dyn){ DT_HASH, { .d_ptr = IMAGE_VADDR(hash) } };
	is_int(open_image(&image, &b, &elf, &offset), 0, "the same with DT_HASH");
	is_int(elf.dynsym.size, sizeof(image.dynsym), "dynsym is sized by it");
	image.dynamic[0].d_tag = DT_DEBUG;
	is_int(open_image(&image, &b, &elf, &offset), 0, "no hash table");
	is_int(elf.dynsym.size, 0, "no dynsym");
}

/* One field changed. The expected offset is of the fault, -1 where none is told. */
static const struct {
	const char *what;
	size_t at, size;
	uint64_t value;
	int err;
	int offset;
} patches[] = {
	{ "no magic", PATCH(header.e_ident[0], 0), -EBADMSG, 0 },
	{ "32 bit", PATCH(header.e_ident[EI_CLASS], ELFCLASS32), -EOPNOTSUPP, -1 },
	{ "big endian", PATCH(header.e_ident[EI_DATA], ELFDATA2MSB), -EOPNOTSUPP, -1 },
	{ "another machine", PATCH(header.e_machine, EM_SPARC), -EOPNOTSUPP, -1 },
	{ "an object file", PATCH(header.e_type, ET_REL), -EOPNOTSUPP, -1 },
	{ "a core file", PATCH(header.e_type, ET_CORE), -EOPNOTSUPP, -1 },
	{ "program headers of another size", PATCH(header.e_phentsize, 32), -EBADMSG,
	  offsetof(Elf64_Ehdr, e_phentsize) },
	{ "program headers past the end", PATCH(header.e_phoff, sizeof(struct image) - 279),
	  -EBADMSG, offsetof(Elf64_Ehdr, e_phoff) },
	{ "program headers that wrap", PATCH(header.e_phoff, UINT64_MAX - 8), -EBADMSG,
	  offsetof(Elf64_Ehdr, e_phoff) },
	{ "more program headers than fit", PATCH(header.e_phnum, 65534), -EBADMSG,
	  offsetof(Elf64_Ehdr, e_phoff) },
	{ "too many program headers", PATCH(header.e_phnum, PN_XNUM), -E2BIG, -1 },
	{ "more in the file than in memory", PATCH(code.p_filesz, 513), -EBADMSG,
	  offsetof(struct image, code) },
	{ "a segment that wraps", PATCH(code.p_vaddr, UINT64_MAX - 16), -EBADMSG,
	  offsetof(struct image, code) },
	{ "a segment past the end", PATCH(code.p_offset, UINT64_MAX), 0, -1 },
	{ "section headers of another size", PATCH(header.e_shentsize, 63), -EBADMSG,
	  offsetof(Elf64_Ehdr, e_shentsize) },
	{ "section headers past the end", PATCH(header.e_shoff, sizeof(struct image)), -EBADMSG,
	  sizeof(struct image) },
	{ "the last section header past the end", PATCH(header.e_shoff, sizeof(struct image) - 500),
	  -EBADMSG, offsetof(Elf64_Ehdr, e_shoff) },
	{ "section headers that wrap", PATCH(header.e_shoff, UINT64_MAX), -EBADMSG, -2 },
	{ "a name table that is none", PATCH(header.e_shstrndx, S_NOTE), -EBADMSG, -2 },
	{ "a name table past the last section", PATCH(header.e_shstrndx, S_COUNT), -EBADMSG,
	  offsetof(Elf64_Ehdr, e_shstrndx) },
	{ "no name table", PATCH(header.e_shstrndx, 0), 0, -1 },
	{ "names past the end", PATCH(sections[S_NAMES].sh_offset, UINT64_MAX), -EBADMSG, -2 },
	{ "names larger than the file", PATCH(sections[S_NAMES].sh_size, UINT64_MAX), -EBADMSG,
	  -2 },
	{ "a name past its table", PATCH(sections[S_NOTE].sh_name, UINT32_MAX), 0, -1 },
	{ "symbols past the end", PATCH(sections[S_SYMTAB].sh_offset, UINT64_MAX), -EBADMSG,
	  SECTION(S_SYMTAB, sh_name) },
	{ "more symbols than fit", PATCH(sections[S_DYNSYM].sh_size, UINT64_MAX), -EBADMSG,
	  SECTION(S_DYNSYM, sh_name) },
	{ "symbols of another size", PATCH(sections[S_SYMTAB].sh_entsize, 16), -EBADMSG,
	  SECTION(S_SYMTAB, sh_name) },
	{ "symbols of size 0", PATCH(sections[S_SYMTAB].sh_entsize, 0), -EBADMSG,
	  SECTION(S_SYMTAB, sh_name) },
	{ "strings in no section", PATCH(sections[S_SYMTAB].sh_link, S_COUNT), -EBADMSG,
	  SECTION(S_SYMTAB, sh_name) },
	{ "strings that are none", PATCH(sections[S_SYMTAB].sh_link, S_NOTE), -EBADMSG,
	  SECTION(S_SYMTAB, sh_name) },
	{ "strings past the end", PATCH(sections[S_STRTAB].sh_size, sizeof(struct image)), -EBADMSG,
	  SECTION(S_SYMTAB, sh_name) },
	{ "a note past the end", PATCH(sections[S_NOTE].sh_offset, UINT64_MAX), -EBADMSG, -2 },
	{ "a debug link past the end", PATCH(sections[S_LINK].sh_offset, UINT64_MAX), -EBADMSG,
	  -2 },
	{ "DWARF past the end", PATCH(sections[S_DWARF].sh_offset, UINT64_MAX), 0, -1 },
	{ "DWARF in another file", PATCH(sections[S_DWARF].sh_type, SHT_NOBITS), 0, -1 },
};

static void test_patches(void)
{
	for (size_t i = 0; i < COUNT(patches); i++) {
		struct image image;
		struct bytes b;
		struct elf elf;
		uint64_t offset = UINT64_MAX;
		int err;

		image_init(&image);
		memcpy((uint8_t *)&image + patches[i].at, &patches[i].value, patches[i].size);
		err = open_image(&image, &b, &elf, &offset);
		is_int(err, patches[i].err, "%s", patches[i].what);
		if (patches[i].offset >= -1)
			is_int(offset, patches[i].offset < 0 ? -1 : patches[i].offset, "%s: where",
			       patches[i].what);
	}
}

/* The same in a file without section headers. */
static const struct {
	const char *what;
	size_t at, size;
	uint64_t value;
	int err;
} dynamic_patches[] = {
	{ "a dynamic section past the end", PATCH(dynamic_segment.p_offset, UINT64_MAX), -EBADMSG },
	{ "symbols in no segment", PATCH(dynamic[1].d_un.d_ptr, 0x1000), -EBADMSG },
	{ "strings in no segment", PATCH(dynamic[2].d_un.d_ptr, UINT64_MAX), -EBADMSG },
	{ "strings past the end", PATCH(dynamic[3].d_un.d_val, 1 << 20), -EBADMSG },
	{ "symbols of another size", PATCH(dynamic[4].d_un.d_val, 16), -EBADMSG },
	{ "a hash table in no segment", PATCH(dynamic[0].d_un.d_ptr, 1), -EBADMSG },
	{ "a hash table at the end", PATCH(dynamic[0].d_un.d_ptr, IMAGE_CODE + 511), -EBADMSG },
	{ "too many buckets", PATCH(gnu_hash.bucket_count, UINT32_MAX), -E2BIG },
	{ "more buckets than fit", PATCH(gnu_hash.bucket_count, 65536), -EBADMSG },
	{ "no buckets", PATCH(gnu_hash.bucket_count, 0), 0 },
	{ "a bloom filter past the end", PATCH(gnu_hash.bloom_count, UINT32_MAX), -EBADMSG },
	{ "a bucket before the first symbol", PATCH(gnu_hash.first_symbol, 4), -EBADMSG },
	{ "a bucket past the end", PATCH(gnu_hash.buckets[1], UINT32_MAX), -EBADMSG },
	{ "a note past the end", PATCH(note_segment.p_offset, UINT64_MAX), -EBADMSG },
	{ "a note that is too long", PATCH(note.other.n_descsz, UINT32_MAX), 0 },
	{ "a note whose name is too long", PATCH(note.other.n_namesz, UINT32_MAX), 0 },
	{ "a build id that is too long", PATCH(note.head.n_descsz, ELF_BUILD_ID_MAX + 1), 0 },
};

static void test_dynamic_patches(void)
{
	for (size_t i = 0; i < COUNT(dynamic_patches); i++) {
		struct image image;
		struct bytes b;
		struct elf elf;
		uint64_t offset;

		image_init(&image);
		image.header.e_shoff = 0;
		memcpy((uint8_t *)&image + dynamic_patches[i].at, &dynamic_patches[i].value,
		       dynamic_patches[i].size);
		is_int(open_image(&image, &b, &elf, &offset), dynamic_patches[i].err,
		       "no section headers: %s", dynamic_patches[i].what);
	}
}

static void test_counts(void)
{
	static Elf64_Phdr many[ELF_MAX_SEGMENTS + 1];
	struct {
		struct image image;
		Elf64_Phdr segments[ELF_MAX_SEGMENTS + 1];
	} file;
	struct bytes b = { (const uint8_t *)&file, sizeof(file) };
	struct elf elf;
	uint64_t offset;

	for (size_t i = 0; i < COUNT(many); i++)
		many[i].p_type = PT_LOAD;
	image_init(&file.image);
	memcpy(file.segments, many, sizeof(many));
	file.image.header.e_phoff = sizeof(file.image);
	file.image.header.e_phnum = ELF_MAX_SEGMENTS;
	is_int(elf_open(&elf, reader_of_bytes(&b), &offset), 0, "as many segments as allowed");
	file.image.header.e_phnum++;
	is_int(elf_open(&elf, reader_of_bytes(&b), &offset), -E2BIG, "one more");

	image_init(&file.image);
	file.image.header.e_shnum = 0;
	file.image.header.e_shstrndx = SHN_XINDEX;
	file.image.sections[0].sh_size = S_COUNT;
	file.image.sections[0].sh_link = S_NAMES;
	is_int(elf_open(&elf, reader_of_bytes(&b), &offset), 0, "counts in section 0");
	ok(elf.symtab.size && elf.build_id_len, "are used");
	file.image.sections[0].sh_size = UINT64_MAX;
	is_int(elf_open(&elf, reader_of_bytes(&b), &offset), -E2BIG, "and limited");
	file.image.sections[0].sh_size = ELF_MAX_SECTIONS;
	is_int(elf_open(&elf, reader_of_bytes(&b), &offset), -EBADMSG, "and compared to the file");
}

static void ignore_name(void *ctx, size_t index, const char *name, uint64_t symbol_vaddr)
{
	(void)ctx;
	(void)index;
	(void)name;
	(void)symbol_vaddr;
}

/* Every shorter file and every byte set to each of a few values: an answer, no crash. */
static void test_cut(void)
{
	static const char *const names[] = { "malloc", "twin" };
	static const uint64_t addrs[] = { IMAGE_CODE, IMAGE_CODE + 300, IMAGE_CODE + 390 };
	size_t good = 0;

	for (size_t len = 0; len < sizeof(struct image); len++) {
		struct image image;
		struct elf_symbol symbols[2];
		uint8_t *copy = malloc(len + 1); /* ASan guards its end */
		struct bytes b = { copy, len };
		struct elf elf;
		uint64_t offset;

		image_init(&image);
		((uint8_t *)&image)[len] ^= 0xff;
		memcpy(copy, &image, len);
		good += !elf_open(&elf, reader_of_bytes(&b), &offset);
		b = (struct bytes){ (const uint8_t *)&image, sizeof(image) };
		if (!elf_open(&elf, reader_of_bytes(&b), &offset)) {
			(void)elf_find_functions(&elf, names, 2, false, symbols);
			(void)elf_name_addresses(&elf, addrs, 3, ignore_name, NULL);
		}
		free(copy);
	}
	ok(good > 0 && good < 600,
	   "of the shortened files only those that lack content are opened");
}

static void test_offsets(void)
{
	static const struct {
		uint64_t vaddr, offset;
		bool is_there, is_executable;
	} cases[] = {
		{ IMAGE_BASE, 0, true, false },
		{ IMAGE_BASE + 100, 100, true, false },
		{ IMAGE_CODE, offsetof(struct image, text), true, true },
		{ IMAGE_CODE + 511, offsetof(struct image, text) + 511, true, true },
		{ IMAGE_CODE + 512, 0, false, false },
		{ IMAGE_BASE - 1, 0, false, false },
		{ 0, 0, false, false },
		{ UINT64_MAX, 0, false, false },
	};
	struct image image;
	struct bytes b;
	struct elf elf;
	uint64_t offset;

	image_init(&image);
	(void)open_image(&image, &b, &elf, &offset);
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t vaddr = 0;
		bool is_executable = false;
		bool is_there = elf_offset_of(&elf, cases[i].vaddr, &offset, &is_executable);

		ok(is_there == cases[i].is_there &&
			   (!is_there ||
			    (offset == cases[i].offset && is_executable == cases[i].is_executable)),
		   "0x%" PRIx64 " and its offset", cases[i].vaddr);
		ok(!is_there || (elf_vaddr_of(&elf, offset, &vaddr) && vaddr == cases[i].vaddr),
		   "0x%" PRIx64 " and back", cases[i].vaddr);
	}
	ok(!elf_vaddr_of(&elf, sizeof(image), &offset), "past the end is no address");
	image.code.p_offset = sizeof(image) - 16;
	(void)open_image(&image, &b, &elf, &offset);
	ok(!elf_offset_of(&elf, IMAGE_CODE + 16, &offset, &(bool){ false }),
	   "an address whose content is not in the file has no offset");
}

int main(void)
{
	test_open();
	test_patches();
	test_dynamic_patches();
	test_counts();
	test_cut();
	test_offsets();
	return tap_done();
}

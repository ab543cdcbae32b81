// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The ELF reader, by an image in memory: what is there is found, what lies is refused. */
#include "symbol/elf.h"

#include "elf_image.h"
#include "failing_alloc.h"
#include "tap.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define SECTION(index, field) offsetof(struct image, sections[index].field)
#define PATCH(field, value)                                                                        \
	offsetof(struct image, field), sizeof(((struct image *)0)->field), (value)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int open_image(const struct image *image, struct bytes *b, struct elf *elf, uint64_t *offset)
{
	*b = (struct bytes){ (const uint8_t *)image, sizeof(*image) };
	return elf_open(elf, reader_of_bytes(b), offset);
}

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
	is_text(elf.debuglink, "x.debug", "debug link");
	ok(elf.has_dwarf && !elf.has_debugaltlink && !elf.is_go, "marks");

	image.header.e_shoff = 0;
	is_int(open_image(&image, &b, &elf, &offset), 0, "a file without section headers");
	ok(elf.dynsym.offset == offsetof(struct image, dynsym) &&
		   elf.dynsym.size == sizeof(image.dynsym) &&
		   elf.dynsym.strings_size == sizeof(image.dynstr),
	   "dynsym is found and sized by its GNU hash table");
	ok(elf.build_id_len == 8 && !elf.symtab.size && !elf.debuglink[0], "build id by PT_NOTE");
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

/* What is found for a name, as an offset in .text; -1 is nothing. */
static int find(const struct image *image, const char *name, bool dynamic_only)
{
	const char *names[] = { "other", name };
	struct elf_symbol symbols[2];
	struct bytes b;
	struct elf elf;
	uint64_t offset;
	int err = open_image(image, &b, &elf, &offset);

	if (!err)
		err = elf_find_functions(&elf, names, 2, dynamic_only, symbols);
	if (err)
		return err;
	if (symbols[0].found)
		return -2;
	return symbols[1].found ? (int)(symbols[1].vaddr - IMAGE_CODE) : -1;
}

static void test_find(void)
{
	static const struct {
		const char *name;
		int everywhere, dynamic;
	} cases[] = {
		{ "malloc", 0, 0 },    { "free", 16, 16 },   { "twin", 64, -1 },
		{ "calloc", 80, -1 },  { "import", -1, -1 }, { "object", -1, -1 },
		{ "unsized", -1, -1 }, { "mallo", -1, -1 },  { "malloc2", -1, -1 },
		{ "alloc", -1, -1 },   { "", -1, -1 },
	};
	struct image image;

	image_init(&image);
	for (size_t i = 0; i < COUNT(cases); i++) {
		is_int(find(&image, cases[i].name, false), cases[i].everywhere, "%s",
		       cases[i].name);
		is_int(find(&image, cases[i].name, true), cases[i].dynamic, "%s in dynsym",
		       cases[i].name);
	}
}

/* Hostile values of malloc's symbol. */
static const struct {
	const char *what;
	size_t at, size;
	uint64_t value;
	int want; /* of find() */
} symbol_patches[] = {
	{ "in data", PATCH(dynsym[1].st_value, IMAGE_BASE), -1 },
	{ "in no segment", PATCH(dynsym[1].st_value, 0x1000), -1 },
	{ "at the segment's end", PATCH(dynsym[1].st_value, IMAGE_CODE + 512), -1 },
	{ "ending behind the segment", PATCH(dynsym[1].st_value, IMAGE_CODE + 497), -1 },
	{ "ending with the segment", PATCH(dynsym[1].st_value, IMAGE_CODE + 496), 496 },
	{ "wrapping", PATCH(dynsym[1].st_value, UINT64_MAX - 4), -1 },
	{ "as large as memory", PATCH(dynsym[1].st_size, UINT64_MAX), -1 },
	{ "so large that it wraps", PATCH(dynsym[1].st_size, UINT64_MAX - IMAGE_CODE + 16), -1 },
	{ "without size", PATCH(dynsym[1].st_size, 0), -1 },
	{ "undefined", PATCH(dynsym[1].st_shndx, SHN_UNDEF), -1 },
	{ "absolute", PATCH(dynsym[1].st_shndx, SHN_ABS), -1 },
	{ "common", PATCH(dynsym[1].st_shndx, SHN_COMMON), -1 },
	{ "of thread storage", PATCH(dynsym[1].st_info, STT_TLS), -1 },
	{ "an indirect function", PATCH(dynsym[1].st_info, STT_GNU_IFUNC), -1 },
	{ "named past the strings", PATCH(dynsym[1].st_name, 48), -1 },
	{ "named far past the strings", PATCH(dynsym[1].st_name, UINT32_MAX), -1 },
	{ "without a name", PATCH(dynsym[1].st_name, 0), -1 },
};

static void test_symbol_patches(void)
{
	struct image image;

	for (size_t i = 0; i < COUNT(symbol_patches); i++) {
		image_init(&image);
		memcpy((uint8_t *)&image + symbol_patches[i].at, &symbol_patches[i].value,
		       symbol_patches[i].size);
		is_int(find(&image, "malloc", false), symbol_patches[i].want, "a symbol %s",
		       symbol_patches[i].what);
	}
	image_init(&image);
	memset(image.dynstr + 44, 'x', 4);
	image.dynsym[1].st_name = 44;
	is_int(find(&image, "xxxx", false), -1, "a name that the strings' end cuts off");
}

struct naming_result {
	char names[64][32];
	uint64_t starts[64];
};

static void keep_name(void *ctx, size_t index, const char *name, uint64_t symbol_vaddr)
{
	struct naming_result *r = ctx;

	(void)snprintf(r->names[index], sizeof(r->names[index]), "%s", name);
	r->starts[index] = symbol_vaddr - IMAGE_CODE;
}

static const struct {
	uint64_t at; /* in .text */
	const char *name;
	uint64_t start;
} places[] = {
	{ 0, "malloc", 0 },	 { 15, "malloc", 0 },	  { 16, "free", 16 },
	{ 40, "twin", 32 },	 { 95, "calloc", 80 },	  { 96, "", 0 },
	{ 111, "", 0 },		 { 143, "free", 128 },	  { 255, "", 0 },
	{ 256, "outer", 256 },	 { 271, "outer", 256 },	  { 272, "inner", 272 },
	{ 287, "inner", 272 },	 { 288, "outer", 256 },	  { 319, "outer", 256 },
	{ 320, "", 0 },		 { 383, "", 0 },	  { 384, "unsized", 384 },
	{ 390, "unsized", 384 }, { 399, "unsized", 384 }, { 400, "next", 400 },
	{ 403, "next", 400 },	 { 404, "", 0 },
};

static int name_places(const struct image *image, struct naming_result *r)
{
	uint64_t addrs[COUNT(places)];
	struct bytes b;
	struct elf elf;
	uint64_t offset;
	int err = open_image(image, &b, &elf, &offset);

	memset(r, 0, sizeof(*r));
	for (size_t i = 0; i < COUNT(places); i++)
		addrs[i] = IMAGE_CODE + places[i].at;
	return err ? err : elf_name_addresses(&elf, addrs, COUNT(places), keep_name, r);
}

static void test_names(void)
{
	struct naming_result r;
	struct image image;

	image_init(&image);
	is_int(name_places(&image, &r), 0, "places in .text");
	for (size_t i = 0; i < COUNT(places); i++)
		ok(strcmp(r.names[i], places[i].name) == 0 && r.starts[i] == places[i].start,
		   "+%" PRIu64 " is in '%s' at %" PRIu64 " (want '%s')", places[i].at, r.names[i],
		   r.starts[i], places[i].name);

	image.symtab[6].st_info = (unsigned char)ELF64_ST_INFO(STB_WEAK, STT_FUNC);
	(void)name_places(&image, &r);
	is_text(r.names[9], "alias_of_outer", "of two at one place the global one");
	image.symtab[8].st_info = (unsigned char)ELF64_ST_INFO(STB_LOCAL, STT_FUNC);
	(void)name_places(&image, &r);
	is_text(r.names[9], "outer", "and the weak one before the local");
	image.symtab[9].st_info = (unsigned char)ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE);
	(void)name_places(&image, &r);
	is_text(r.names[18], "unsized", "assembly without a type");
	image.symtab[10].st_size = 0;
	(void)name_places(&image, &r);
	is_text(r.names[22], "next", "the last symbol without size goes on");
	image.symtab[6].st_name = UINT32_MAX;
	image.symtab[8].st_info = image.symtab[6].st_info;
	is_int(name_places(&image, &r), -EBADMSG, "a name past the strings");
}

/* As places, with addresses as far from each other as .text is not. */
static void test_unsized_reach(void)
{
	static const uint64_t addrs[] = { 0, IMAGE_CODE + 384 + 65535, IMAGE_CODE + 384 + 65536,
					  UINT64_MAX };
	struct naming_result r = { 0 };
	struct image image;
	struct bytes b;
	struct elf elf;
	uint64_t offset;

	image_init(&image);
	image.code.p_memsz = 1 << 20;
	image.symtab[10].st_value = IMAGE_CODE;
	is_int(open_image(&image, &b, &elf, &offset), 0, "a large segment");
	is_int(elf_name_addresses(&elf, addrs, 4, keep_name, &r), 0, "far addresses");
	is_text(r.names[1], "unsized", "64 KiB less one byte");
	is_text(r.names[2], "", "64 KiB");
	ok(!r.names[0][0] && !r.names[3][0], "the ends of memory");
	is_int(elf_name_addresses(&elf, addrs, 0, keep_name, &r), 0, "no addresses");
}

/* A table in which all symbols cover all addresses must not spin. */
static void test_overlapping(void)
{
	size_t symbol_count = 1 << 20, addr_count = 512;
	Elf64_Sym *symbols = calloc(symbol_count, sizeof(*symbols));
	uint64_t *addrs = calloc(addr_count, sizeof(*addrs));
	struct image image;
	uint8_t *file = malloc(sizeof(image) + symbol_count * sizeof(*symbols));
	struct bytes b = { file, sizeof(image) + symbol_count * sizeof(*symbols) };
	struct elf elf;
	uint64_t offset;

	image_init(&image);
	for (size_t i = 0; i < symbol_count; i++)
		symbols[i] = image_symbol(1, STB_GLOBAL, 0, 512);
	for (size_t i = 0; i < addr_count; i++)
		addrs[i] = IMAGE_CODE + i;
	image.sections[S_SYMTAB].sh_offset = sizeof(image);
	image.sections[S_SYMTAB].sh_size = symbol_count * sizeof(*symbols);
	memcpy(file, &image, sizeof(image));
	memcpy(file + sizeof(image), symbols, symbol_count * sizeof(*symbols));
	is_int(elf_open(&elf, reader_of_bytes(&b), &offset), 0, "a million symbols at one place");
	is_int(elf_name_addresses(&elf, addrs, addr_count, keep_name, NULL), -EBADMSG,
	       "are refused before they take long");
	free(symbols);
	free(addrs);
	free(file);
}

static void test_failing_alloc(void)
{
	static const char *const names[] = { "malloc" };
	static const uint64_t addrs[] = { IMAGE_CODE };
	struct image image;
	struct bytes b;
	struct elf elf;
	uint64_t offset;
	bool is_hit = true;

	image_init(&image);
	(void)open_image(&image, &b, &elf, &offset);
	for (size_t n = 1; is_hit; n++) {
		struct elf_symbol symbol = { .size = 77 };
		int err;

		failing_alloc_start(n);
		err = elf_find_functions(&elf, names, 1, false, &symbol);
		is_hit = failing_alloc_stop();
		ok(err == (is_hit ? -ENOMEM : 0) && (symbol.size == 77) == is_hit,
		   "find: allocation %zu", n);
	}
	is_hit = true;
	for (size_t n = 1; is_hit; n++) {
		struct naming_result r;
		int err;

		failing_alloc_start(n);
		err = elf_name_addresses(&elf, addrs, 1, keep_name, &r);
		is_hit = failing_alloc_stop();
		is_int(err, is_hit ? -ENOMEM : 0, "name: allocation %zu", n);
	}
}

int main(void)
{
	test_open();
	test_patches();
	test_dynamic_patches();
	test_counts();
	test_cut();
	test_offsets();
	test_find();
	test_symbol_patches();
	test_names();
	test_unsized_reach();
	test_overlapping();
	test_failing_alloc();
	return tap_done();
}

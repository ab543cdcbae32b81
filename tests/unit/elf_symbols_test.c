// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Symbols by name and by address: the right one of several, hostile ones refused, no spinning. */
#include "elf_image.h"
#include "failing_alloc.h"
#include "symbol/elf.h"
#include "tap.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

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
	{ "in code that data overlaps", PATCH(data.p_vaddr, IMAGE_CODE), -1 },
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
	test_find();
	test_symbol_patches();
	test_names();
	test_unsized_reach();
	test_overlapping();
	test_failing_alloc();
	return tap_done();
}

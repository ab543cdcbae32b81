// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Symbols by how their names begin, in a string table of several pieces; words of a loaded file. */
#include "symbol/elf_prefixed.h"

#include "failing_alloc.h"
#include "tap.h"

#include <elf.h>

#define CHUNK	     16384 /* the reader of names takes so many bytes at a time */
#define STRINGS_SIZE (3 * CHUNK)
#define DATA_VADDR   0x1000ul

static char strings[STRINGS_SIZE];
static Elf64_Sym symbols[16];
static size_t symbol_count = 1;
static uint8_t file[sizeof(strings) + sizeof(symbols) + 16];
static struct bytes bytes = { file, sizeof(file) };
static struct elf elf;

static char said[1024];

static int note(void *ctx, const struct elf_prefixed *symbol)
{
	size_t len = strlen(said);

	(void)snprintf(said + len, sizeof(said) - len, "%s=%llx ", symbol->name,
		       (unsigned long long)symbol->vaddr);
	return ctx ? *(int *)ctx : 0;
}

static void add(size_t at, const char *name, uint64_t vaddr, uint16_t section)
{
	if (name)
		memcpy(strings + at, name, strlen(name) + 1);
	symbols[symbol_count++] =
		(Elf64_Sym){ .st_name = (uint32_t)at, .st_shndx = section, .st_value = vaddr };
}

static void build(void)
{
	memset(strings, 'x', sizeof(strings));
	add(1, "v8dbg_first", 1, 1);
	add(100, "other", 2, 1);
	add(CHUNK - 6, "v8dbg_over_the_border", 3, 1);
	add(CHUNK, "v8dbg_at_the_border", 4, 1);
	add(2 * CHUNK - 3, "v8dbg_prefix_over_the_border", 5, 1);
	add(2 * CHUNK + 100, "v8dbg_undefined", 6, SHN_UNDEF);
	add(2 * CHUNK + 200, "v8dbg_versioned@@V8_1", 7, 1);
	/* Linkers let names share their ends. */
	memcpy(strings + 2 * CHUNK + 300, "init_of_v8dbg_shared", 21);
	add(2 * CHUNK + 308, NULL, 8, 1);
	add(2 * CHUNK + 400, "Builtins_One", 9, 1);
	/* The longest name that is taken, and one more. */
	memset(strings + 2 * CHUNK + 500, 'y', 1000);
	memcpy(strings + 2 * CHUNK + 500, "v8dbg_", 6);
	strings[2 * CHUNK + 500 + ELF_PREFIXED_NAME_MAX] = '\0';
	add(2 * CHUNK + 500, NULL, 10, 1);
	add(STRINGS_SIZE - 8, NULL, 11, 1);
	memcpy(strings + STRINGS_SIZE - 8, "v8dbg_zz", 8); /* the table ends inside of it */
	memcpy(file, strings, sizeof(strings));
	memcpy(file + sizeof(strings), symbols, sizeof(symbols));
	elf.reader = reader_of_bytes(&bytes);
	elf.symtab = (struct elf_table){ sizeof(strings), symbol_count * sizeof(Elf64_Sym), 0,
					 sizeof(strings) };
}

static const char *const prefixes[] = { "v8dbg_", "Builtins_" };

static int search(size_t count, int *result)
{
	said[0] = '\0';
	return elf_find_prefixed(&elf, prefixes, count, note, result);
}

static void test_names(void)
{
	int stop = -EINTR;

	/* "v8dbg_over_the_border" was written over by the one behind it, but for its first bytes.
	 */
	is_int(search(2, NULL), 0, "searched");
	is_text(said,
		"v8dbg_first=1 v8dbg_v8dbg_at_the_border=3 v8dbg_at_the_border=4 "
		"v8dbg_prefix_over_the_border=5 v8dbg_versioned=7 v8dbg_shared=8 Builtins_One=9 ",
		"those that begin so, with a name of a fair length");
	is_int(search(1, NULL), 0, "one prefix");
	ok(!strstr(said, "Builtins"), "and only it");
	is_int(search(2, &stop), -EINTR, "an error ends the search");
	is_text(said, "v8dbg_first=1 ", "at once");
	elf.dynsym = elf.symtab;
	is_int(search(2, NULL), 0, "both tables");
	ok(strstr(strstr(said, "=9") + 2, "=9"), "give a symbol twice");
	elf.dynsym = (struct elf_table){ 0 };
	elf.symtab.strings_size = sizeof(file) * 2;
	ok(search(2, NULL) < 0, "strings that are not in the file");
	elf.symtab.strings_size = sizeof(strings);
}

static void test_failing_allocations(void)
{
	bool is_hit = true;

	for (size_t n = 1; is_hit; n++) {
		int err;

		failing_alloc_start(n);
		err = search(2, NULL);
		is_hit = failing_alloc_stop();
		is_int(err, is_hit ? -ENOMEM : 0, "allocation %zu", n);
	}
}

static void test_words(void)
{
	uint32_t word = 1;

	elf.segment_count = 1;
	elf.segments[0] = (struct elf_segment){
		.offset = 1, .vaddr = DATA_VADDR, .file_size = 5, .mem_size = 20
	};
	is_int(elf_word_at(&elf, DATA_VADDR, &word), 0, "a word of the file");
	is_int(word, 0x62643876, "v8db");
	is_int(elf_word_at(&elf, DATA_VADDR + 1, &word), 0, "the last one");
	is_int(elf_word_at(&elf, DATA_VADDR + 2, &word), 0, "half of it behind the file");
	is_int(word, 0, "is zero");
	is_int(elf_word_at(&elf, DATA_VADDR + 16, &word), 0, "the last of the segment");
	is_int(word, 0, "is zero too");
	is_int(elf_word_at(&elf, DATA_VADDR + 17, &word), -ENODATA, "behind it");
	is_int(elf_word_at(&elf, DATA_VADDR - 1, &word), -ENODATA, "before it");
	elf.segments[0].mem_size = 3;
	is_int(elf_word_at(&elf, DATA_VADDR, &word), -ENODATA, "a segment too small");
}

int main(void)
{
	build();
	test_names();
	test_failing_allocations();
	test_words();
	return tap_done();
}

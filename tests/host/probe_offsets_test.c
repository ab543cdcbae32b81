// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Rule S20: a probe never lands inside an instruction. For the functions of real programs each
 * chosen place is compared with objdump, a decoder that is not ours, and symbols with hostile
 * values are refused.
 */
#include "fixture.h"
#include "tap.h"

#include "host/file_reader.h"
#include "symbol/elf.h"
#include "symbol/probe_site.h"

#include <elf.h>

#define MAX_FUNCTIONS 4000
#define LIBDIR	      "/usr/lib/x86_64-linux-gnu/"
/*
 * Each function's first bytes in a slot of their own, filled up with nops: whatever the last
 * instruction is cut off to, it ends before the next slot.
 */
#define SLOT_CODE 96
#define SLOT	  128

struct function {
	struct probe_site site;
	uint64_t size;
	bool is_start;	  /* objdump has an instruction there */
	bool is_emulated; /* and it is one of those */
};

struct sample {
	size_t count;
	struct function functions[MAX_FUNCTIONS];
	uint8_t slots[MAX_FUNCTIONS][SLOT];
};

static bool is_traceable(const struct elf *elf, const Elf64_Sym *s, uint64_t *ret_offset)
{
	bool executable;

	return ELF64_ST_TYPE(s->st_info) == STT_FUNC && s->st_shndx != SHN_UNDEF && s->st_size &&
	       elf_offset_of(elf, s->st_value, ret_offset, &executable) && executable;
}

static void add_function(struct sample *sample, const struct elf *elf, const Elf64_Sym *s)
{
	static uint8_t code[65536];
	const struct reader *r = &elf->reader;
	size_t len = s->st_size < sizeof(code) ? s->st_size : sizeof(code);
	struct function *f = &sample->functions[sample->count];
	uint8_t *slot = sample->slots[sample->count];
	uint64_t offset;

	if (!is_traceable(elf, s, &offset) || r->read_at(r, offset, code, len))
		return;
	/* As an allocation function now, as a freeing one then. */
	if (probe_site_choose((struct bytes){ code, len }, PROBE_SITE_FIRST(1 + sample->count % 6),
			      sample->count % 2, &f->site))
		return;
	f->size = s->st_size;
	memset(slot, 0x90, SLOT);
	memcpy(slot, code, len < SLOT_CODE ? len : SLOT_CODE);
	sample->count++;
}

/* Functions from all over the file's dynsym. */
static void fill_sample(struct sample *sample, const struct elf *elf)
{
	const struct elf_table *t = elf->dynsym.size ? &elf->dynsym : &elf->symtab;
	uint64_t total = t->size / sizeof(Elf64_Sym);
	uint64_t step = total / MAX_FUNCTIONS + 1;
	Elf64_Sym s;

	sample->count = 0;
	for (uint64_t i = 1; i < total && sample->count < MAX_FUNCTIONS; i += step) {
		if (elf->reader.read_at(&elf->reader, t->offset + i * sizeof(s), &s, sizeof(s)) ==
		    0)
			add_function(sample, elf, &s);
	}
}

static bool is_emulated_mnemonic(const char *text)
{
	return strncmp(text, "push", 4) == 0 || strncmp(text, "nop", 3) == 0 || text[0] == 'j' ||
	       strncmp(text, "call", 4) == 0;
}

/* Lines of objdump: "  1a2f:\tpush   %rbx". */
static void mark_line(struct sample *sample, const char *line)
{
	unsigned long at;
	char text[64];

	if (sscanf(line, " %lx: %63[^\n]", &at, text) != 2 || at / SLOT >= sample->count)
		return;
	if (at % SLOT == sample->functions[at / SLOT].site.offset) {
		sample->functions[at / SLOT].is_start = true;
		sample->functions[at / SLOT].is_emulated = is_emulated_mnemonic(text);
	}
}

static void disassemble(struct sample *sample)
{
	const char *path = in_scratch("slots");
	char command[PATH_MAX + 128], line[512];
	FILE *f = fopen(path, "we");

	must(f && fwrite(sample->slots, SLOT, sample->count, f) == sample->count && !fclose(f));
	(void)snprintf(command, sizeof(command),
		       "objdump -D -w -b binary -m i386:x86-64 --no-show-raw-insn %s", path);
	f = popen(command, "re");
	must(f);
	while (fgets(line, sizeof(line), f))
		mark_line(sample, line);
	must(pclose(f) == 0);
}

static void check_sample(const struct sample *sample, const char *path)
{
	size_t cheap = 0, moved = 0, bad = 0;

	for (size_t i = 0; i < sample->count; i++) {
		const struct function *f = &sample->functions[i];
		bool is_good = f->is_start && f->site.offset < f->size &&
			       f->site.offset < PROBE_SITE_WINDOW &&
			       (!f->site.is_emulated || f->is_emulated) &&
			       (f->site.is_emulated || f->site.offset == 0);

		if (!is_good && bad++ < 5)
			printf("# %s, function %zu of the sample: +%u\n", path, i, f->site.offset);
		cheap += f->site.is_emulated;
		moved += f->site.offset > 0;
	}
	ok(!bad && sample->count,
	   "%s: %zu functions, each place an instruction of theirs (%zu emulated, %zu moved)", path,
	   sample->count, cheap, moved);
}

static void test_file(const char *path)
{
	static struct sample sample;
	_release_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	_release_(file_reader_done) struct file_reader file = { .fd = -1 };
	struct reader reader;
	struct elf elf;
	uint64_t fault;

	if (fd < 0) {
		skip(path, "not installed");
		return;
	}
	memset(&sample, 0, sizeof(sample));
	must(file_reader_init(&file, fd, &reader) == 0);
	must(elf_open(&elf, reader, &fault) == 0);
	fill_sample(&sample, &elf);
	disassemble(&sample);
	check_sample(&sample, path);
}

/* A copy of a library in memory, to change the symbol of malloc in it. */
struct copy {
	struct bytes bytes;
	uint8_t *content;
	struct elf elf;
	Elf64_Sym *malloc_symbol;
};

static void copy_done(struct copy *c)
{
	free(c->content);
}

static void load_copy(struct copy *c, const char *path)
{
	_release_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	static const char *const names[] = { "malloc" };
	struct elf_symbol found;
	struct stat st;
	uint64_t fault;

	must(fd >= 0 && fstat(fd, &st) == 0);
	c->content = malloc((size_t)st.st_size);
	must(c->content && read(fd, c->content, (size_t)st.st_size) == st.st_size);
	c->bytes = (struct bytes){ c->content, (size_t)st.st_size };
	must(elf_open(&c->elf, reader_of_bytes(&c->bytes), &fault) == 0);
	must(elf_find_functions(&c->elf, names, 1, true, &found) == 0 && found.found);
	for (uint64_t at = 0; at < c->elf.dynsym.size; at += sizeof(Elf64_Sym)) {
		Elf64_Sym *s = (Elf64_Sym *)(c->content + c->elf.dynsym.offset + at);
		const char *name =
			(const char *)c->content + c->elf.dynsym.strings_offset + s->st_name;

		if (s->st_value == found.vaddr && strcmp(name, "malloc") == 0)
			c->malloc_symbol = s;
	}
	must(c->malloc_symbol);
}

static void test_hostile(const char *path)
{
	static const char *const names[] = { "malloc" };
	_release_(copy_done) struct copy c = { 0 };
	const struct elf_segment *code = NULL;
	Elf64_Sym good;

	load_copy(&c, path);
	good = *c.malloc_symbol;
	for (size_t i = 0; i < c.elf.segment_count; i++) {
		if (c.elf.segments[i].executable)
			code = &c.elf.segments[i];
	}
	must(code);
	const struct {
		const char *what;
		uint64_t vaddr, size;
	} cases[] = {
		{ "in the headers", 0x40, 16 },
		{ "past the end", UINT64_MAX / 2, 16 },
		{ "wrapping", UINT64_MAX - 4, 16 },
		{ "sized to wrap", good.st_value, UINT64_MAX },
		{ "without size", good.st_value, 0 },
		{ "across the end of the code", code->vaddr + code->mem_size - 8, 16 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct elf_symbol found = { .found = true };

		c.malloc_symbol->st_value = cases[i].vaddr;
		c.malloc_symbol->st_size = cases[i].size;
		ok(!elf_find_functions(&c.elf, names, 1, true, &found) && !found.found,
		   "%s: malloc %s is refused", path, cases[i].what);
	}
}

int main(void)
{
	static const char *const paths[] = {
		LIBDIR "libc.so.6",
		LIBDIR "libjemalloc.so.2",
		LIBDIR "libtcmalloc_minimal.so.4",
		LIBDIR "libmimalloc.so.2",
		"/usr/bin/node",
		"/usr/sbin/nginx",
		"/usr/bin/redis-server",
	};
	const char *const objdump[] = { "sh", "-c", "objdump --version > /dev/null 2>&1", NULL };

#ifndef __x86_64__
	skip("places of probes", "x86-64 only");
	return tap_done();
#endif
	make_scratch();
	if (run_program(objdump)) {
		skip("places of probes", "objdump is not installed");
		return tap_done();
	}
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		test_file(paths[i]);
	if (exists(paths[0]))
		test_hostile(paths[0]);
	else
		skip("hostile symbols", "no libc at the place of Debian's");
	return tap_done();
}

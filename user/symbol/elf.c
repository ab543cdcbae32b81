// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ELF headers: segments, the places of the symbol tables, build id, debug marks. */
#include "symbol/elf.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#if defined(__x86_64__)
#define ELF_HOST_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define ELF_HOST_MACHINE EM_AARCH64
#else
#error "unknown machine"
#endif

/* Longest section name of interest is ".gnu_debugaltlink". */
#define SECTION_NAME_MAX 32
/* A dynamic section has one entry per kind of thing (some 40); DT_NEEDED may repeat. */
#define DYNAMIC_MAX_ENTRIES 4096
/* Symbols of one bucket; linkers aim at a few. */
#define GNU_HASH_MAX_CHAIN 65536

/* One elf_open(): where the first fault is, and what only it needs to know. */
struct opening {
	struct elf *elf;
	uint64_t fault_offset;
	Elf64_Ehdr header;
	uint64_t section_count;
	Elf64_Shdr names; /* the table of section names; type SHT_NULL when absent */
	uint64_t dynamic_offset, dynamic_size;
};

static bool in_file(const struct elf *elf, uint64_t offset, uint64_t size)
{
	return offset <= elf->reader.size && size <= elf->reader.size - offset;
}

static int malformed(struct opening *o, uint64_t offset)
{
	o->fault_offset = offset;
	return -EBADMSG;
}

static int read_at(struct opening *o, uint64_t offset, void *buf, size_t len)
{
	const struct reader *r = &o->elf->reader;

	if (!in_file(o->elf, offset, len))
		return malformed(o, offset);
	return r->read_at(r, offset, buf, len);
}

static int read_header(struct opening *o)
{
	Elf64_Ehdr *h = &o->header;
	int err = read_at(o, 0, h, sizeof(*h));

	if (err)
		return err;
	if (memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
		return malformed(o, 0);
	if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB ||
	    h->e_machine != ELF_HOST_MACHINE || (h->e_type != ET_EXEC && h->e_type != ET_DYN))
		return -EOPNOTSUPP;
	o->elf->type = h->e_type;
	o->elf->entry = h->e_entry;
	return 0;
}

static int read_notes(struct opening *o, uint64_t offset, uint64_t size, uint64_t align)
{
	uint8_t buf[ELF_NOTES_LOOKED_AT];
	struct bytes notes = { buf, size < sizeof(buf) ? size : sizeof(buf) };
	int err = read_at(o, offset, buf, notes.len);

	if (!err)
		o->elf->build_id_len = elf_notes_build_id(notes, align, o->elf->build_id);
	return err;
}

static int add_segment(struct opening *o, const Elf64_Phdr *p, uint64_t at)
{
	struct elf *elf = o->elf;
	struct elf_segment *s;
	uint64_t left = p->p_offset < elf->reader.size ? elf->reader.size - p->p_offset : 0;

	if (p->p_filesz > p->p_memsz || p->p_memsz > UINT64_MAX - p->p_vaddr)
		return malformed(o, at);
	if (elf->segment_count == ELF_MAX_SEGMENTS)
		return -E2BIG;
	s = &elf->segments[elf->segment_count++];
	*s = (struct elf_segment){
		.offset = p->p_offset,
		.vaddr = p->p_vaddr,
		/* Separate debug files keep the headers of content that they do not hold. */
		.file_size = p->p_filesz < left ? p->p_filesz : left,
		.mem_size = p->p_memsz,
		.executable = p->p_flags & PF_X,
	};
	return 0;
}

static int read_segments(struct opening *o)
{
	const Elf64_Ehdr *h = &o->header;
	Elf64_Phdr p;

	if (!h->e_phnum)
		return 0;
	if (h->e_phnum == PN_XNUM)
		return -E2BIG;
	if (h->e_phentsize != sizeof(p))
		return malformed(o, offsetof(Elf64_Ehdr, e_phentsize));
	if (!in_file(o->elf, h->e_phoff, (uint64_t)h->e_phnum * sizeof(p)))
		return malformed(o, offsetof(Elf64_Ehdr, e_phoff));
	for (unsigned int i = 0; i < h->e_phnum; i++) {
		uint64_t at = h->e_phoff + i * sizeof(p);
		int err = read_at(o, at, &p, sizeof(p));

		if (!err && p.p_type == PT_LOAD)
			err = add_segment(o, &p, at);
		if (err)
			return err;
		if (p.p_type == PT_INTERP)
			o->elf->has_interpreter = true;
		if (p.p_type == PT_DYNAMIC) {
			o->elf->dynamic_vaddr = p.p_vaddr;
			o->dynamic_offset = p.p_offset;
			o->dynamic_size = p.p_filesz;
		}
	}
	return 0;
}

static int read_section(struct opening *o, uint64_t index, Elf64_Shdr *ret_section)
{
	return read_at(o, o->header.e_shoff + index * sizeof(*ret_section), ret_section,
		       sizeof(*ret_section));
}

static int set_table(struct opening *o, struct elf_table *table, const Elf64_Shdr *s, uint64_t at)
{
	Elf64_Shdr strings;
	int err;

	if (s->sh_entsize != sizeof(Elf64_Sym) || s->sh_link >= o->section_count)
		return malformed(o, at);
	err = read_section(o, s->sh_link, &strings);
	if (err)
		return err;
	if (strings.sh_type != SHT_STRTAB || !in_file(o->elf, s->sh_offset, s->sh_size) ||
	    !in_file(o->elf, strings.sh_offset, strings.sh_size))
		return malformed(o, at);
	*table = (struct elf_table){
		.offset = s->sh_offset,
		.size = s->sh_size,
		.strings_offset = strings.sh_offset,
		.strings_size = strings.sh_size,
	};
	return table->size / sizeof(Elf64_Sym) > ELF_MAX_SYMBOLS ? -E2BIG : 0;
}

/* What a section's name alone tells. */
static int note_named_section(struct opening *o, const Elf64_Shdr *s, const char *name)
{
	struct elf *elf = o->elf;
	struct elf_range *range = NULL;

	if (strcmp(name, ".debug_info") == 0 || strcmp(name, ".zdebug_info") == 0)
		elf->has_dwarf = true;
	if (strcmp(name, ".gnu_debugaltlink") == 0)
		elf->has_debugaltlink = true;
	if (strcmp(name, ".go.buildinfo") == 0 || strcmp(name, ".note.go.buildid") == 0)
		elf->is_go = true;
	if (strcmp(name, ".note.gnu.build-id") == 0 && !elf->build_id_len)
		return read_notes(o, s->sh_offset, s->sh_size, s->sh_addralign);
	if (strcmp(name, ".gnu_debuglink") == 0)
		range = &elf->debuglink;
	if (strcmp(name, ".gnu_debugdata") == 0)
		range = &elf->debugdata;
	if (!range)
		return 0;
	if (!in_file(elf, s->sh_offset, s->sh_size))
		return malformed(o, s->sh_offset);
	*range = (struct elf_range){ .offset = s->sh_offset, .size = s->sh_size };
	return 0;
}

static int read_section_name(struct opening *o, const Elf64_Shdr *s, char name[SECTION_NAME_MAX])
{
	size_t len = SECTION_NAME_MAX - 1;

	memset(name, 0, SECTION_NAME_MAX);
	if (o->names.sh_type == SHT_NULL || s->sh_name >= o->names.sh_size)
		return 0;
	if (o->names.sh_size - s->sh_name < len)
		len = o->names.sh_size - s->sh_name;
	return read_at(o, o->names.sh_offset + s->sh_name, name, len);
}

/* More than 65279 sections: count and name table then stand in section 0. */
static int find_sections(struct opening *o)
{
	const Elf64_Ehdr *h = &o->header;
	uint64_t names = h->e_shstrndx;
	Elf64_Shdr first;
	int err;

	if (h->e_shentsize != sizeof(first))
		return malformed(o, offsetof(Elf64_Ehdr, e_shentsize));
	err = read_section(o, 0, &first);
	if (err)
		return err;
	o->section_count = h->e_shnum ? h->e_shnum : first.sh_size;
	if (names == SHN_XINDEX)
		names = first.sh_link;
	if (o->section_count > ELF_MAX_SECTIONS)
		return -E2BIG;
	if (!in_file(o->elf, h->e_shoff, o->section_count * sizeof(first)))
		return malformed(o, offsetof(Elf64_Ehdr, e_shoff));
	if (names == SHN_UNDEF)
		return 0;
	if (names >= o->section_count)
		return malformed(o, offsetof(Elf64_Ehdr, e_shstrndx));
	err = read_section(o, names, &o->names);
	if (err)
		return err;
	if (o->names.sh_type != SHT_STRTAB ||
	    !in_file(o->elf, o->names.sh_offset, o->names.sh_size))
		return malformed(o, h->e_shoff + names * sizeof(first));
	return 0;
}

static int read_sections(struct opening *o)
{
	struct elf *elf = o->elf;
	int err = find_sections(o);

	for (uint64_t i = 1; !err && i < o->section_count; i++) {
		uint64_t at = o->header.e_shoff + i * sizeof(Elf64_Shdr);
		char name[SECTION_NAME_MAX];
		Elf64_Shdr s;

		err = read_section(o, i, &s);
		if (!err && s.sh_type == SHT_SYMTAB)
			err = set_table(o, &elf->symtab, &s, at);
		if (!err && s.sh_type == SHT_DYNSYM)
			err = set_table(o, &elf->dynsym, &s, at);
		/* A separate debug file has the headers of sections without their content. */
		if (!err && s.sh_type != SHT_NOBITS)
			err = read_section_name(o, &s, name);
		if (!err && s.sh_type != SHT_NOBITS)
			err = note_named_section(o, &s, name);
	}
	return err;
}

/* The build id without section headers. */
static int read_note_segments(struct opening *o)
{
	Elf64_Phdr p;

	for (unsigned int i = 0; i < o->header.e_phnum && !o->elf->build_id_len; i++) {
		int err = read_at(o, o->header.e_phoff + i * sizeof(p), &p, sizeof(p));

		if (!err && p.p_type == PT_NOTE)
			err = read_notes(o, p.p_offset, p.p_filesz, p.p_align);
		if (err)
			return err;
	}
	return 0;
}

struct dynamic {
	uint64_t symtab, strtab, strings_size, entry_size, hash, gnu_hash; /* addresses, bytes */
};

static int read_dynamic(struct opening *o, struct dynamic *d)
{
	uint64_t count = o->dynamic_size / sizeof(Elf64_Dyn);
	Elf64_Dyn entry = { .d_tag = DT_DEBUG };

	for (uint64_t i = 0; i < count && entry.d_tag != DT_NULL; i++) {
		int err = read_at(o, o->dynamic_offset + i * sizeof(entry), &entry, sizeof(entry));

		if (err)
			return err;
		if (i == DYNAMIC_MAX_ENTRIES)
			return -E2BIG;
		if (entry.d_tag == DT_SYMTAB)
			d->symtab = entry.d_un.d_ptr;
		if (entry.d_tag == DT_STRTAB)
			d->strtab = entry.d_un.d_ptr;
		if (entry.d_tag == DT_STRSZ)
			d->strings_size = entry.d_un.d_val;
		if (entry.d_tag == DT_SYMENT)
			d->entry_size = entry.d_un.d_val;
		if (entry.d_tag == DT_HASH)
			d->hash = entry.d_un.d_ptr;
		if (entry.d_tag == DT_GNU_HASH)
			d->gnu_hash = entry.d_un.d_ptr;
	}
	return 0;
}

static int offset_of_dynamic(struct opening *o, uint64_t vaddr, uint64_t *ret_offset)
{
	bool executable;

	return elf_offset_of(o->elf, vaddr, ret_offset, &executable)
		       ? 0
		       : malformed(o, o->dynamic_offset);
}

static int highest_word(struct opening *o, uint64_t offset, uint64_t count, uint32_t *ret_highest)
{
	uint32_t words[1024];

	while (count) {
		size_t len = count < 1024 ? count : 1024;
		int err = read_at(o, offset, words, len * sizeof(words[0]));

		if (err)
			return err;
		for (size_t i = 0; i < len; i++) {
			if (words[i] > *ret_highest)
				*ret_highest = words[i];
		}
		offset += len * sizeof(words[0]);
		count -= len;
	}
	return 0;
}

/*
 * The GNU hash table states no count of symbols: the last one is the end of the chain that the
 * highest bucket starts.
 */
static int count_by_gnu_hash(struct opening *o, uint64_t at, uint64_t *ret_count)
{
	struct {
		uint32_t bucket_count, first_symbol, bloom_count, bloom_shift;
	} head;
	uint64_t buckets, chains;
	uint32_t word = 0, last = 0;
	int err = read_at(o, at, &head, sizeof(head));

	if (err)
		return err;
	buckets = at + sizeof(head) + (uint64_t)head.bloom_count * sizeof(uint64_t);
	chains = buckets + (uint64_t)head.bucket_count * sizeof(word);
	if (head.bucket_count > ELF_MAX_SYMBOLS)
		return -E2BIG;
	err = highest_word(o, buckets, head.bucket_count, &last);
	*ret_count = head.first_symbol;
	if (err || !last)
		return err;
	if (last < head.first_symbol)
		return malformed(o, buckets);
	chains += (uint64_t)(last - head.first_symbol) * sizeof(word);
	for (uint32_t i = 0; i < GNU_HASH_MAX_CHAIN; i++) {
		err = read_at(o, chains + i * sizeof(word), &word, sizeof(word));
		*ret_count = (uint64_t)last + i + 1;
		if (err || (word & 1)) /* marks a chain's end */
			return err;
	}
	return malformed(o, chains);
}

static int count_dynamic_symbols(struct opening *o, const struct dynamic *d, uint64_t *ret_count)
{
	uint32_t head[2]; /* buckets, chains: one chain link per symbol */
	uint64_t at;
	int err = offset_of_dynamic(o, d->gnu_hash ? d->gnu_hash : d->hash, &at);

	if (err)
		return err;
	if (d->gnu_hash)
		return count_by_gnu_hash(o, at, ret_count);
	err = read_at(o, at, head, sizeof(head));
	if (!err)
		*ret_count = head[1];
	return err;
}

/* dynsym without section headers. */
static int read_dynamic_symbols(struct opening *o)
{
	struct elf_table *table = &o->elf->dynsym;
	struct dynamic d = { 0 };
	struct elf_table found;
	uint64_t count = 0;
	int err = read_dynamic(o, &d);

	if (err || !d.symtab || !d.strtab || (!d.hash && !d.gnu_hash))
		return err;
	if (d.entry_size != sizeof(Elf64_Sym))
		return malformed(o, o->dynamic_offset);
	err = offset_of_dynamic(o, d.symtab, &found.offset);
	if (!err)
		err = offset_of_dynamic(o, d.strtab, &found.strings_offset);
	if (!err)
		err = count_dynamic_symbols(o, &d, &count);
	if (err)
		return err;
	if (count > ELF_MAX_SYMBOLS)
		return -E2BIG;
	found.size = count * sizeof(Elf64_Sym);
	found.strings_size = d.strings_size;
	if (!in_file(o->elf, found.offset, found.size) ||
	    !in_file(o->elf, found.strings_offset, found.strings_size))
		return malformed(o, o->dynamic_offset);
	*table = found;
	return 0;
}

int elf_open(struct elf *elf, struct reader reader, uint64_t *ret_offset)
{
	struct opening o = { .elf = elf };
	int err;

	*elf = (struct elf){ .reader = reader };
	err = read_header(&o);
	if (!err)
		err = read_segments(&o);
	if (!err && o.header.e_shoff) {
		err = read_sections(&o);
	} else if (!err) {
		err = read_note_segments(&o);
		if (!err)
			err = read_dynamic_symbols(&o);
	}
	if (err == -EBADMSG)
		*ret_offset = o.fault_offset;
	return err;
}

bool elf_offset_of(const struct elf *elf, uint64_t vaddr, uint64_t *ret_offset,
		   bool *ret_executable)
{
	for (size_t i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *s = &elf->segments[i];

		if (vaddr < s->vaddr || vaddr - s->vaddr >= s->file_size)
			continue;
		*ret_offset = s->offset + (vaddr - s->vaddr);
		*ret_executable = s->executable;
		return true;
	}
	return false;
}

bool elf_vaddr_of(const struct elf *elf, uint64_t offset, uint64_t *ret_vaddr)
{
	for (size_t i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *s = &elf->segments[i];

		if (offset < s->offset || offset - s->offset >= s->file_size)
			continue;
		*ret_vaddr = s->vaddr + (offset - s->offset);
		return true;
	}
	return false;
}

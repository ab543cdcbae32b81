// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One streaming pass over a symbol table, and what a symbol is. */
#include "symbol/elf_symbol_walk.h"

#include <errno.h>
#include <string.h>

/* The next symbol, NULL at the end; 0 or the reader's error. */
int elf_walk_next(struct elf_walk *w, const Elf64_Sym **ret_symbol)
{
	uint64_t left = w->table->size / sizeof(Elf64_Sym) - w->read;
	const struct reader *r = &w->elf->reader;
	int err;

	if (w->at == w->len) {
		if (!left) {
			*ret_symbol = NULL;
			return 0;
		}
		w->at = 0;
		w->len = left < CHUNK_SYMBOLS ? left : CHUNK_SYMBOLS;
		err = r->read_at(r, w->table->offset + w->read * sizeof(Elf64_Sym), w->chunk,
				 w->len * sizeof(Elf64_Sym));
		if (err) {
			w->len = 0;
			return err;
		}
		w->read += w->len;
	}
	*ret_symbol = &w->chunk[w->at++];
	return 0;
}

/*
 * The first @size - 1 bytes at most of a symbol's name. Names in symtab may carry their version
 * (malloc@@GLIBC_2.2.5), which is cut off.
 */
int elf_read_name(const struct elf *elf, const struct elf_table *table, uint32_t name_offset,
		  char *buf, size_t size)
{
	const struct reader *r = &elf->reader;
	uint64_t left;
	char *version;
	int err;

	if (name_offset >= table->strings_size)
		return -EBADMSG;
	left = table->strings_size - name_offset;
	if (left < size)
		size = left;
	else
		size--;
	err = r->read_at(r, table->strings_offset + name_offset, buf, size);
	if (err)
		return err;
	if (left == size && !memchr(buf, 0, size))
		return -EBADMSG; /* the table ends inside the name */
	buf[size] = 0;
	version = strchr(buf, '@');
	if (version && version != buf)
		*version = 0;
	return 0;
}

bool elf_is_code(const struct elf *elf, uint64_t vaddr, uint64_t size)
{
	for (size_t i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *s = &elf->segments[i];

		if (s->executable && vaddr >= s->vaddr && vaddr - s->vaddr < s->mem_size &&
		    size <= s->mem_size - (vaddr - s->vaddr))
			return true;
	}
	return false;
}

bool elf_is_defined(const Elf64_Sym *s)
{
	return s->st_name && s->st_shndx != SHN_UNDEF &&
	       (s->st_shndx < SHN_LORESERVE || s->st_shndx == SHN_XINDEX);
}

bool elf_is_function(const struct elf *elf, const Elf64_Sym *s)
{
	uint64_t offset;
	bool executable;

	return ELF64_ST_TYPE(s->st_info) == STT_FUNC && elf_is_defined(s) && s->st_size &&
	       elf_is_code(elf, s->st_value, s->st_size) &&
	       elf_offset_of(elf, s->st_value, &offset, &executable) && executable;
}

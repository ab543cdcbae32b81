// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Walks a symbol table, some symbols at a time. */
#include "symbol/elf_walk.h"

#include <errno.h>
#include <string.h>

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
		w->len = left < ELF_WALK_SYMBOLS ? left : ELF_WALK_SYMBOLS;
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

int elf_symbol_name(const struct elf *elf, const struct elf_table *table, uint32_t name_offset,
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

bool elf_symbol_is_defined(const Elf64_Sym *s)
{
	return s->st_name && s->st_shndx != SHN_UNDEF &&
	       (s->st_shndx < SHN_LORESERVE || s->st_shndx == SHN_XINDEX);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Finds the names in the string table first, reading it in a row: symbols have theirs all over it,
 * and a reader with a window would fill it for each.
 */
#include "symbol/elf_prefixed.h"

#include "base/arena.h"
#include "base/scope.h"
#include "base/vec.h"
#include "symbol/elf_walk.h"

#include <errno.h>
#include <string.h>

#define CHUNK_BYTES 16384

struct known_name {
	uint32_t offset;
	const char *text;
};

struct names {
	struct known_name *at; /* ascending by offset */
	size_t len, cap;
	struct arena texts;
};

static void names_done(struct names *n)
{
	free(n->at);
	arena_done(&n->texts);
}

static int compare_names(const void *a, const void *b)
{
	const struct known_name *x = a, *y = b;

	return (x->offset > y->offset) - (x->offset < y->offset);
}

static int keep_name(struct names *n, uint64_t offset, const char *text, size_t len)
{
	struct known_name *name;
	char *copy;

	if (n->len == ELF_PREFIXED_MAX)
		return -EBADMSG;
	copy = arena_alloc(&n->texts, len + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, len);
	copy[len] = '\0';
	name = vec_push(n);
	if (!name)
		return -ENOMEM;
	*name = (struct known_name){ (uint32_t)offset, copy };
	return 0;
}

/*
 * The names that begin with @prefix in the first @limit of @len bytes; linkers let a name share the
 * end of another string, so that it may begin inside of one.
 */
static int search_chunk(struct names *n, const char *prefix, const char *text, size_t len,
			size_t limit, uint64_t base)
{
	const char *at = text, *end = text + len;
	int err = 0;

	while (!err && (at = memmem(at, (size_t)(end - at), prefix, strlen(prefix))) &&
	       at < text + limit) {
		size_t size = strnlen(at, (size_t)(end - at));
		const char *version = memchr(at, '@', size);

		if (at + size < end && size < ELF_PREFIXED_NAME_MAX)
			err = keep_name(n, base + (uint64_t)(at - text), at,
					version ? (size_t)(version - at) : size);
		at++;
	}
	return err;
}

static int find_names(const struct elf *elf, const struct elf_table *table,
		      const char *const *prefixes, size_t count, struct names *n)
{
	const struct reader *r = &elf->reader;
	uint64_t size = table->strings_size < UINT32_MAX ? table->strings_size : UINT32_MAX;
	char text[CHUNK_BYTES + ELF_PREFIXED_NAME_MAX];
	int err = 0;

	for (uint64_t at = 0; !err && at < size; at += CHUNK_BYTES) {
		size_t len = size - at < sizeof(text) ? (size_t)(size - at) : sizeof(text);

		err = r->read_at(r, table->strings_offset + at, text, len);
		for (size_t i = 0; !err && i < count; i++)
			err = search_chunk(n, prefixes[i], text, len,
					   len < CHUNK_BYTES ? len : CHUNK_BYTES, at);
	}
	if (!err && n->len)
		qsort(n->at, n->len, sizeof(*n->at), compare_names);
	return err;
}

static const char *name_at(const struct names *n, uint32_t offset)
{
	struct known_name key = { .offset = offset };
	const struct known_name *name = NULL;

	if (n->len)
		name = bsearch(&key, n->at, n->len, sizeof(*n->at), compare_names);
	return name ? name->text : NULL;
}

static int search_table(const struct elf *elf, const struct elf_table *table, struct names *n,
			elf_prefixed_fn found, void *ctx)
{
	struct elf_walk walk = { .elf = elf, .table = table };
	const Elf64_Sym *s;
	int err;

	while (!(err = elf_walk_next(&walk, &s)) && s) {
		struct elf_prefixed symbol = { .vaddr = s->st_value, .size = s->st_size };

		symbol.name = elf_symbol_is_defined(s) ? name_at(n, s->st_name) : NULL;
		if (symbol.name)
			err = found(ctx, &symbol);
		if (err)
			break;
	}
	return err;
}

int elf_find_prefixed(const struct elf *elf, const char *const *prefixes, size_t count,
		      elf_prefixed_fn found, void *ctx)
{
	const struct elf_table *tables[] = { &elf->dynsym, &elf->symtab };
	int err = 0;

	for (size_t i = 0; !err && i < 2; i++) {
		_release_(names_done) struct names names = { 0 };

		err = find_names(elf, tables[i], prefixes, count, &names);
		if (!err && names.len)
			err = search_table(elf, tables[i], &names, found, ctx);
	}
	return err;
}

int elf_word_at(const struct elf *elf, uint64_t vaddr, uint32_t *ret_word)
{
	const struct reader *r = &elf->reader;

	for (size_t i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *s = &elf->segments[i];
		uint64_t at = vaddr - s->vaddr;

		if (vaddr < s->vaddr || s->mem_size < sizeof(*ret_word) ||
		    at > s->mem_size - sizeof(*ret_word))
			continue;
		if (s->file_size >= sizeof(*ret_word) && at <= s->file_size - sizeof(*ret_word))
			return r->read_at(r, s->offset + at, ret_word, sizeof(*ret_word));
		*ret_word = 0;
		return 0;
	}
	return -ENODATA;
}

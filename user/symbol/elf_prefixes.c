// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Functions whose names begin in a certain way: a mangled name up to its arguments, with clones. */
#include "symbol/elf_prefixes.h"

#include "base/scope.h"
#include "base/vec.h"
#include "symbol/elf_symbol_walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Strings are read so many bytes at a time. */
#define CHUNK_BYTES 16384
/* A string table with more places where a wanted name begins is made to have them. */
#define MAX_PLACES (1 << 16)

struct place { /* in a string table, where a prefix stands */
	uint32_t offset;
	uint32_t prefix;
};

struct search {
	const struct elf *elf;
	const char *const *prefixes;
	size_t count;
	elf_function_fn found;
	void *ctx;
	struct {
		struct place *at; /* ascending by offset */
		size_t len, cap;
	} places;
};

static void search_done(struct search *q)
{
	free(q->places.at);
}

static int add_places(struct search *q, const char *text, size_t len, uint64_t base)
{
	for (size_t i = 0; i < q->count; i++) {
		size_t wanted = strlen(q->prefixes[i]);
		const char *at = text;

		while ((at = memmem(at, len - (size_t)(at - text), q->prefixes[i], wanted))) {
			struct place *added = vec_push(&q->places);

			if (!added)
				return -ENOMEM;
			*added = (struct place){ (uint32_t)(base + (uint64_t)(at - text)),
						 (uint32_t)i };
			if (q->places.len > MAX_PLACES)
				return -EBADMSG;
			at++;
		}
	}
	return 0;
}

static int compare_places(const void *left, const void *right)
{
	const struct place *a = left, *b = right;

	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	return (a->prefix > b->prefix) - (a->prefix < b->prefix);
}

/* One that stands where two reads overlap is found in both. */
static void drop_doubles(struct search *q)
{
	size_t kept = 0;

	for (size_t i = 0; i < q->places.len; i++)
		if (!kept || compare_places(&q->places.at[kept - 1], &q->places.at[i]) != 0)
			q->places.at[kept++] = q->places.at[i];
	q->places.len = kept;
}

static int find_places(struct search *q, const struct elf_table *table)
{
	const struct reader *r = &q->elf->reader;
	uint64_t size = table->strings_size < UINT32_MAX ? table->strings_size : UINT32_MAX;
	char text[ELF_PREFIX_MAX + CHUNK_BYTES];
	size_t kept = 0; /* of the bytes before */
	int err = 0;

	q->places.len = 0;
	for (uint64_t at = 0; at < size && !err;) {
		size_t len = size - at < CHUNK_BYTES ? (size_t)(size - at) : CHUNK_BYTES;

		err = r->read_at(r, table->strings_offset + at, text + kept, len);
		if (!err)
			err = add_places(q, text, kept + len, at - kept);
		at += len;
		len += kept;
		kept = len < ELF_PREFIX_MAX ? len : ELF_PREFIX_MAX;
		memmove(text, text + len - kept, kept);
	}
	if (!err && q->places.len) {
		qsort(q->places.at, q->places.len, sizeof(*q->places.at), compare_places);
		drop_doubles(q);
	}
	return err;
}

/* The first place at @offset or behind it. */
static size_t first_place(const struct search *q, uint32_t offset)
{
	size_t low = 0, high = q->places.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (q->places.at[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int tell(struct search *q, const struct elf_table *table, const Elf64_Sym *s, size_t place)
{
	struct elf_symbol symbol = { .vaddr = s->st_value, .size = s->st_size, .found = true };
	char name[ELF_NAME_MAX];
	int err = elf_read_name(q->elf, table, s->st_name, name, sizeof(name));

	for (; !err && place < q->places.len && q->places.at[place].offset == s->st_name; place++)
		err = q->found(q->ctx, q->places.at[place].prefix, name, &symbol);
	return err;
}

static int search_table(struct search *q, const struct elf_table *table)
{
	struct elf_walk walk = { .elf = q->elf, .table = table };
	const Elf64_Sym *s;
	int err = find_places(q, table);

	if (err || !q->places.len)
		return err;
	while (!(err = elf_walk_next(&walk, &s)) && s) {
		size_t place = first_place(q, s->st_name);

		if (place == q->places.len || q->places.at[place].offset != s->st_name ||
		    !elf_is_function(q->elf, s))
			continue;
		err = tell(q, table, s, place);
		if (err)
			return err;
	}
	return err;
}

int elf_find_prefixed(const struct elf *elf, const char *const *prefixes, size_t count,
		      elf_function_fn found, void *ctx)
{
	_release_(search_done) struct search q = {
		.elf = elf, .prefixes = prefixes, .count = count, .found = found, .ctx = ctx
	};
	int err;

	for (size_t i = 0; i < count; i++)
		if (!prefixes[i][0] || strlen(prefixes[i]) > ELF_PREFIX_MAX)
			return -EINVAL;
	err = search_table(&q, &elf->dynsym);
	return err ? err : search_table(&q, &elf->symtab);
}

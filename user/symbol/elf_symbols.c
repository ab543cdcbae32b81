// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Symbols of an ELF file: by name and by address, each in one streaming pass over the tables. */
#include "base/scope.h"
#include "base/vec.h"
#include "symbol/elf.h"
#include "symbol/elf_walk.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

/* A symbol without size is taken to cover at most this many bytes. */
#define UNSIZED_MAX 65536
/*
 * Functions hardly overlap, so that an address has a handful of candidates; a table made to have
 * millions would spin us. Counted are comparisons, and names read as so many of them.
 */
#define MAX_WORK  (1 << 26)
#define NAME_WORK 64
/* Strings are read so many bytes at a time. */
#define CHUNK_BYTES 16384
/* A string table in which the wanted names end more strings than this is made to have them. */
#define MAX_OCCURRENCES (1 << 20)

static bool is_code(const struct elf *elf, uint64_t vaddr, uint64_t size)
{
	for (size_t i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *s = &elf->segments[i];

		if (s->executable && vaddr >= s->vaddr && vaddr - s->vaddr < s->mem_size &&
		    size <= s->mem_size - (vaddr - s->vaddr))
			return true;
	}
	return false;
}

/* 0 is best. */
static unsigned int rank_of(const Elf64_Sym *s)
{
	switch (ELF64_ST_BIND(s->st_info)) {
	case STB_GLOBAL:
	case STB_GNU_UNIQUE:
		return 0;
	case STB_WEAK:
		return 1;
	default:
		return 2;
	}
}

/* --- by name -------------------------------------------------------------------------------- */

/* A place in a string table where a wanted name ends a string, and so may be a symbol's name. */
struct occurrence {
	uint32_t offset;
	uint32_t name; /* index */
};

struct occurrences {
	struct occurrence *at; /* ascending by offset */
	size_t len, cap;
};

struct search {
	const struct elf *elf;
	const char *const *names;
	size_t count;
	struct elf_symbol *found;
	unsigned int *ranks; /* per name, of what was found */
};

static void occurrences_done(struct occurrences *o)
{
	free(o->at);
}

static int compare_occurrences(const void *a, const void *b)
{
	const struct occurrence *x = a, *y = b;

	return (x->offset > y->offset) - (x->offset < y->offset);
}

/* Adds the names that end at @end; @text holds the table's bytes from @base on. */
static int add_occurrences(const struct search *q, const char *text, size_t end, uint64_t base,
			   struct occurrences *o)
{
	for (size_t i = 0; i < q->count; i++) {
		size_t len = strlen(q->names[i]);
		struct occurrence *added;

		if (!len || len > end || memcmp(text + end - len, q->names[i], len) != 0)
			continue;
		if (o->len == MAX_OCCURRENCES)
			return -EBADMSG;
		added = vec_push(o);
		if (!added)
			return -ENOMEM;
		*added = (struct occurrence){ (uint32_t)(base + end - len), (uint32_t)i };
	}
	return 0;
}

/*
 * Reads the strings in a row, not name by name as the symbols have them: those lie all over the
 * table, and a reader with a window would fill it for each.
 */
static int find_occurrences(const struct search *q, const struct elf_table *table,
			    struct occurrences *o)
{
	const struct reader *r = &q->elf->reader;
	uint64_t size = table->strings_size < UINT32_MAX ? table->strings_size : UINT32_MAX;
	char text[ELF_NAME_MAX + CHUNK_BYTES];
	size_t kept = 0; /* of the bytes before */

	for (uint64_t at = 0; at < size;) {
		size_t len = size - at < CHUNK_BYTES ? (size_t)(size - at) : CHUNK_BYTES;
		int err = r->read_at(r, table->strings_offset + at, text + kept, len);

		for (size_t i = kept; !err && i < kept + len; i++) {
			if (!text[i] || text[i] == '@')
				err = add_occurrences(q, text, i, at - kept, o);
		}
		if (err)
			return err;
		at += len;
		len += kept;
		kept = len < ELF_NAME_MAX ? len : ELF_NAME_MAX;
		memmove(text, text + len - kept, kept);
	}
	if (o->len)
		qsort(o->at, o->len, sizeof(*o->at), compare_occurrences);
	return 0;
}

static bool is_function(const struct elf *elf, const Elf64_Sym *s)
{
	uint64_t offset;
	bool executable;

	return ELF64_ST_TYPE(s->st_info) == STT_FUNC && elf_symbol_is_defined(s) && s->st_size &&
	       is_code(elf, s->st_value, s->st_size) &&
	       elf_offset_of(elf, s->st_value, &offset, &executable) && executable;
}

static void take_symbol(struct search *q, const Elf64_Sym *s, size_t i)
{
	struct elf_symbol *f = &q->found[i];

	if (f->found && rank_of(s) >= q->ranks[i])
		return;
	*f = (struct elf_symbol){ .vaddr = s->st_value, .size = s->st_size, .found = true };
	q->ranks[i] = rank_of(s);
}

/* The first of the occurrences at @offset, or the end. */
static const struct occurrence *occurrences_at(const struct occurrences *o, uint32_t offset)
{
	size_t low = 0, high = o->len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (o->at[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return o->at + low;
}

static int search_table(struct search *q, const struct elf_table *table)
{
	_release_(occurrences_done) struct occurrences found = { 0 };
	struct elf_walk walk = { .elf = q->elf, .table = table };
	const Elf64_Sym *s;
	int err = find_occurrences(q, table, &found);

	if (err || !found.len)
		return err;
	while (!(err = elf_walk_next(&walk, &s)) && s) {
		const struct occurrence *o = occurrences_at(&found, s->st_name);

		for (; o < found.at + found.len && o->offset == s->st_name; o++) {
			if (is_function(q->elf, s))
				take_symbol(q, s, o->name);
		}
	}
	return err;
}

int elf_find_functions(const struct elf *elf, const char *const *names, size_t count,
		       bool dynamic_only, struct elf_symbol *ret_symbols)
{
	_release_(freep) struct elf_symbol *found = calloc(count + 1, sizeof(*found));
	_release_(freep) unsigned int *ranks = calloc(count + 1, sizeof(*ranks));
	struct search q = { .elf = elf, .names = names, .count = count };
	int err;

	if (!found || !ranks)
		return -ENOMEM;
	q.found = found;
	q.ranks = ranks;
	err = search_table(&q, &elf->dynsym);
	for (size_t i = 0; i < count; i++)
		ranks[i] = 0; /* what dynsym has stands */
	if (!err && !dynamic_only)
		err = search_table(&q, &elf->symtab);
	if (!err && count)
		memcpy(ret_symbols, found, count * sizeof(*found));
	return err;
}

/* --- by address ----------------------------------------------------------------------------- */

struct candidate {
	const struct elf_table *table; /* NULL: none yet */
	uint64_t vaddr, size;
	uint32_t name_offset;
	unsigned int rank;
	uint32_t name_len; /* 0: not read yet */
};

struct slot {
	struct candidate sized; /* covers the address */
	/*
	 * Of the symbols that start after the address before this one and not after this one's: the
	 * highest start, and the best one without size at the highest start of such.
	 */
	uint64_t nearest;
	bool has_nearest;
	struct candidate unsized;
};

struct naming {
	const struct elf *elf;
	const uint64_t *addrs;
	size_t count;
	struct slot *slots;
	uint64_t work;
};

static int measure_name(struct naming *n, struct candidate *c)
{
	char name[ELF_NAME_MAX];
	int err;

	if (c->name_len)
		return 0;
	n->work += NAME_WORK;
	err = elf_symbol_name(n->elf, c->table, c->name_offset, name, sizeof(name));
	if (!err)
		c->name_len = (uint32_t)strlen(name) + 1;
	return err;
}

/* Puts @c in the place of @best if it is better; both are of one size or have none. */
static int prefer(struct naming *n, struct candidate *best, struct candidate *c)
{
	int err;

	if (++n->work > MAX_WORK)
		return -EBADMSG;
	if (best->table && c->rank > best->rank)
		return 0;
	if (best->table && c->rank == best->rank) {
		err = measure_name(n, best);
		if (!err)
			err = measure_name(n, c);
		if (err || c->name_len >= best->name_len)
			return err;
	}
	*best = *c;
	return 0;
}

/* Index of the first address not below @vaddr. */
static size_t first_at(const struct naming *n, uint64_t vaddr)
{
	size_t low = 0, high = n->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (n->addrs[middle] < vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int offer_unsized(struct naming *n, struct slot *slot, struct candidate *c)
{
	if (slot->unsized.table && slot->unsized.vaddr > c->vaddr)
		return 0;
	if (slot->unsized.table && slot->unsized.vaddr < c->vaddr)
		slot->unsized.table = NULL;
	return prefer(n, &slot->unsized, c);
}

static int offer(struct naming *n, struct candidate *c)
{
	size_t i = first_at(n, c->vaddr);
	int err = 0;

	if (i == n->count)
		return 0;
	if (!n->slots[i].has_nearest || n->slots[i].nearest < c->vaddr) {
		n->slots[i].nearest = c->vaddr;
		n->slots[i].has_nearest = true;
	}
	if (!c->size)
		return offer_unsized(n, &n->slots[i], c);
	for (; !err && i < n->count && n->addrs[i] - c->vaddr < c->size; i++) {
		struct candidate *best = &n->slots[i].sized;

		if (best->table && best->size > c->size)
			best->table = NULL;
		if (best->table && best->size < c->size)
			n->work++;
		else
			err = prefer(n, best, c);
		if (n->work > MAX_WORK)
			return -EBADMSG;
	}
	return err;
}

static int offer_table(struct naming *n, const struct elf_table *table)
{
	struct elf_walk walk = { .elf = n->elf, .table = table };
	const Elf64_Sym *s;
	int err;

	while (!(err = elf_walk_next(&walk, &s)) && s) {
		struct candidate c = {
			.table = table,
			.vaddr = s->st_value,
			.size = s->st_size,
			.name_offset = s->st_name,
			.rank = rank_of(s),
		};
		unsigned int type = ELF64_ST_TYPE(s->st_info);

		/* Assembly is often left without type; labels of data lie in other segments. */
		if (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE)
			continue;
		if (!elf_symbol_is_defined(s) || !is_code(n->elf, s->st_value, s->st_size))
			continue;
		err = offer(n, &c);
		if (err)
			return err;
	}
	return err;
}

/* Lets the addresses that no symbol starts between have what the one before them has. */
static void spread_nearest(struct naming *n)
{
	for (size_t i = 1; i < n->count; i++) {
		struct slot *slot = &n->slots[i];

		if (slot->has_nearest)
			continue;
		slot->has_nearest = n->slots[i - 1].has_nearest;
		slot->nearest = n->slots[i - 1].nearest;
		slot->unsized = n->slots[i - 1].unsized;
	}
}

static const struct candidate *best_of(const struct slot *slot, uint64_t addr)
{
	const struct candidate *c = &slot->unsized;

	if (slot->sized.table)
		return &slot->sized;
	if (c->table && c->vaddr == slot->nearest && addr - c->vaddr < UNSIZED_MAX)
		return c;
	return NULL;
}

int elf_name_addresses(const struct elf *elf, const uint64_t *addrs, size_t count,
		       elf_found_fn found, void *ctx)
{
	_release_(freep) struct slot *slots = calloc(count + 1, sizeof(*slots));
	struct naming n = { .elf = elf, .addrs = addrs, .count = count, .slots = slots };
	char name[ELF_NAME_MAX];
	int err;

	if (!slots)
		return -ENOMEM;
	err = offer_table(&n, &elf->symtab);
	if (!err)
		err = offer_table(&n, &elf->dynsym);
	if (err)
		return err;
	spread_nearest(&n);
	for (size_t i = 0; i < count; i++) {
		const struct candidate *c = best_of(&slots[i], addrs[i]);

		if (!c)
			continue;
		err = elf_symbol_name(elf, c->table, c->name_offset, name, sizeof(name));
		if (err)
			return err;
		found(ctx, i, name, c->vaddr);
	}
	return 0;
}

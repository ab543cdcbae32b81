// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Call frame information to an unwind table: the records are passed over for their CIEs, again for
 * where their FDEs are, and then, in the order of the code, for their rows.
 */
#include "symbol/unwind_table.h"

#include "base/scope.h"
#include "base/vec.h"
#include "symbol/cfi.h"
#include "symbol/elf_frames.h"
#include "symbol/unwind_rows.h"
#include "symbol/unwind_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(UNWIND_TABLE_MAX_SECTION_BYTES <= UINT32_MAX, "offsets are 32 bits of a key");

/* Between functions there is padding up to the next multiple of 16. */
#define PADDING_MAX_BYTES 15

/* Digits of the radix sort; three make 32 bits. */
#define DIGIT_BITS  11
#define DIGIT_COUNT 3

struct placed_cie {
	size_t at; /* in the section */
	struct cfi_cie cie;
};

/* One compilation of one section. */
struct compiling {
	const struct elf *elf;
	const struct eh_frame *frame;
	uint64_t base; /* file address of the first page */
	struct {
		struct placed_cie *at;
		size_t len, cap;
	} cies; /* ascending, as they are found */
	size_t last_cie;
	struct {
		uint64_t *at;
		size_t len, cap;
	} fdes;	      /* start - base in the upper half, place in the section in the lower */
	uint64_t end; /* of the code that has its rows */
	struct unwind_rules rules;
	struct unwind_rows rows;
	struct unwind_table table; /* its figures */
};

static void compiling_done(struct compiling *c)
{
	free(c->cies.at);
	free(c->fdes.at);
	unwind_rules_done(&c->rules);
	unwind_rows_done(&c->rows);
}

static int add_cie(struct compiling *c, const struct eh_record *record)
{
	struct placed_cie *placed;
	struct eh_cie cie;

	if (c->cies.len == UNWIND_TABLE_MAX_CIES || !eh_cie_read(record, &cie))
		return 0;
	placed = vec_push(&c->cies);
	if (!placed)
		return -ENOMEM;
	placed->at = record->at;
	cfi_cie_init(&placed->cie, &cie);
	return 0;
}

static int compare_cies(const void *key, const void *element)
{
	size_t at = *(const size_t *)key;
	const struct placed_cie *cie = element;

	return at < cie->at ? -1 : at > cie->at;
}

static const struct cfi_cie *find_cie(struct compiling *c, size_t at)
{
	const struct placed_cie *found;

	if (!c->cies.len)
		return NULL;
	if (c->cies.at[c->last_cie].at == at)
		return &c->cies.at[c->last_cie].cie;
	found = bsearch(&at, c->cies.at, c->cies.len, sizeof(*found), compare_cies);
	if (!found)
		return NULL;
	c->last_cie = (size_t)(found - c->cies.at);
	return &found->cie;
}

/* Wholly in one executable segment. Where the linker dropped a function its FDE starts at 0. */
static bool is_code(const struct elf *elf, const struct eh_fde *fde)
{
	for (size_t i = 0; i < elf->segment_count && fde->start && fde->size; i++) {
		const struct elf_segment *s = &elf->segments[i];

		if (s->executable && fde->start >= s->vaddr &&
		    fde->start - s->vaddr < s->mem_size &&
		    fde->size <= s->mem_size - (fde->start - s->vaddr))
			return true;
	}
	return false;
}

static int add_fde(struct compiling *c, const struct eh_record *record)
{
	const struct cfi_cie *cie = find_cie(c, record->cie_at);
	struct eh_fde fde;
	uint64_t *key;

	if (!cie || !eh_fde_read(record, &cie->cie, &fde) || !is_code(c->elf, &fde)) {
		c->table.skipped_count++;
		return 0;
	}
	key = vec_push(&c->fdes);
	if (!key)
		return -ENOMEM;
	*key = (fde.start - c->base) << 32 | record->at;
	return 0;
}

static int scan(struct compiling *c, enum eh_kind kind,
		int (*add)(struct compiling *, const struct eh_record *))
{
	struct eh_record record;
	size_t at = 0;
	int err = 0;

	eh_frame_next(c->frame, &at, &record);
	while (!err && record.kind != EH_END) {
		if (record.kind == kind)
			err = add(c, &record);
		eh_frame_next(c->frame, &at, &record);
	}
	/* What follows a record whose length lies cannot be told apart any more. */
	if (kind == EH_FDE)
		c->table.skipped_count += record.is_lie;
	return err;
}

static bool is_sorted(const uint64_t *keys, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		if (keys[i - 1] >> 32 > keys[i] >> 32)
			return false;
	}
	return true;
}

static void sort_by_digit(const uint64_t *from, uint64_t *to, size_t count, unsigned int shift)
{
	const uint64_t mask = (1u << DIGIT_BITS) - 1;
	size_t places[(1u << DIGIT_BITS) + 1] = { 0 };

	for (size_t i = 0; i < count; i++)
		places[(from[i] >> shift & mask) + 1]++;
	for (size_t i = 1; i <= mask; i++)
		places[i] += places[i - 1];
	for (size_t i = 0; i < count; i++)
		to[places[from[i] >> shift & mask]++] = from[i];
}

/*
 * By start, those with the same start in the order of the section. Nobody can make a radix sort
 * slow, unlike qsort().
 */
static int sort_fdes(struct compiling *c)
{
	_release_(freep) uint64_t *other = NULL;
	uint64_t *swap;

	if (is_sorted(c->fdes.at, c->fdes.len))
		return 0;
	other = malloc(c->fdes.len * sizeof(*other));
	if (!other)
		return -ENOMEM;
	for (unsigned int i = 0; i < DIGIT_COUNT; i++) {
		sort_by_digit(c->fdes.at, other, c->fdes.len, 32 + i * DIGIT_BITS);
		swap = c->fdes.at;
		c->fdes.at = other;
		other = swap;
	}
	c->fdes.cap = c->fdes.len; /* either may be the one that had no more room */
	return 0;
}

static int add_row(struct compiling *c, uint64_t vaddr, const struct unwind_rule *rule)
{
	uint16_t place;
	int err = unwind_rules_find(&c->rules, rule, &place);

	return err ? err : unwind_rows_add(&c->rows, vaddr, place);
}

/* After the last function, and in holes: there is no rule. */
static int end_code(struct compiling *c)
{
	uint64_t page = (c->end >> UNWIND_PAGE_BITS) - c->rows.lowest_page;

	return page < c->rows.page_count ? unwind_rows_add(&c->rows, c->end, UNWIND_RULE_NONE) : 0;
}

static int compile_fde(struct compiling *c, const struct cfi_cie *cie, const struct eh_fde *fde)
{
	struct cfi_row row;
	struct cfi cfi;
	int err = 0;

	if (c->table.fde_count && fde->start - c->end > PADDING_MAX_BYTES)
		err = end_code(c);
	cfi_init(&cfi, cie, fde);
	while (!err && cfi_next(&cfi, &row))
		err = add_row(c, fde->start + row.offset, &row.rule);
	c->end = fde->start + fde->size;
	c->table.fde_count++;
	c->table.text_bytes += fde->size;
	return err;
}

static int compile_fdes(struct compiling *c)
{
	int err = 0;

	for (size_t i = 0; i < c->fdes.len && !err; i++) {
		size_t at = (uint32_t)c->fdes.at[i];
		const struct cfi_cie *cie;
		struct eh_record record;
		struct eh_fde fde;

		/* As add_fde() did, so it works. */
		eh_frame_next(c->frame, &at, &record);
		cie = find_cie(c, record.cie_at);
		if (!cie || !eh_fde_read(&record, &cie->cie, &fde))
			return -EBADMSG;
		if (c->table.fde_count && fde.start < c->end)
			c->table.skipped_count++;
		else
			err = compile_fde(c, cie, &fde);
	}
	if (!err && !c->table.fde_count)
		return -ENODATA;
	return err ? err : end_code(c);
}

/* The value leaves the compilation, which keeps nothing of it. */
static void take_table(struct compiling *c, struct unwind_table *ret)
{
	struct unwind_table *t = &c->table;

	t->lowest_page = c->rows.lowest_page;
	t->pages = c->rows.pages;
	t->page_count = c->rows.page_count;
	t->rows = c->rows.at;
	t->row_count = c->rows.len;
	t->rules = c->rules.at;
	t->rule_count = c->rules.len;
	for (size_t i = 0; i < t->row_count; i++)
		t->inexpressible_count += t->rows[i].rule == UNWIND_RULE_INEXPRESSIBLE;
	*ret = *t;
	c->rows = (struct unwind_rows){ 0 };
	c->rules.at = NULL;
}

/* The pages of the executable segments, without those that have no byte. */
static int find_pages(const struct elf *elf, uint64_t *ret_lowest, size_t *ret_count)
{
	uint64_t lowest = UINT64_MAX, highest = 0;

	for (size_t i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *s = &elf->segments[i];
		uint64_t first = s->vaddr >> UNWIND_PAGE_BITS;
		uint64_t last = (s->vaddr + (s->mem_size - 1)) >> UNWIND_PAGE_BITS;

		if (!s->executable || !s->mem_size)
			continue;
		lowest = first < lowest ? first : lowest;
		highest = last > highest ? last : highest;
	}
	if (lowest > highest)
		return -EBADMSG;
	if (highest - lowest >= UNWIND_TABLE_MAX_PAGES)
		return -E2BIG;
	*ret_lowest = lowest;
	*ret_count = (size_t)(highest - lowest) + 1;
	return 0;
}

static int compile(const struct elf *elf, const struct eh_frame *frame, struct unwind_table *ret)
{
	_release_(compiling_done) struct compiling c = { .elf = elf, .frame = frame };
	uint64_t lowest = 0;
	size_t count = 0;
	int err = find_pages(elf, &lowest, &count);

	c.base = lowest << UNWIND_PAGE_BITS;
	if (!err)
		err = scan(&c, EH_CIE, add_cie);
	if (!err)
		err = scan(&c, EH_FDE, add_fde);
	if (!err && !c.fdes.len)
		err = -ENODATA;
	if (!err)
		err = sort_fdes(&c);
	if (!err)
		err = unwind_rules_init(&c.rules);
	if (!err)
		err = unwind_rows_init(&c.rows, lowest, count);
	if (!err)
		err = compile_fdes(&c);
	if (!err)
		err = unwind_rows_finish(&c.rows);
	if (!err)
		take_table(&c, ret);
	return err;
}

static int read_with(const struct elf *elf, int (*read)(const struct elf *, struct elf_frames *),
		     struct unwind_table *ret)
{
	_release_(elf_frames_done) struct elf_frames frames = { 0 };
	int err = read(elf, &frames);

	return err ? err : compile(elf, &frames.frame, ret);
}

int unwind_table_read(const struct elf *elf, struct unwind_table *ret)
{
	uint64_t lowest;
	size_t count;
	int err = find_pages(elf, &lowest, &count);

	if (err)
		return err;
	err = read_with(elf, elf_frames_read, ret);
	return err == -ENODATA ? read_with(elf, elf_frames_read_debug, ret) : err;
}

void unwind_table_done(struct unwind_table *t)
{
	if (!t)
		return;
	free(t->pages);
	free(t->rows);
	free(t->rules);
	*t = (struct unwind_table){ 0 };
}

const struct unwind_rule *unwind_table_find(const struct unwind_table *t, uint64_t vaddr)
{
	static const struct unwind_rule none = { .cfa = UNWIND_CFA_NONE };
	uint64_t page = (vaddr >> UNWIND_PAGE_BITS) - t->lowest_page;
	const struct unwind_row *rows;
	size_t low = 0, high;

	if (page >= t->page_count)
		return &none;
	rows = t->rows + t->pages[page].first;
	high = t->pages[page].count;
	/* rows[low] is at or below the address, rows[high] above. */
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (rows[middle].addr <= (uint16_t)vaddr)
			low = middle;
		else
			high = middle;
	}
	return &t->rules[rows[low].rule];
}

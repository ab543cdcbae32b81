// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Unwind tables of any bytes: an ELF file when they start as one, else a head (struct head) and the
 * content of the section that it speaks of. Rows ascend, every page starts with one, figures agree,
 * and the search finds what a walk over all rows finds.
 */
#include "symbol/unwind_table.h"

#include "eh_frame_image.h"
#include "fuzz.h"

#include <stdlib.h>

#define CODE_MASK	  0x3fffff
#define FLAG_DEBUG	  1
#define FLAG_NO_SECTION	  2
#define FLAG_PACKED	  4
#define DEFLATE_MAX_RATIO 1032

struct head {
	uint8_t flags;
	uint32_t code_vaddr, code_size, frame_vaddr;
} __attribute__((packed));

/* The rule by looking at all rows of all pages. */
static const struct unwind_rule *walk_to(const struct unwind_table *t, uint64_t vaddr)
{
	const struct unwind_rule *found = NULL;

	for (size_t i = 0; i < t->page_count; i++) {
		uint64_t start = (t->lowest_page + i) << UNWIND_PAGE_BITS;

		for (size_t k = 0; k < t->pages[i].count && start >> 16 == vaddr >> 16; k++) {
			const struct unwind_row *row = &t->rows[t->pages[i].first + k];

			if (start + row->addr <= vaddr)
				found = &t->rules[row->rule];
		}
	}
	return found;
}

static void check_find(const struct unwind_table *t, uint64_t vaddr)
{
	const struct unwind_rule *walked = walk_to(t, vaddr), *found = unwind_table_find(t, vaddr);

	assert(walked ? found == walked : found->cfa == UNWIND_CFA_NONE);
}

static void check_rule(const struct unwind_rule *rule)
{
	assert(rule->cfa <= UNWIND_CFA_REGISTER && rule->fp <= UNWIND_FP_LOST && !rule->pad);
	assert(rule->cfa != UNWIND_CFA_REGISTER || rule->param < 16);
	assert(rule->cfa >= UNWIND_CFA_SP || (!rule->fp && !rule->cfa_offset && !rule->param));
}

static void check_page(const struct unwind_table *t, size_t page)
{
	const struct unwind_table_page *p = &t->pages[page];
	const struct unwind_row *rows = t->rows + p->first;
	uint64_t start = (t->lowest_page + page) << UNWIND_PAGE_BITS;

	assert(p->count >= 1 && p->first + p->count <= t->row_count);
	assert(rows[0].addr == 0);
	for (size_t i = 0; i < p->count; i++) {
		assert(rows[i].rule < t->rule_count);
		assert(!i || (rows[i].addr > rows[i - 1].addr && rows[i].rule != rows[i - 1].rule));
		if (i < 4 || i + 4 > p->count) {
			check_find(t, start + rows[i].addr);
			check_find(t, start + rows[i].addr - 1);
		}
	}
}

static void check_table(const struct unwind_table *t, size_t section_bytes)
{
	size_t rows = 0, inexpressible = 0;

	for (size_t i = 0; i < t->rule_count; i++)
		check_rule(&t->rules[i]);
	for (size_t i = 0; i < t->page_count; i++) {
		assert(t->pages[i].first == rows);
		check_page(t, i);
		rows += t->pages[i].count;
	}
	for (size_t i = 0; i < t->row_count; i++)
		inexpressible += t->rules[t->rows[i].rule].cfa == UNWIND_CFA_INEXPRESSIBLE;
	assert(rows == t->row_count && inexpressible == t->inexpressible_count);
	assert(t->row_count <= section_bytes + t->page_count);
	assert(t->fde_count && (t->fde_count + t->skipped_count) * 4 <= section_bytes + 4);
	assert(t->text_bytes >= t->fde_count);
	assert(t->rules[0].cfa == UNWIND_CFA_NONE);
}

/* A section of .debug_frame may be larger than its file. */
static void read_table(const uint8_t *data, size_t size)
{
	const struct bytes b = { data, size };
	struct unwind_table t = { 0 };
	uint64_t offset;
	struct elf elf;

	if (elf_open(&elf, reader_of_bytes(&b), &offset))
		return;
	if (unwind_table_read(&elf, &t) == 0)
		check_table(&t, size * DEFLATE_MAX_RATIO);
	else
		assert(!t.rows && !t.pages && !t.rules);
	unwind_table_done(&t);
}

/* A file around the section, which ends where the file ends. */
static void read_section(const struct head *head, const uint8_t *data, size_t size)
{
	const size_t head_size = offsetof(struct frame_image, frame);
	struct frames none = { .is_debug = head->flags & FLAG_DEBUG };
	uint8_t *file = malloc(head_size + size);
	struct frame_image image;
	uint64_t hdr_vaddr = (uint64_t)head->frame_vaddr - HDR_SIZE;

	assert(file);
	frame_image_init(&image, &none);
	image.code.p_vaddr = head->code_vaddr;
	image.code.p_memsz = head->code_size & CODE_MASK;
	image.data.p_vaddr = image.hdr_segment.p_vaddr = hdr_vaddr;
	image.data.p_filesz = image.data.p_memsz = HDR_SIZE + size;
	image.sections[FS_HDR].sh_addr = hdr_vaddr;
	image.sections[FS_FRAME].sh_addr = head->frame_vaddr;
	image.sections[FS_FRAME].sh_size = size;
	if (head->flags & FLAG_PACKED)
		image.sections[FS_FRAME].sh_flags = SHF_COMPRESSED;
	if (head->flags & FLAG_NO_SECTION)
		image.header.e_shoff = 0;
	memcpy(file, &image, head_size);
	memcpy(file + head_size, data, size);
	read_table(file, head_size + size);
	free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct head head;

	if (size >= SELFMAG && memcmp(data, ELFMAG, SELFMAG) == 0) {
		read_table(data, size);
		return 0;
	}
	if (size <= sizeof(head))
		return 0;
	memcpy(&head, data, sizeof(head));
	read_section(&head, data + sizeof(head), size - sizeof(head));
	return 0;
}

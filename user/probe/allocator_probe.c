// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The code in memory, the cheapest instruction of it, and no place twice. */
#include "probe/allocator_probe.h"

#include "base/scope.h"
#include "host/log.h"
#include "symbol/probe_site.h"

#include <string.h>

#define CODE_MAX     65536 /* bytes of a function that are looked at */
#define COMPARED_MAX 32	   /* bytes compared between file and memory */

/* A program may have its code in several pieces. NULL: none of them has file offset @offset. */
static const struct mapping *code_mapping(const struct allocator_file *file, uint64_t offset)
{
	for (size_t i = 0; i < file->maps->len; i++) {
		const struct mapping *m = &file->maps->at[i];

		if (m->executable && m->inode == file->map->inode && offset >= m->offset &&
		    offset - m->offset < m->end - m->start && strcmp(m->path, file->map->path) == 0)
			return m;
	}
	return NULL;
}

/* Where the process has the code at file offset @offset; 0: it does not have it. */
static uint64_t address_of(const struct allocator_file *file, uint64_t offset)
{
	const struct mapping *m = code_mapping(file, offset);

	return m ? m->start + (offset - m->offset) : 0;
}

/*
 * Is the code in memory what the file says? A breakpoint byte of another tracer or debugger is not
 * a difference.
 */
static bool is_code_unchanged(const struct allocator_file *file, uint64_t offset, struct bytes code)
{
	uint8_t memory[COMPARED_MAX];
	size_t len = code.len < sizeof(memory) ? code.len : sizeof(memory);
	uint64_t addr = address_of(file, offset);

	if (!addr || target_read_memory(file->target, addr, memory, len))
		return false;
	for (size_t i = 0; i < len; i++)
		if (memory[i] != code.at[i] && memory[i] != 0xcc)
			return false;
	return true;
}

static bool has_place(const struct uprobe_place *places, size_t count, uint64_t offset)
{
	for (size_t i = 0; i < count; i++)
		if (places[i].offset == offset)
			return true;
	return false;
}

/* Where a function's probe is to be noted. */
struct place_list {
	struct uprobe_place *at;
	size_t *count, max;
};

static struct place_list list_for(struct allocator *a, const struct allocator_function *f)
{
	if (f->is_free)
		return (struct place_list){ a->frees, &a->free_count, ALLOCATOR_MAX_PROBES };
	if (f->group == GROUP_CXX_NEW)
		return (struct place_list){ a->news, &a->new_count, ALLOCATOR_MAX_NEWS };
	return (struct place_list){ a->allocs, &a->alloc_count, ALLOCATOR_MAX_PROBES };
}

void allocator_add_probe(struct allocator *a, const struct allocator_file *file,
			 const struct allocator_function *f, const struct elf_symbol *symbol)
{
	struct place_list list = list_for(a, f);
	const struct reader *reader = &file->elf->reader;
	_release_(freep) uint8_t *text = NULL;
	struct bytes code;
	struct probe_site site;
	uint64_t offset;
	bool is_code;

	code.len = symbol->size < CODE_MAX ? symbol->size : CODE_MAX;
	text = malloc(code.len);
	code.at = text;
	if (!text || !elf_offset_of(file->elf, symbol->vaddr, &offset, &is_code) || !is_code ||
	    reader->read_at(reader, offset, text, code.len))
		return;
	if (!is_code_unchanged(file, offset, code)) {
		log_warn("%s: %s differs in memory from its file: not probed", a->path, f->name);
		return;
	}
	if (probe_site_choose(code, f->arguments, !f->is_free, &site))
		return;
	offset += site.offset;
	if (*list.count == list.max || has_place(list.at, *list.count, offset))
		return; /* an alias: the same function under another name */
	log_info("%s: %s+%u%s", a->path, f->name, site.offset,
		 site.is_emulated ? "" : " (single-stepped: about ten times dearer)");
	list.at[(*list.count)++] = (struct uprobe_place){
		.offset = offset,
		.cookie = f->group == GROUP_CXX_NEW ? address_of(file, offset) : f->cookie,
	};
}

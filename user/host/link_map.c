// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Walks the loader's list of objects in another process. */
#include "host/link_map.h"

#include <elf.h>
#include <link.h>

#define DYNAMIC_MAX 512 /* entries looked at for DT_DEBUG */

struct object_list {
	const struct procmaps *maps;
	const struct mapping **at;
	size_t len;
};

static bool is_same_file(const struct mapping *a, const struct mapping *b)
{
	return a->inode == b->inode && a->dev_major == b->dev_major && a->dev_minor == b->dev_minor;
}

/* Adds the executable mapping of the file that @m maps, once per file. */
static void list_add(struct object_list *list, const struct mapping *m)
{
	const struct mapping *code = NULL;

	if (!m || !m->inode || list->len == LINK_MAP_MAX)
		return;
	for (size_t i = 0; i < list->len; i++)
		if (is_same_file(list->at[i], m))
			return;
	for (size_t i = 0; i < list->maps->len && !code; i++)
		if (list->maps->at[i].executable && is_same_file(&list->maps->at[i], m))
			code = &list->maps->at[i];
	if (code)
		list->at[list->len++] = code;
}

/* Address of the loader's struct r_debug, 0 when there is none (static, or not started yet). */
static uint64_t r_debug_address(const struct target *t, uint64_t dynamic_addr)
{
	ElfW(Dyn) entry;

	for (size_t i = 0; i < DYNAMIC_MAX; i++) {
		if (target_read_memory(t, dynamic_addr + i * sizeof(entry), &entry, sizeof(entry)))
			return 0;
		if (entry.d_tag == DT_DEBUG)
			return entry.d_un.d_ptr;
		if (entry.d_tag == DT_NULL)
			return 0;
	}
	return 0;
}

static void walk(const struct target *t, uint64_t r_debug, struct object_list *list)
{
	struct r_debug head;
	struct link_map link;
	uint64_t at;

	if (!r_debug || target_read_memory(t, r_debug, &head, sizeof(head)))
		return;
	at = (uintptr_t)head.r_map;
	for (size_t i = 0; at && i < LINK_MAP_MAX; i++) {
		if (target_read_memory(t, at, &link, sizeof(link)))
			return;
		list_add(list, procmaps_find(list->maps, (uintptr_t)link.l_ld));
		at = (uintptr_t)link.l_next;
	}
}

size_t link_map_objects(const struct target *t, const struct procmaps *maps, const struct elf *exe,
			const struct mapping *exe_map,
			const struct mapping *ret_objects[LINK_MAP_MAX])
{
	struct object_list list = { .maps = maps, .at = ret_objects };
	uint64_t map_vaddr;

	list_add(&list, exe_map);
	if (exe->dynamic_vaddr && elf_vaddr_of(exe, exe_map->offset, &map_vaddr))
		walk(t, r_debug_address(t, exe->dynamic_vaddr + exe_map->start - map_vaddr), &list);
	for (size_t i = 0; i < maps->len; i++)
		if (maps->at[i].executable)
			list_add(&list, &maps->at[i]);
	return list.len;
}

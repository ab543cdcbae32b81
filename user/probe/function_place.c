// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The process's maps say which file; its symbol tables say where. */
#include "probe/function_place.h"

#include "base/scope.h"
#include "host/file_reader.h"
#include "symbol/elf.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static bool is_run_time(const struct mapping *m)
{
	const char *name = m->path ? strrchr(m->path, '/') : NULL;

	return name && (strncmp(name, "/libnode", 8) == 0 || strncmp(name, "/libuv", 6) == 0);
}

static int search_elf(const struct elf *elf, const char *const *names, size_t count,
		      struct uprobe_place *places)
{
	_release_(freep) struct elf_symbol *symbols = calloc(count, sizeof(*symbols));
	bool is_found = false;
	int err = symbols ? elf_find_functions(elf, names, count, false, symbols) : -ENOMEM;

	for (size_t i = 0; i < count && !err; i++) {
		bool is_code = false;
		uint64_t offset = 0;

		if (symbols[i].found &&
		    !(elf_offset_of(elf, symbols[i].vaddr, &offset, &is_code) && is_code))
			offset = 0;
		places[i] = (struct uprobe_place){ .offset = offset };
		is_found |= offset != 0;
	}
	return err ? err : is_found ? 0 : -ENODATA;
}

/* What it runs now: it may have executed something since it was opened. */
static bool is_program(const struct mapping *m, const struct stat *exe)
{
	return m->inode && m->inode == exe->st_ino;
}

/* Tells @look of the file of @m. Its descriptor is the caller's when it is found there. */
static int look_into(const struct target *t, const struct mapping *m, function_file_fn look,
		     void *ctx, int *ret_fd)
{
	_release_(file_reader_done) struct file_reader file = { 0 };
	int fd = target_open_mapping(t, m);
	struct reader reader;
	struct elf elf;
	uint64_t offset;
	int err;

	if (fd < 0)
		return fd;
	err = file_reader_init(&file, fd, &reader);
	if (!err)
		err = elf_open(&elf, reader, &offset);
	if (!err)
		err = look(ctx, &elf, m);
	if (err)
		closep(&fd);
	else
		*ret_fd = fd;
	return err;
}

int function_file_find(const struct target *t, function_file_fn look, void *ctx, int *ret_fd)
{
	_release_(procmaps_done) struct procmaps maps = { 0 };
	uint64_t inode = 0; /* looked through last: a file has several mappings */
	struct stat exe;
	int err = target_maps(t, &maps);

	if (!err)
		err = target_executable(t, &exe);
	for (size_t i = 0; i < maps.len && !err; i++) {
		const struct mapping *m = &maps.at[i];

		if (m->inode == inode || !(is_program(m, &exe) || is_run_time(m)))
			continue;
		inode = m->inode;
		if (look_into(t, m, look, ctx, ret_fd) == 0)
			return 0;
	}
	return err ? err : -ENODATA;
}

struct search {
	const char *const *names;
	size_t count;
	struct uprobe_place *at;
};

static int look(void *ctx, const struct elf *elf, const struct mapping *m)
{
	const struct search *s = ctx;

	(void)m;
	return search_elf(elf, s->names, s->count, s->at);
}

int function_places_find(const struct target *t, const char *const *names, size_t count,
			 struct function_places *places)
{
	struct search search = { .names = names, .count = count, .at = places->at };

	places->fd = -1;
	return function_file_find(t, look, &search, &places->fd);
}

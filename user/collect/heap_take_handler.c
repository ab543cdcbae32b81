// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Has the program a handler of its own for SIGUSR1? The kernel does not say whose handler it is.
 * But process.on() makes one of libuv, which keeps them in a tree (src/unix/signal.c,
 * uv__signal_tree): read from the process where the symbol is there, as it is in node's own builds.
 */
#include "collect/heap_take_state.h"

#include "base/scope.h"
#include "host/file_reader.h"
#include "symbol/elf_walk.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#define TREE	  "uv__signal_tree"
#define TREE_SIZE 8 /* a pointer to the root */
#define NODES_MAX 1024
#define NAMES_MAX 50000 /* looked at; node 25 has 3,183 such symbols in all */
#define SIGNALS	  64

/* uv_signal_t of libuv 1.x where pointers have 64 bits: the members behind those of each handle. */
#define HANDLE_SIGNUM 104
#define HANDLE_LEFT   112
#define HANDLE_RIGHT  120
#define HANDLE_END    128

static int find_tree(const struct elf *elf, uint64_t *ret_vaddr)
{
	struct elf_walk walk = { .elf = elf, .table = &elf->symtab };
	const Elf64_Sym *s;
	char name[sizeof(TREE) + 1];
	size_t seen = 0;
	int err;

	while (!(err = elf_walk_next(&walk, &s)) && s) {
		if (ELF64_ST_TYPE(s->st_info) != STT_OBJECT || s->st_size != TREE_SIZE)
			continue;
		if (++seen > NAMES_MAX)
			return -E2BIG;
		if (elf_symbol_name(elf, &elf->symtab, s->st_name, name, sizeof(name)) ||
		    strcmp(name, TREE) != 0)
			continue;
		*ret_vaddr = s->st_value;
		return 0;
	}
	return err ? err : -ENODATA;
}

/* What is to be added to an address of the file. */
static bool find_bias(const struct elf *elf, const struct mapping *m, uint64_t *ret_bias)
{
	for (size_t i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *s = &elf->segments[i];

		if (!s->executable || m->offset > s->offset ||
		    s->offset - m->offset >= m->end - m->start)
			continue;
		*ret_bias = m->start + (s->offset - m->offset) - s->vaddr;
		return true;
	}
	return false;
}

static uint64_t word_at(const uint8_t *bytes, size_t offset)
{
	uint64_t word;

	memcpy(&word, bytes + offset, sizeof(word));
	return word;
}

/* 1 or 0; -errno, also when it is no such tree. */
static int search_tree(const struct target *t, uint64_t root)
{
	uint64_t due[NODES_MAX] = { root };
	size_t len = root ? 1 : 0, seen = 0;

	while (len) {
		uint8_t handle[HANDLE_END];
		uint64_t at = due[--len], signum;
		int err = at % sizeof(at) ? -EBADMSG
					  : target_read_memory(t, at, handle, sizeof(handle));

		if (err)
			return err;
		signum = word_at(handle, HANDLE_SIGNUM) & UINT32_MAX;
		if (signum == 0 || signum > SIGNALS || ++seen > NODES_MAX / 2)
			return -EBADMSG;
		if (signum == SIGUSR1)
			return 1;
		if (word_at(handle, HANDLE_LEFT))
			due[len++] = word_at(handle, HANDLE_LEFT);
		if (word_at(handle, HANDLE_RIGHT))
			due[len++] = word_at(handle, HANDLE_RIGHT);
	}
	return 0;
}

int heap_take_has_handler(const struct target *t, const struct mapping *program)
{
	_release_(closep) int fd = target_open_mapping(t, program);
	_release_(file_reader_done) struct file_reader file = { 0 };
	uint64_t offset, vaddr = 0, bias = 0, root = 0;
	struct reader reader;
	struct elf elf = { 0 };
	int err = fd < 0 ? fd : file_reader_init(&file, fd, &reader);

	if (!err)
		err = elf_open(&elf, reader, &offset);
	if (!err)
		err = find_tree(&elf, &vaddr);
	if (!err && !find_bias(&elf, program, &bias))
		err = -ENODATA;
	if (!err)
		err = target_read_memory(t, vaddr + bias, &root, sizeof(root));
	return err ? err : search_tree(t, root);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The window of a reader is large, files are many: a reader lives for one pass only. The ELF value
 * keeps the reader of its last pass, so each pass gives it a new one.
 */
#include "host/symbol_binary.h"

#include "base/scope.h"
#include "host/file_reader.h"

#include <string.h>

#define BUILD_ID_MIN 8 /* bytes */

int symbol_binary_open(struct symbol_binary *b, int fd)
{
	_release_(file_reader_done) struct file_reader file = { .fd = -1 };
	struct reader reader;
	uint64_t fault_offset;
	int err = file_reader_init(&file, fd, &reader);

	if (!err)
		err = elf_open(&b->elf, reader, &fault_offset);
	if (!err)
		b->fd = fd;
	return err;
}

void symbol_binary_done(struct symbol_binary *b)
{
	closep(&b->fd);
	b->fd = -1;
}

int symbol_binary_name(struct symbol_binary *b, const uint64_t *vaddrs, size_t count,
		       elf_found_fn found, void *ctx)
{
	_release_(file_reader_done) struct file_reader file = { .fd = -1 };
	int err = file_reader_init(&file, b->fd, &b->elf.reader);

	return err ? err : elf_name_addresses(&b->elf, vaddrs, count, found, ctx);
}

int symbol_binary_link(struct symbol_binary *b, struct debug_link *ret_link)
{
	_release_(file_reader_done) struct file_reader file = { .fd = -1 };
	int err = file_reader_init(&file, b->fd, &b->elf.reader);

	return err ? err : debug_link_read(&b->elf, ret_link);
}

bool symbol_binary_is_same_build(const struct symbol_binary *a, const struct symbol_binary *b)
{
	return a->elf.build_id_len >= BUILD_ID_MIN && a->elf.build_id_len == b->elf.build_id_len &&
	       memcmp(a->elf.build_id, b->elf.build_id, a->elf.build_id_len) == 0;
}

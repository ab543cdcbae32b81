// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Names and lines of one file, from the file itself and from its separate debug file. */
#include "host/symbol_file.h"

#include "base/scope.h"
#include "base/text.h"
#include "host/file_reader.h"
#include "host/source_lines.h"
#include "symbol/demangle.h"

#include <errno.h>
#include <string.h>

/* "/usr/lib/debug/.build-id/xx/" + the other bytes in hex + ".debug" */
#define DEBUG_FOLDER	"/usr/lib/debug/.build-id/"
#define DEBUG_SUFFIX	".debug"
#define DEBUG_PATH_SIZE (sizeof(DEBUG_FOLDER) + 2ul * ELF_BUILD_ID_MAX + 1 + sizeof(DEBUG_SUFFIX))

/*
 * The window of a reader is large, files are many: a reader lives for one pass only. The ELF value
 * keeps the reader of its last pass, so each pass gives it a new one.
 */
static int binary_open(struct symbol_binary *b, int fd)
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

static int binary_name(struct symbol_binary *b, const uint64_t *vaddrs, size_t count,
		       elf_found_fn found, void *ctx)
{
	_release_(file_reader_done) struct file_reader file = { .fd = -1 };
	int err = file_reader_init(&file, b->fd, &b->elf.reader);

	return err ? err : elf_name_addresses(&b->elf, vaddrs, count, found, ctx);
}

static bool debug_path(const struct elf *elf, char path[DEBUG_PATH_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	char *at = stpcpy(path, DEBUG_FOLDER);

	if (elf->build_id_len < 2 || elf->build_id_len > ELF_BUILD_ID_MAX)
		return false;
	for (size_t i = 0; i < elf->build_id_len; i++) {
		*at++ = digits[elf->build_id[i] >> 4];
		*at++ = digits[elf->build_id[i] & 15];
		if (i == 0)
			*at++ = '/';
	}
	(void)stpcpy(at, DEBUG_SUFFIX);
	return true;
}

/* Takes @fd when it is the debug file of @f. */
static bool take_debug(struct symbol_file *f, int fd)
{
	const struct elf *own = &f->own.elf;
	const struct elf *debug = &f->debug.elf;

	if (fd < 0)
		return false;
	if (binary_open(&f->debug, fd) == 0 && debug->build_id_len == own->build_id_len &&
	    memcmp(debug->build_id, own->build_id, own->build_id_len) == 0)
		return true;
	f->debug.fd = -1;
	(void)close(fd);
	return false;
}

static void open_debug(struct symbol_file *f, const struct target *t)
{
	char path[DEBUG_PATH_SIZE];

	if ((f->own.elf.symtab.size > 0 && f->own.elf.has_dwarf) || !debug_path(&f->own.elf, path))
		return;
	if (!take_debug(f, host_open_regular(path, TARGET_MAX_BINARY_BYTES)))
		(void)take_debug(f, target_open_path(t, path, TARGET_MAX_BINARY_BYTES));
}

struct symbol_file *symbol_file_new(int fd, const struct target *t, struct interned *names)
{
	struct symbol_file *f = calloc(1, sizeof(*f));

	if (!f) {
		(void)close(fd);
		return NULL;
	}
	f->own.fd = -1;
	f->debug.fd = -1;
	f->names = names;
	if (binary_open(&f->own, fd) == 0)
		open_debug(f, t);
	else
		(void)close(fd);
	return f;
}

void symbol_file_free(struct symbol_file *f)
{
	struct symbol_place *place;
	struct symbol_place *next;

	if (!f)
		return;
	HASH_ITER (hh, f->places, place, next) {
		HASH_DEL(f->places, place);
		free(place);
	}
	closep(&f->own.fd);
	closep(&f->debug.fd);
	free(f);
}

size_t symbol_file_descriptors(const struct symbol_file *f)
{
	return (size_t)(f->own.fd >= 0) + (size_t)(f->debug.fd >= 0);
}

bool symbol_file_address(const struct symbol_file *f, uint64_t offset, uint64_t *ret_vaddr)
{
	return f->own.fd >= 0 && elf_vaddr_of(&f->own.elf, offset, ret_vaddr);
}

const struct symbol_place *symbol_file_find(const struct symbol_file *f, uint64_t vaddr)
{
	struct symbol_place *place;

	HASH_FIND(hh, f->places, &vaddr, sizeof(vaddr), place);
	return place;
}

/* Places being resolved: addrs[i] is the key of places[i]. */
struct batch {
	uint64_t *addrs;
	struct symbol_place **places;
	size_t count;
	struct interned *names;
	bool is_out_of_memory;
};

static void batch_done(struct batch *b)
{
	free(b->addrs);
	free(b->places);
}

static int batch_add(struct batch *b, struct symbol_file *f, uint64_t vaddr)
{
	struct symbol_place *place = calloc(1, sizeof(*place));

	if (!place)
		return -ENOMEM;
	place->vaddr = vaddr;
	place->function = "";
	place->file = "";
	HASH_ADD(hh, f->places, vaddr, sizeof(place->vaddr), place);
	if (!place->hh.tbl) {
		free(place);
		return -ENOMEM;
	}
	b->addrs[b->count] = vaddr;
	b->places[b->count++] = place;
	return 0;
}

static void found_name(void *ctx, size_t index, const char *name, uint64_t symbol_vaddr)
{
	struct batch *b = ctx;
	char buf[TEXT_MAX];
	const char *kept = interned_add(b->names, demangle(name, buf, sizeof(buf)));

	(void)symbol_vaddr;
	if (kept)
		b->places[index]->function = kept;
	else
		b->is_out_of_memory = true;
}

static void found_line(void *ctx, size_t index, const char *file, uint32_t line)
{
	struct batch *b = ctx;
	char buf[TEXT_MAX];
	const char *kept;

	(void)text_clean(file, strlen(file), buf, sizeof(buf));
	kept = interned_add(b->names, buf);
	if (kept) {
		b->places[index]->file = kept;
		b->places[index]->line = line;
	} else {
		b->is_out_of_memory = true;
	}
}

static void batch_drop_named(struct batch *b)
{
	size_t kept = 0;

	for (size_t i = 0; i < b->count; i++) {
		if (*b->places[i]->function)
			continue;
		b->addrs[kept] = b->addrs[i];
		b->places[kept++] = b->places[i];
	}
	b->count = kept;
}

/* The file with the full symbol table goes first: dynsym alone names neighbours of statics. */
static int name_places(struct symbol_file *f, struct batch *b)
{
	bool is_debug_first = f->own.elf.symtab.size == 0;
	struct symbol_binary *order[] = { is_debug_first ? &f->debug : &f->own,
					  is_debug_first ? &f->own : &f->debug };

	for (size_t i = 0; i < 2; i++) {
		if (order[i]->fd < 0 || b->count == 0)
			continue;
		if (binary_name(order[i], b->addrs, b->count, found_name, b) == -ENOMEM)
			return -ENOMEM;
		batch_drop_named(b);
	}
	return 0;
}

static bool has_lines(const struct symbol_binary *b)
{
	return b->fd >= 0 && b->elf.has_dwarf && !b->elf.has_debugaltlink;
}

static void find_lines(struct symbol_file *f, struct batch *b)
{
	const struct symbol_binary *from = has_lines(&f->own) ? &f->own : &f->debug;

	if (f->is_without_lines)
		return;
	/* A file that failed is not tried again: each try may last seconds. */
	if (!has_lines(from) || source_lines_find(from->fd, b->addrs, b->count, found_line, b) != 0)
		f->is_without_lines = true;
}

int symbol_file_resolve(struct symbol_file *f, const uint64_t *vaddrs, size_t count)
{
	_release_(batch_done) struct batch b = { .names = f->names };

	if (f->own.fd < 0 || count == 0)
		return 0;
	b.addrs = calloc(count, sizeof(*b.addrs));
	b.places = calloc(count, sizeof(struct symbol_place *));
	if (!b.addrs || !b.places)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (!symbol_file_find(f, vaddrs[i]) && batch_add(&b, f, vaddrs[i]))
			return -ENOMEM;
	}
	if (b.count == 0)
		return 0;
	find_lines(f, &b); /* before the names, which shrink the batch */
	if (name_places(f, &b) || b.is_out_of_memory)
		return -ENOMEM;
	return 0;
}

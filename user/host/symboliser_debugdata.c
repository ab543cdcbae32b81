// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * "Mini debug info": the section .gnu_debugdata holds an ELF file with the symbols that strip took,
 * packed by xz. Source: the GDB manual, "Debugging information in a special section".
 */
#include "base/scope.h"
#include "host/fd.h"
#include "host/symboliser_child.h"

#include <lzma.h>
#include <string.h>

#define UNPACK_MAX_MEMORY_BYTES (128ull << 20) /* xz -9 asks for 65 MiB */
#define FIRST_BYTES		(1ull << 20)

struct unpacked {
	uint8_t *at;
	size_t len, cap;
};

static void unpacked_done(struct unpacked *u)
{
	free(u->at);
}

static int make_room(struct unpacked *u)
{
	size_t cap = u->cap ? u->cap * 2 : FIRST_BYTES;
	uint8_t *at;

	if (u->cap >= SYMBOLISER_MAX_SYMBOL_BYTES)
		return SYMBOLISER_TOO_BIG;
	at = realloc(u->at, cap);
	if (!at)
		return SYMBOLISER_NO_MEMORY;
	u->at = at;
	u->cap = cap;
	return 0;
}

static int exit_of(lzma_ret ret)
{
	switch (ret) {
	case LZMA_STREAM_END:
		return 0;
	case LZMA_MEM_ERROR:
		return SYMBOLISER_NO_MEMORY;
	case LZMA_MEMLIMIT_ERROR:
		return SYMBOLISER_TOO_BIG;
	default:
		return SYMBOLISER_MALFORMED;
	}
}

static int unpack(const uint8_t *packed, size_t len, struct unpacked *u)
{
	_release_(lzma_end) lzma_stream stream = LZMA_STREAM_INIT;
	lzma_ret ret = lzma_stream_decoder(&stream, UNPACK_MAX_MEMORY_BYTES, 0);

	stream.next_in = packed;
	stream.avail_in = len;
	while (ret == LZMA_OK) {
		int status = u->len == u->cap ? make_room(u) : 0;

		if (status)
			return status;
		stream.next_out = u->at + u->len;
		stream.avail_out = u->cap - u->len;
		ret = lzma_code(&stream, LZMA_FINISH);
		u->len = u->cap - stream.avail_out;
	}
	return exit_of(ret);
}

struct naming {
	struct symboliser_out *out;
	struct call_chain chain;
};

static void found_name(void *ctx, size_t index, const char *name, uint64_t symbol_vaddr)
{
	struct naming *n = ctx;

	n->chain = (struct call_chain){
		.source = CALL_CHAIN_SYMBOL,
		.index = (uint32_t)index,
		.start = symbol_vaddr,
		.len = 1,
		.frames = { { .function = name, .file = "" } },
	};
	symboliser_write(n->out, &n->chain);
}

static int name_addresses(const struct symboliser_question *q, const struct unpacked *u,
			  struct symboliser_out *out)
{
	const struct bytes bytes = { u->at, u->len };
	struct naming naming = { .out = out };
	uint64_t fault_offset;
	struct elf elf;

	if (elf_open(&elf, reader_of_bytes(&bytes), &fault_offset) ||
	    elf_name_addresses(&elf, q->addrs, q->count, found_name, &naming))
		return SYMBOLISER_MALFORMED;
	return 0;
}

int symboliser_read_debugdata(const struct symboliser_question *q, struct symboliser_out *out)
{
	_release_(unpacked_done) struct unpacked unpacked = { 0 };
	_release_(freep) uint8_t *packed = NULL;
	int status;

	if (q->debugdata.size > SYMBOLISER_MAX_PACKED_BYTES)
		return SYMBOLISER_TOO_BIG;
	packed = malloc(q->debugdata.size + 1);
	if (!packed)
		return SYMBOLISER_NO_MEMORY;
	if (fd_read_at(q->debugdata_fd, q->debugdata.offset, packed, q->debugdata.size) !=
	    (ssize_t)q->debugdata.size)
		return SYMBOLISER_MALFORMED;
	status = unpack(packed, q->debugdata.size, &unpacked);
	return status ? status : name_addresses(q, &unpacked, out);
}

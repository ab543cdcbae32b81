/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The functions that one address lies in: those inlined there, innermost first, and last the one
 * that has code of its own. And the bytes as which a chain crosses a pipe: who writes them has
 * parsed hostile files, so whoever reads them believes nothing.
 */
#ifndef SYMBOL_CALL_CHAIN_H
#define SYMBOL_CALL_CHAIN_H

#include "base/bytes.h"

#include <stdbool.h>

#define CALL_CHAIN_MAX	     64	  /* frames; honest chains have some twenty at most */
#define CALL_CHAIN_TEXT_MAX  4096 /* of a name, with the NUL (ELF_NAME_MAX); longer ones are cut */
#define CALL_CHAIN_BYTES_MAX (64ul + CALL_CHAIN_MAX * (12ul + 2ul * CALL_CHAIN_TEXT_MAX))

enum call_chain_source {
	CALL_CHAIN_DWARF,
	CALL_CHAIN_SYMBOL, /* one frame: a symbol's name */
	CALL_CHAIN_SOURCES
};

struct call_chain {
	enum call_chain_source source;
	uint32_t index; /* of the address, in the question */
	uint64_t start; /* file address where the symbol starts; 0 for CALL_CHAIN_DWARF */
	size_t len;	/* 1 to CALL_CHAIN_MAX */
	struct call_chain_frame {
		const char *function, *file; /* raw, borrowed; "" unknown */
		uint32_t line;		     /* 0 unknown */
	} frames[CALL_CHAIN_MAX];
};

/* Writes @chain to @buf; the number of bytes. */
size_t call_chain_write(const struct call_chain *chain, uint8_t buf[CALL_CHAIN_BYTES_MAX]);

/*
 * The chain at the front of @bytes, whose texts stay in them. 0 with the number of bytes it takes;
 * -ENODATA: the rest of it is still to come; -EBADMSG: that is none.
 */
int call_chain_read(struct bytes bytes, struct call_chain *ret_chain, size_t *ret_len);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The separate debug file of a binary. By build id: below /usr/lib/debug/.build-id of the host,
 * then of the target. Else by the binary's debug link, which the target may have written: in the
 * folder of the binary, in .debug there, below /usr/lib/debug; all as the target sees them (which
 * is the host's way when it shares our root), through no link, and only with the right checksum
 * (rules S2, S4, S7).
 */
#ifndef HOST_DEBUG_FILE_H
#define HOST_DEBUG_FILE_H

#include "host/symbol_binary.h"
#include "host/target.h"

#define DEBUG_FILE_MAX_LINKED_BYTES (1ull << 30) /* all of it is read for the checksum */

struct debug_search {
	const struct target *target;
	const char *path;	   /* of the binary, as maps has it: raw */
	uint64_t *checksum_budget; /* bytes that may still be read for checksums; goes down */
};

/* False when there is none; @ret_debug->fd is then -1. */
bool debug_file_find(struct symbol_binary *own, const struct debug_search *search,
		     struct symbol_binary *ret_debug);

#endif

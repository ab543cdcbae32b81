/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Debug information to names: libdw reads DWARF, liblzma unpacks .gnu_debugdata. The target wrote
 * both and the libraries are large, so they run in a child (host/sandbox.h) that gets descriptors
 * and addresses, writes call chains to a pipe, and is ended when it takes too long; its memory goes
 * back with it (rules S1-S3).
 */
#ifndef HOST_SYMBOLISER_H
#define HOST_SYMBOLISER_H

#include "symbol/call_chain.h"
#include "symbol/elf.h"

#include <errno.h>

/* Sum of the (uncompressed) .debug_* sections of a file that is still read. */
#define SYMBOLISER_MAX_DWARF_BYTES  (256ull << 20)
#define SYMBOLISER_MAX_PACKED_BYTES (32ull << 20) /* of .gnu_debugdata */
#define SYMBOLISER_MAX_SYMBOL_BYTES (64ull << 20) /* of the file in it */
#define SYMBOLISER_MAX_MEMORY_BYTES (512ull << 20)
#define SYMBOLISER_MAX_ANSWER_BYTES (64ull << 20)
#define SYMBOLISER_MAX_SECONDS	    5

struct symboliser_question {
	int dwarf_fd;		    /* an ELF file, or -1; alternate, split files not followed */
	int debugdata_fd;	    /* an ELF file with @debugdata in it, or -1 */
	struct elf_range debugdata; /* .gnu_debugdata */
	const uint64_t *addrs;	    /* file addresses, ascending */
	size_t count;
};

/* Called at most once for each address and source; @chain is raw and valid for the call only. */
typedef void (*symboliser_found_fn)(void *ctx, const struct call_chain *chain);

/*
 * 0 when all was read; else what was found until then has been reported: -EBADMSG (malformed),
 * -E2BIG (over a limit above), -ETIMEDOUT, -EFAULT (it crashed), -EACCES (it tried what it may
 * not), -EPERM (no sandbox could be made), -ENOMEM or another errno. SYMBOLISER_NOT_ASKED is for
 * the caller who has seen enough of that.
 */
int symboliser_ask(const struct symboliser_question *question, symboliser_found_fn found,
		   void *ctx);

#define SYMBOLISER_NOT_ASKED (-EBUSY)

/* Such an error in a few words, for people. */
const char *symboliser_reason(int err);

#endif

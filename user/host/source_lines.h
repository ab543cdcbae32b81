/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Addresses to source lines, by elfutils' libdw. The target wrote the DWARF and libdw is large, so
 * it runs in a child that holds nothing but the file and a pipe, cannot open anything, has no
 * privileges and is ended when it takes too long; its memory goes back with it (rules S1-S3).
 */
#ifndef HOST_SOURCE_LINES_H
#define HOST_SOURCE_LINES_H

#include <stddef.h>
#include <stdint.h>

/* Sum of the (uncompressed) .debug_* sections of a file that is still read. */
#define SOURCE_LINES_MAX_DWARF_BYTES (256ull << 20)
#define SOURCE_LINES_MAX_SECONDS     5

/* Called once for each address whose line is known; @file is raw and valid for the call only. */
typedef void (*source_line_fn)(void *ctx, size_t index, const char *file, uint32_t line);

/*
 * Looks up @count file addresses, @addrs sorted ascending, in the DWARF of the ELF file @fd (not
 * followed: alternate and split debug files). 0 when the file was read to its end; -EBADMSG,
 * -ETIMEDOUT, -E2BIG (too much DWARF) or another errno when not: what was found until then has
 * been reported.
 */
int source_lines_find(int fd, const uint64_t *addrs, size_t count, source_line_fn found, void *ctx);

#endif

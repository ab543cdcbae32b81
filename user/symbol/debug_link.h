/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The content of .gnu_debuglink: the name of the file that holds the debug information, and the
 * CRC-32 of its bytes. Source: the GDB manual, "Separate Debug Files". The file wrote it, so the
 * name is taken only when it cannot lead out of the folder that it is looked for in (rule S2).
 */
#ifndef SYMBOL_DEBUG_LINK_H
#define SYMBOL_DEBUG_LINK_H

#include "symbol/elf.h"

#define DEBUG_LINK_NAME_MAX 256 /* with the NUL; longer names no file system takes */

struct debug_link {
	char name[DEBUG_LINK_NAME_MAX]; /* not empty, without '/', neither "." nor ".." */
	uint32_t crc;
};

/* 0, or -EBADMSG: not of that form. */
int debug_link_parse(struct bytes section, struct debug_link *ret_link);

/* The link of @elf, read by its reader. 0, -ENODATA (it has none), -EBADMSG or the reader's error.
 */
int debug_link_read(const struct elf *elf, struct debug_link *ret_link);

#endif

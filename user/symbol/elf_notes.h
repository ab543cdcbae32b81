/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Notes, as ELF files and /sys/kernel/notes have them. Source: System V ABI ch. 5, elf(5). */
#ifndef SYMBOL_ELF_NOTES_H
#define SYMBOL_ELF_NOTES_H

#include "base/bytes.h"

#define ELF_BUILD_ID_MAX 64 /* bytes; SHA-1 ids have 20 */
#define ELF_NOTES_LOOKED_AT                                                                        \
	4096 /* a build id lies among the first notes of a section or segment                      \
	      */

/*
 * The build id of a run of notes aligned to @align (8, or else 4): its length, 0 when there is
 * none. Whatever is wrong with notes only means that there is none: they are of no use for anything
 * else here.
 */
size_t elf_notes_build_id(struct bytes notes, uint64_t align, uint8_t ret_id[ELF_BUILD_ID_MAX]);

#endif

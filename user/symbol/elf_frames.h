/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where an ELF file has its call frame information, and its content. Sources: System V ABI ch. 4-5
 * (section compression: gABI "Compressed Sections"), LSB 5.0 core 10.6.2 (.eh_frame_hdr).
 */
#ifndef SYMBOL_ELF_FRAMES_H
#define SYMBOL_ELF_FRAMES_H

#include "symbol/eh_frame.h"
#include "symbol/elf.h"
#include "symbol/unwind_table.h" /* UNWIND_TABLE_MAX_SECTION_BYTES, of what is compressed too */

struct elf_frames {
	uint8_t *content; /* owned */
	struct eh_frame frame;
};

/*
 * .eh_frame, found by its section, else by PT_GNU_EH_FRAME: it then reaches to the end of its
 * segment. 0; -ENODATA (there is none); -E2BIG; -EBADMSG (a header lies); -ENOMEM; the reader's
 * error.
 */
int elf_frames_read(const struct elf *elf, struct elf_frames *ret_frames);

/*
 * .debug_frame, also compressed by zlib (SHF_COMPRESSED, .zdebug_frame); with another compression
 * it counts as absent. Errors as above.
 */
int elf_frames_read_debug(const struct elf *elf, struct elf_frames *ret_frames);

void elf_frames_done(struct elf_frames *f);

#endif

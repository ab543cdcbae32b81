// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Header, name, content; name and content padded. */
#include "symbol/elf_notes.h"

#include <elf.h>
#include <string.h>

size_t elf_notes_build_id(struct bytes notes, uint64_t align, uint8_t ret_id[ELF_BUILD_ID_MAX])
{
	size_t pad = align == 8 ? 7 : 3;
	size_t at = 0;

	while (notes.len - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note;
		uint64_t name = at + sizeof(note), desc, end;

		memcpy(&note, notes.at + at, sizeof(note));
		desc = (name + note.n_namesz + pad) & ~(uint64_t)pad;
		end = (desc + note.n_descsz + pad) & ~(uint64_t)pad;
		if (desc > notes.len || note.n_descsz > notes.len - desc)
			return 0;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(ELF_NOTE_GNU) &&
		    memcmp(notes.at + name, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) == 0 &&
		    note.n_descsz <= ELF_BUILD_ID_MAX) {
			memcpy(ret_id, notes.at + desc, note.n_descsz);
			return note.n_descsz;
		}
		if (end > notes.len)
			return 0;
		at = end;
	}
	return 0;
}

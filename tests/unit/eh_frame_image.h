/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Call frame information made by hand, and a small ELF file around it: code at CODE_VADDR, of which
 * the file has no byte, .eh_frame_hdr and .eh_frame at FRAME_VADDR, or .debug_frame.
 */
#ifndef TESTS_UNIT_EH_FRAME_IMAGE_H
#define TESTS_UNIT_EH_FRAME_IMAGE_H

#include "symbol/elf.h"

#include <assert.h>
#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define CODE_VADDR   0x100000
#define CODE_SIZE    0x40000
#define FRAME_VADDR  0x200000
#define FRAME_MAX    4096
#define HDR_SIZE     8
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A string constant with its length, so that it may hold NULs. */
#define CODE(text) (text), (sizeof(text) - 1)

struct frames {
	uint8_t at[FRAME_MAX];
	size_t len;
	size_t cie; /* the place of the last one */
	bool is_debug;
};

static inline void frames_bytes(struct frames *f, const void *bytes, size_t len)
{
	assert(len <= sizeof(f->at) - f->len);
	if (len)
		memcpy(f->at + f->len, bytes, len);
	f->len += len;
}

static inline void frames_fixed(struct frames *f, uint64_t value, size_t bytes)
{
	frames_bytes(f, &value, bytes);
}

/* A record's length is written when its end is known. */
static inline size_t frames_begin(struct frames *f)
{
	size_t at = f->len;

	frames_fixed(f, 0, 4);
	return at;
}

static inline void frames_end(struct frames *f, size_t at)
{
	uint32_t len;

	while (f->len % 4)
		frames_fixed(f, 0, 1);
	len = (uint32_t)(f->len - at - 4);
	memcpy(f->at + at, &len, sizeof(len));
}

/* What compilers write: augmentation "zR" (pcrel sdata4), CFA = rsp + 8, return address at CFA-8.
 */
#define USUAL_CIE "\x01zR\0\x01\x78\x10\x01\x1b\x0c\x07\x08\x90\x01"

static inline void frames_cie(struct frames *f, const char *bytes, size_t len)
{
	size_t at = frames_begin(f);

	frames_fixed(f, f->is_debug ? UINT32_MAX : 0, 4);
	frames_bytes(f, bytes, len);
	frames_end(f, at);
	f->cie = at;
}

/* The head of an FDE of a usual CIE. */
static inline size_t frames_begin_fde(struct frames *f, uint64_t start, uint64_t size)
{
	size_t at = frames_begin(f);

	frames_fixed(f, f->is_debug ? f->cie : f->len - f->cie, 4);
	if (f->is_debug) {
		frames_fixed(f, start, 8);
		frames_fixed(f, size, 8);
	} else {
		frames_fixed(f, start - (FRAME_VADDR + HDR_SIZE + f->len), 4);
		frames_fixed(f, size, 4);
		frames_fixed(f, 0, 1);
	}
	return at;
}

static inline void frames_fde(struct frames *f, uint64_t start, uint64_t size, const char *code,
			      size_t len)
{
	size_t at = frames_begin_fde(f, start, size);

	frames_bytes(f, code, len);
	frames_end(f, at);
}

/* Places in the table of section names. */
enum { NAME_EH_FRAME_HDR = 1, NAME_EH_FRAME = 15, NAME_DEBUG_FRAME = 25, NAME_ZDEBUG_FRAME = 38 };

enum { FS_NULL, FS_NAMES, FS_HDR, FS_FRAME, FS_COUNT };

struct frame_image {
	Elf64_Ehdr header;
	Elf64_Phdr code, data, hdr_segment;
	Elf64_Shdr sections[FS_COUNT];
	char names[64];
	uint8_t hdr[HDR_SIZE], frame[FRAME_MAX];
};

static inline void frame_image_sections(struct frame_image *image, const struct frames *f)
{
	static const char names[] = "\0.eh_frame_hdr\0.eh_frame\0.debug_frame\0.zdebug_frame";

	_Static_assert(sizeof(names) <= sizeof(image->names), "room for the names");
	memcpy(image->names, names, sizeof(names));
	image->sections[FS_NAMES] = (Elf64_Shdr){
		.sh_type = SHT_STRTAB,
		.sh_offset = offsetof(struct frame_image, names),
		.sh_size = sizeof(image->names),
	};
	image->sections[FS_HDR] = (Elf64_Shdr){
		.sh_name = NAME_EH_FRAME_HDR,
		.sh_type = SHT_PROGBITS,
		.sh_addr = FRAME_VADDR,
		.sh_offset = offsetof(struct frame_image, hdr),
		.sh_size = HDR_SIZE,
	};
	image->sections[FS_FRAME] = (Elf64_Shdr){
		.sh_name = f->is_debug ? NAME_DEBUG_FRAME : NAME_EH_FRAME,
		.sh_type = SHT_PROGBITS,
		.sh_addr = f->is_debug ? 0 : FRAME_VADDR + HDR_SIZE,
		.sh_offset = offsetof(struct frame_image, frame),
		.sh_size = f->len,
	};
}

static inline void frame_image_init(struct frame_image *image, const struct frames *f)
{
	static const uint8_t hdr[HDR_SIZE] = { 1, 0x1b, 0xff, 0xff, 4 };

	*image = (struct frame_image){ .header = {
					       .e_type = ET_DYN,
					       .e_machine = EM_X86_64,
					       .e_phoff = offsetof(struct frame_image, code),
					       .e_phentsize = sizeof(Elf64_Phdr),
					       .e_phnum = 3,
					       .e_shoff = offsetof(struct frame_image, sections),
					       .e_shentsize = sizeof(Elf64_Shdr),
					       .e_shnum = FS_COUNT,
					       .e_shstrndx = FS_NAMES,
				       } };
	memcpy(image->header.e_ident, ELFMAG, SELFMAG);
	image->header.e_ident[EI_CLASS] = ELFCLASS64;
	image->header.e_ident[EI_DATA] = ELFDATA2LSB;
	image->code = (Elf64_Phdr){ .p_type = PT_LOAD,
				    .p_vaddr = CODE_VADDR,
				    .p_memsz = CODE_SIZE,
				    .p_flags = PF_R | PF_X };
	image->data = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_vaddr = FRAME_VADDR,
		.p_offset = offsetof(struct frame_image, hdr),
		.p_filesz = HDR_SIZE + FRAME_MAX,
		.p_memsz = HDR_SIZE + FRAME_MAX,
		.p_flags = PF_R,
	};
	image->hdr_segment = image->data;
	image->hdr_segment.p_type = f->is_debug ? PT_NULL : PT_GNU_EH_FRAME;
	memcpy(image->hdr, hdr, sizeof(hdr));
	memcpy(image->frame, f->at, f->len);
	frame_image_sections(image, f);
}

static inline int frame_image_open(const struct frame_image *image, struct bytes *b,
				   struct elf *elf)
{
	uint64_t offset;

	*b = (struct bytes){ (const uint8_t *)image, sizeof(*image) };
	return elf_open(elf, reader_of_bytes(b), &offset);
}

#endif

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Finds .eh_frame and .debug_frame, and reads them into memory. */
#include "symbol/elf_frames.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Longest name of interest is ".eh_frame_hdr"; with one more byte ".eh_frame_hdrx" is another. */
#define NAME_MAX_BYTES 16
/* Deflate makes at most so many bytes of one: no larger claim is believed. */
#define DEFLATE_MAX_RATIO 1032
/* ".zdebug_" sections start with "ZLIB" and the size, big-endian. */
#define ZDEBUG_MAGIC "ZLIB"
#define ZDEBUG_HEAD  12
/* Version, three encodings, and the first pointer in any of its forms. */
#define HEADER_BYTES 16

struct places {
	Elf64_Shdr eh_frame, debug_frame; /* sh_type SHT_NULL: absent */
	bool is_zdebug;
	uint64_t header_vaddr; /* of PT_GNU_EH_FRAME or .eh_frame_hdr, 0 = none */
};

static int read_at(const struct elf *elf, uint64_t offset, void *buf, size_t len)
{
	if (offset > elf->reader.size || len > elf->reader.size - offset)
		return -EBADMSG;
	return elf->reader.read_at(&elf->reader, offset, buf, len);
}

static int read_name(const struct elf *elf, const Elf64_Shdr *names, const Elf64_Shdr *s,
		     char name[NAME_MAX_BYTES])
{
	size_t len = NAME_MAX_BYTES - 1;

	memset(name, 0, NAME_MAX_BYTES);
	if (s->sh_name >= names->sh_size)
		return 0;
	if (names->sh_size - s->sh_name < len)
		len = (size_t)(names->sh_size - s->sh_name);
	return read_at(elf, names->sh_offset + s->sh_name, name, len);
}

static void note_section(struct places *p, const Elf64_Shdr *s, const char *name)
{
	if (strcmp(name, ".eh_frame") == 0 && p->eh_frame.sh_type == SHT_NULL)
		p->eh_frame = *s;
	if (strcmp(name, ".eh_frame_hdr") == 0)
		p->header_vaddr = s->sh_addr;
	if (p->debug_frame.sh_type != SHT_NULL || s->sh_type == SHT_NOBITS)
		return;
	if (strcmp(name, ".debug_frame") == 0)
		p->debug_frame = *s;
	if (strcmp(name, ".zdebug_frame") == 0) {
		p->debug_frame = *s;
		p->is_zdebug = true;
	}
}

/* elf_open() has checked these headers; what has changed in the file since is an error here. */
static int find_sections(const struct elf *elf, const Elf64_Ehdr *h, struct places *p)
{
	uint64_t count = h->e_shnum, index = h->e_shstrndx;
	Elf64_Shdr s, names;
	int err;

	if (!h->e_shoff)
		return 0;
	err = read_at(elf, h->e_shoff, &s, sizeof(s));
	if (err)
		return err;
	if (!count)
		count = s.sh_size;
	if (index == SHN_XINDEX)
		index = s.sh_link;
	if (count > ELF_MAX_SECTIONS || index >= count)
		return -EBADMSG;
	if (index == SHN_UNDEF)
		return 0;
	err = read_at(elf, h->e_shoff + index * sizeof(s), &names, sizeof(names));
	for (uint64_t i = 1; !err && i < count; i++) {
		char name[NAME_MAX_BYTES];

		err = read_at(elf, h->e_shoff + i * sizeof(s), &s, sizeof(s));
		if (!err)
			err = read_name(elf, &names, &s, name);
		if (!err)
			note_section(p, &s, name);
	}
	return err;
}

static int find_header_segment(const struct elf *elf, const Elf64_Ehdr *h, struct places *p)
{
	Elf64_Phdr segment;

	for (unsigned int i = 0; i < h->e_phnum; i++) {
		int err = read_at(elf, h->e_phoff + i * sizeof(segment), &segment, sizeof(segment));

		if (err)
			return err;
		if (segment.p_type == PT_GNU_EH_FRAME)
			p->header_vaddr = segment.p_vaddr;
	}
	return 0;
}

static int find_places(const struct elf *elf, struct places *ret_places)
{
	struct places p = { 0 };
	Elf64_Ehdr h;
	int err = read_at(elf, 0, &h, sizeof(h));

	if (!err)
		err = find_sections(elf, &h, &p);
	if (!err && !p.header_vaddr)
		err = find_header_segment(elf, &h, &p);
	if (!err)
		*ret_places = p;
	return err;
}

/* Into memory of its own, once its place in the file is checked. */
static int read_content(const struct elf *elf, uint64_t offset, uint64_t size,
			struct bytes *ret_content)
{
	uint8_t *content;
	int err;

	if (offset > elf->reader.size || size > elf->reader.size - offset)
		return -EBADMSG;
	if (size > UNWIND_TABLE_MAX_SECTION_BYTES)
		return -E2BIG;
	content = malloc(size ? (size_t)size : 1);
	if (!content)
		return -ENOMEM;
	err = read_at(elf, offset, content, (size_t)size);
	if (err) {
		free(content);
		return err;
	}
	*ret_content = (struct bytes){ content, (size_t)size };
	return 0;
}

static int take_content(const struct elf *elf, uint64_t offset, uint64_t size, struct elf_frames *f)
{
	struct bytes content;
	int err = read_content(elf, offset, size, &content);

	if (err)
		return err;
	f->content = (uint8_t *)content.at;
	f->frame.bytes = content;
	return 0;
}

/* The end, in the file, of the segment that holds @vaddr. */
static bool segment_of(const struct elf *elf, uint64_t vaddr, uint64_t *ret_offset,
		       uint64_t *ret_left)
{
	for (size_t i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *s = &elf->segments[i];

		if (vaddr < s->vaddr || vaddr - s->vaddr >= s->file_size)
			continue;
		*ret_offset = s->offset + (vaddr - s->vaddr);
		*ret_left = s->file_size - (vaddr - s->vaddr);
		return true;
	}
	return false;
}

static int read_by_section(const struct elf *elf, const struct places *p, struct elf_frames *f)
{
	const Elf64_Shdr *s = &p->eh_frame;
	uint64_t offset, left;

	if (!segment_of(elf, s->sh_addr, &offset, &left) || offset != s->sh_offset ||
	    s->sh_size > left)
		return -EBADMSG;
	f->frame.vaddr = s->sh_addr;
	f->frame.data_base = p->header_vaddr;
	return take_content(elf, s->sh_offset, s->sh_size, f);
}

/* The header's first pointer is to .eh_frame. */
static int read_by_header(const struct elf *elf, const struct places *p, struct elf_frames *f)
{
	uint8_t head[HEADER_BYTES];
	struct dwarf_cursor c = { .at = head + 4, .data_base = p->header_vaddr };
	uint64_t offset, left;
	size_t len;
	int err;

	if (!segment_of(elf, p->header_vaddr, &offset, &left))
		return -EBADMSG;
	len = left < sizeof(head) ? (size_t)left : sizeof(head);
	if (len < 4)
		return -EBADMSG;
	err = read_at(elf, offset, head, len);
	if (err)
		return err;
	c.end = head + len;
	c.vaddr = p->header_vaddr + len;
	f->frame.vaddr = cursor_pointer(&c, head[1]);
	if (head[0] != 1 || c.is_broken || !segment_of(elf, f->frame.vaddr, &offset, &left))
		return -EBADMSG;
	f->frame.data_base = p->header_vaddr;
	f->frame.is_endless = true;
	return take_content(elf, offset, left, f);
}

int elf_frames_read(const struct elf *elf, struct elf_frames *ret_frames)
{
	struct elf_frames f = { 0 };
	struct places p;
	int err = find_places(elf, &p);

	if (err)
		return err;
	/* Separate debug files have the headers, but not the content. */
	if (p.eh_frame.sh_type == SHT_NOBITS)
		return -ENODATA;
	if (p.eh_frame.sh_type != SHT_NULL)
		err = read_by_section(elf, &p, &f);
	else if (p.header_vaddr)
		err = read_by_header(elf, &p, &f);
	else
		err = -ENODATA;
	if (!err)
		*ret_frames = f;
	return err;
}

/* The @size bytes that @packed expands to. */
static int inflate_content(struct bytes packed, uint64_t size, struct elf_frames *f)
{
	uLongf len = (uLongf)size;
	uint8_t *content;
	int status;

	if (size > UNWIND_TABLE_MAX_SECTION_BYTES)
		return -E2BIG;
	if (size > (uint64_t)packed.len * DEFLATE_MAX_RATIO)
		return -EBADMSG;
	content = malloc(size ? (size_t)size : 1);
	if (!content)
		return -ENOMEM;
	status = uncompress(content, &len, packed.at, (uLong)packed.len);
	if (status != Z_OK || len != size) {
		free(content);
		return status == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
	}
	f->content = content;
	f->frame.bytes = (struct bytes){ content, (size_t)size };
	return 0;
}

/* What stands before the compressed bytes. -ENODATA: not zlib's. */
static int read_packed_head(struct bytes content, bool is_zdebug, size_t *ret_head,
			    uint64_t *ret_size)
{
	Elf64_Chdr head;
	uint64_t size;

	if (content.len < (is_zdebug ? ZDEBUG_HEAD : sizeof(head)))
		return -EBADMSG;
	if (is_zdebug) {
		memcpy(&size, content.at + 4, sizeof(size));
		*ret_head = ZDEBUG_HEAD;
		*ret_size = __builtin_bswap64(size);
		return memcmp(content.at, ZDEBUG_MAGIC, 4) == 0 ? 0 : -ENODATA;
	}
	memcpy(&head, content.at, sizeof(head));
	*ret_head = sizeof(head);
	*ret_size = head.ch_size;
	return head.ch_type == ELFCOMPRESS_ZLIB ? 0 : -ENODATA;
}

static int read_packed(const struct elf *elf, const struct places *p, struct elf_frames *f)
{
	struct bytes content;
	uint64_t size;
	size_t head;
	int err = read_content(elf, p->debug_frame.sh_offset, p->debug_frame.sh_size, &content);

	if (err)
		return err;
	err = read_packed_head(content, p->is_zdebug, &head, &size);
	if (!err)
		err = inflate_content((struct bytes){ content.at + head, content.len - head }, size,
				      f);
	free((void *)content.at);
	return err;
}

int elf_frames_read_debug(const struct elf *elf, struct elf_frames *ret_frames)
{
	struct elf_frames f = { .frame.is_debug = true };
	struct places p;
	int err = find_places(elf, &p);

	if (err)
		return err;
	if (p.debug_frame.sh_type == SHT_NULL)
		return -ENODATA;
	if (p.is_zdebug || (p.debug_frame.sh_flags & SHF_COMPRESSED))
		err = read_packed(elf, &p, &f);
	else
		err = take_content(elf, p.debug_frame.sh_offset, p.debug_frame.sh_size, &f);
	if (!err)
		*ret_frames = f;
	return err;
}

void elf_frames_done(struct elf_frames *f)
{
	if (!f)
		return;
	free(f->content);
	*f = (struct elf_frames){ 0 };
}

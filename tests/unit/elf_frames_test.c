// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Where call frame information is found: by section, by segment, compressed; and what lies. */
#include "symbol/elf_frames.h"
#include "symbol/unwind_table.h"

#include "eh_frame_image.h"
#include "failing_alloc.h"
#include "tap.h"

#include <zlib.h>

#define FRAME(index, field) offsetof(struct frame_image, sections[index].field)
#define PATCH(field, value)                                                                        \
	offsetof(struct frame_image, field), sizeof(((struct frame_image *)0)->field), (value)

static void usual_frames(struct frames *f)
{
	if (f->is_debug)
		frames_cie(f, CODE("\x03\0\x01\x78\x10\x0c\x07\x08\x90\x01"));
	else
		frames_cie(f, CODE(USUAL_CIE));
	frames_fde(f, CODE_VADDR + 16, 32, CODE("\x41\x0e\x10"));
	frames_fixed(f, 0, 4);
}

static int table_of(const struct frame_image *image, size_t *ret_fdes)
{
	struct unwind_table t = { 0 };
	struct bytes b;
	struct elf elf;
	int err = frame_image_open(image, &b, &elf);

	must(!err);
	err = unwind_table_read(&elf, &t);
	*ret_fdes = t.fde_count;
	unwind_table_done(&t);
	return err;
}

static void check_table(const struct frame_image *image, int want, const char *what)
{
	size_t fdes;

	is_int(table_of(image, &fdes), want, "%s", what);
	is_int(fdes, want == 0, "%s: FDEs", what);
}

/* One field changed; what comes of it when there are section headers, and when there are none. */
static const struct {
	const char *what;
	size_t at, size;
	uint64_t value;
	int err, err_without_sections;
} patches[] = {
	{ "nothing changed", PATCH(header.e_version, 0), 0, 0 },
	{ "no names", PATCH(header.e_shstrndx, 0), 0, 0 },
	{ "no header segment", PATCH(hdr_segment.p_type, PT_NULL), 0, -ENODATA },
	{ "header segment elsewhere", PATCH(hdr_segment.p_vaddr, 0x999), 0, -EBADMSG },
	{ "header of another version", PATCH(hdr[0], 2), 0, -EBADMSG },
	{ "header with an indirect pointer", PATCH(hdr[1], 0x9b), 0, -EBADMSG },
	{ "header without pointer", PATCH(hdr[1], 0xff), 0, -EBADMSG },
	{ "header that points out of the file", PATCH(hdr[7], 0x7f), 0, -EBADMSG },
	{ "header at the end of its segment",
	  PATCH(hdr_segment.p_vaddr, FRAME_VADDR + FRAME_MAX + 5), 0, -EBADMSG },
	{ "header in the last bytes", PATCH(hdr_segment.p_vaddr, FRAME_VADDR + FRAME_MAX + 2), 0,
	  -EBADMSG },
	{ "section at another offset", PATCH(sections[FS_FRAME].sh_offset, 8), -EBADMSG, 0 },
	{ "section at another address", PATCH(sections[FS_FRAME].sh_addr, FRAME_VADDR), -EBADMSG,
	  0 },
	{ "section in no segment", PATCH(sections[FS_FRAME].sh_addr, 0x10), -EBADMSG, 0 },
	{ "section larger than its segment", PATCH(sections[FS_FRAME].sh_size, FRAME_MAX + 1),
	  -EBADMSG, 0 },
	{ "section of all bits", PATCH(sections[FS_FRAME].sh_size, UINT64_MAX), -EBADMSG, 0 },
	{ "section of no bytes", PATCH(sections[FS_FRAME].sh_size, 0), -ENODATA, 0 },
	{ "section in another file", PATCH(sections[FS_FRAME].sh_type, SHT_NOBITS), -ENODATA, 0 },
	{ "section without name", PATCH(sections[FS_FRAME].sh_name, UINT32_MAX), 0, 0 },
	{ "section of another name", PATCH(sections[FS_FRAME].sh_name, NAME_EH_FRAME + 1), 0, 0 },
	{ "names cut short", PATCH(sections[FS_NAMES].sh_size, 20), 0, 0 },
};

static void test_patches(void)
{
	for (size_t i = 0; i < COUNT(patches); i++) {
		struct frame_image image;
		struct frames f = { 0 };

		usual_frames(&f);
		frame_image_init(&image, &f);
		memcpy((uint8_t *)&image + patches[i].at, &patches[i].value, patches[i].size);
		check_table(&image, patches[i].err, patches[i].what);
		image.header.e_shoff = 0;
		printf("# without section headers\n");
		check_table(&image, patches[i].err_without_sections, patches[i].what);
	}
}

static void test_counts_in_first_section(void)
{
	struct frame_image image;
	struct frames f = { 0 };

	usual_frames(&f);
	frame_image_init(&image, &f);
	image.header.e_shnum = 0;
	image.header.e_shstrndx = SHN_XINDEX;
	image.sections[0].sh_size = FS_COUNT;
	image.sections[0].sh_link = FS_NAMES;
	check_table(&image, 0, "counts in section 0");
}

/* The vDSO: one segment with everything, at address 0, code first; read from memory. */
static void test_vdso(void)
{
	struct frame_image image;
	struct frames f = { 0 };

	usual_frames(&f);
	frame_image_init(&image, &f);
	image.header.e_shoff = 0;
	image.data.p_flags = PF_R | PF_X;
	image.code.p_type = PT_NULL;
	image.data.p_memsz = FRAME_MAX + HDR_SIZE;
	check_table(&image, -ENODATA, "frames of code that is in no executable segment");
	f.len = 0;
	frames_cie(&f, CODE(USUAL_CIE));
	frames_fde(&f, FRAME_VADDR + 512, 32, CODE(""));
	frames_fixed(&f, 0, 4);
	memcpy(image.frame, f.at, f.len);
	check_table(&image, 0, "one segment with code and frames");
}

/* A compressed copy of @f, with what stands before it, is what the section holds. */
static void compress_section(struct frame_image *image, const struct frames *f, bool is_zdebug)
{
	Elf64_Chdr head = { .ch_type = ELFCOMPRESS_ZLIB, .ch_size = f->len };
	uint64_t size = __builtin_bswap64(f->len);
	size_t at = is_zdebug ? 12 : sizeof(head);
	uLongf len = (uLongf)(FRAME_MAX - at);

	frame_image_init(image, f);
	memcpy(image->frame, "ZLIB", 4);
	memcpy(image->frame + 4, &size, sizeof(size));
	if (!is_zdebug)
		memcpy(image->frame, &head, sizeof(head));
	must(compress(image->frame + at, &len, f->at, (uLong)f->len) == Z_OK);
	image->sections[FS_FRAME].sh_size = at + len;
	if (is_zdebug)
		image->sections[FS_FRAME].sh_name = NAME_ZDEBUG_FRAME;
	else
		image->sections[FS_FRAME].sh_flags = SHF_COMPRESSED;
}

static void test_debug_frame(void)
{
	struct frames f = { .is_debug = true };
	struct frame_image image;

	usual_frames(&f);
	frame_image_init(&image, &f);
	check_table(&image, 0, ".debug_frame");
	image.sections[FS_FRAME].sh_offset = sizeof(image);
	check_table(&image, -EBADMSG, ".debug_frame past the end");
	image.sections[FS_FRAME].sh_offset = UINT64_MAX;
	check_table(&image, -EBADMSG, ".debug_frame far past the end");
	image.sections[FS_FRAME].sh_type = SHT_NOBITS;
	check_table(&image, -ENODATA, ".debug_frame in another file");

	compress_section(&image, &f, true);
	check_table(&image, 0, ".zdebug_frame");
	image.frame[0] = 'z';
	check_table(&image, -ENODATA, ".zdebug_frame of another kind");
	image.sections[FS_FRAME].sh_size = 11;
	check_table(&image, -EBADMSG, ".zdebug_frame without its head");
	compress_section(&image, &f, false);
	check_table(&image, 0, "compressed .debug_frame");
	image.frame[0] = 2;
	check_table(&image, -ENODATA, ".debug_frame compressed by zstd");
}

static void set_size(struct frame_image *image, uint64_t size)
{
	memcpy(image->frame + offsetof(Elf64_Chdr, ch_size), &size, sizeof(size));
}

static void test_bad_compression(void)
{
	struct frames f = { .is_debug = true };
	struct frame_image image;
	size_t good = 0;

	usual_frames(&f);
	compress_section(&image, &f, false);
	set_size(&image, f.len + 1);
	check_table(&image, -EBADMSG, "fewer bytes than it says");
	set_size(&image, f.len - 1);
	check_table(&image, -EBADMSG, "more bytes than it says");
	set_size(&image, 0);
	check_table(&image, -EBADMSG, "none, it says");
	set_size(&image, UNWIND_TABLE_MAX_SECTION_BYTES);
	check_table(&image, -EBADMSG, "more than can come of it");
	set_size(&image, UNWIND_TABLE_MAX_SECTION_BYTES + 1);
	check_table(&image, -E2BIG, "more than is allowed");
	compress_section(&image, &f, false);
	for (uint64_t len = image.sections[FS_FRAME].sh_size; len-- > 0;) {
		size_t fdes;

		image.sections[FS_FRAME].sh_size = len;
		good += !table_of(&image, &fdes);
	}
	is_int(good, 0, "cut short at any place it is refused");
}

/* Where .eh_frame has nothing of use, .debug_frame is read. */
static void test_both(void)
{
	struct frames f = { .is_debug = true };
	struct frame_image image;

	usual_frames(&f);
	frame_image_init(&image, &f);
	image.sections[FS_HDR] = (Elf64_Shdr){
		.sh_name = NAME_EH_FRAME,
		.sh_type = SHT_PROGBITS,
		.sh_addr = FRAME_VADDR + HDR_SIZE + FRAME_MAX - 4,
		.sh_offset = offsetof(struct frame_image, frame) + FRAME_MAX - 4,
		.sh_size = 4,
	};
	check_table(&image, 0, ".eh_frame with nothing in it, and .debug_frame");
	image.sections[FS_HDR].sh_addr = 0;
	check_table(&image, -EBADMSG, ".eh_frame that lies, and .debug_frame");
}

/* The headers of an image, and as many bytes as wanted after it. */
static int read_sparse(const struct reader *r, uint64_t offset, void *buf, size_t len)
{
	const struct frame_image *image = r->ctx;

	if (offset > sizeof(*image) || len > sizeof(*image) - offset)
		return -EIO;
	memcpy(buf, (const uint8_t *)image + offset, len);
	return 0;
}

static void test_large(void)
{
	struct frame_image image;
	struct reader reader = { read_sparse, &image, 1ull << 40 };
	struct elf_frames frames = { 0 };
	struct frames f = { 0 };
	struct elf elf;
	uint64_t offset;

	usual_frames(&f);
	frame_image_init(&image, &f);
	image.data.p_filesz = image.data.p_memsz = 1ull << 40;
	image.sections[FS_FRAME].sh_size = UNWIND_TABLE_MAX_SECTION_BYTES + 1;
	must(elf_open(&elf, reader, &offset) == 0);
	is_int(elf_frames_read(&elf, &frames), -E2BIG, "a section that is too large");
	image.sections[FS_FRAME].sh_size = sizeof(image) + 1;
	is_int(elf_frames_read(&elf, &frames), -EIO, "the reader's error");
	ok(!frames.content, "nothing is kept");
	image.sections[FS_FRAME].sh_size = f.len;
	is_int(elf_frames_read(&elf, &frames), 0, "one that is not");
	ok(frames.frame.bytes.len == f.len && frames.frame.vaddr == FRAME_VADDR + HDR_SIZE &&
		   frames.frame.data_base == FRAME_VADDR,
	   "its place");
	elf_frames_done(&frames);
	elf_frames_done(NULL);
	ok(!frames.content, "released");
	image.header.e_shnum = 0;
	image.sections[0].sh_size = 0;
	is_int(elf_frames_read(&elf, &frames), -EBADMSG, "headers that have changed since");
}

static void test_no_memory(void)
{
	struct frames f = { .is_debug = true };
	struct frame_image image;
	bool is_hit = true;

	usual_frames(&f);
	compress_section(&image, &f, false);
	for (size_t n = 1; is_hit; n++) {
		size_t fdes;
		int err;

		failing_alloc_start(n);
		err = table_of(&image, &fdes);
		is_hit = failing_alloc_stop();
		is_int(err, is_hit ? -ENOMEM : 0, "compressed: allocation %zu", n);
	}
}

int main(void)
{
	test_patches();
	test_counts_in_first_section();
	test_vdso();
	test_debug_frame();
	test_bad_compression();
	test_both();
	test_large();
	test_no_memory();
	return tap_done();
}

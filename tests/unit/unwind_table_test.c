// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Unwind tables of files made by hand: order, holes, overlaps, pages, and what is hostile. */
#include "symbol/unwind_table.h"

#include "eh_frame_image.h"
#include "failing_alloc.h"
#include "tap.h"

#include <inttypes.h>
#include <stdlib.h>

#define PUSH "\x41\x0e\x10\x86\x02" /* after one byte CFA = rsp + 16, rbp at CFA-16 */

/* cfa, cfa_offset and fp at an address. */
struct place {
	uint64_t vaddr;
	int cfa, offset, fp;
};

static bool is_place(const struct unwind_table *t, const struct place *p)
{
	const struct unwind_rule *rule = unwind_table_find(t, p->vaddr);

	if (rule->cfa == p->cfa && rule->cfa_offset == p->offset && rule->fp == p->fp)
		return true;
	printf("# 0x%" PRIx64 ": %d%+d %d\n", p->vaddr, rule->cfa, rule->cfa_offset, rule->fp);
	return false;
}

/* What every table keeps, whatever it was made of. */
static bool is_sound(const struct unwind_table *t)
{
	size_t rows = 0, inexpressible = 0;

	for (size_t i = 0; i < t->page_count; i++) {
		const struct unwind_row *row = t->rows + t->pages[i].first;

		if (t->pages[i].first != rows || !t->pages[i].count || row[0].addr != 0)
			return false;
		for (size_t k = 1; k < t->pages[i].count; k++) {
			if (row[k].addr <= row[k - 1].addr || row[k].rule == row[k - 1].rule)
				return false;
		}
		rows += t->pages[i].count;
	}
	for (size_t i = 0; i < t->row_count; i++) {
		if (t->rows[i].rule >= t->rule_count)
			return false;
		inexpressible += t->rules[t->rows[i].rule].cfa == UNWIND_CFA_INEXPRESSIBLE;
	}
	return rows == t->row_count && inexpressible == t->inexpressible_count &&
	       t->rules[0].cfa == UNWIND_CFA_NONE && t->rule_count <= UNWIND_TABLE_MAX_RULES;
}

static int compile_image(const struct frame_image *image, struct unwind_table *ret)
{
	struct bytes b;
	struct elf elf;

	must(frame_image_open(image, &b, &elf) == 0);
	return unwind_table_read(&elf, ret);
}

static int compile(const struct frames *f, struct unwind_table *ret)
{
	struct frame_image image;

	frame_image_init(&image, f);
	return compile_image(&image, ret);
}

static void check_places(const char *what, const struct frames *f, const struct place *places,
			 size_t count)
{
	struct unwind_table t = { 0 };
	bool is_same = true;

	is_int(compile(f, &t), 0, "%s: compiled", what);
	ok(is_sound(&t), "%s: is sound", what);
	for (size_t i = 0; i < count && t.rules; i++)
		is_same &= is_place(&t, &places[i]);
	ok(is_same && t.rules, "%s: the rules", what);
	unwind_table_done(&t);
}

#define NO_RULE(at)                                                                                \
	{                                                                                          \
		(at), UNWIND_CFA_NONE, 0, 0                                                        \
	}
#define ENTRY(at)                                                                                  \
	{                                                                                          \
		(at), UNWIND_CFA_SP, 8, UNWIND_FP_SAME                                             \
	}
#define PUSHED(at)                                                                                 \
	{                                                                                          \
		(at), UNWIND_CFA_SP, 16, UNWIND_FP_CFA                                             \
	}
#define A	CODE_VADDR
#define PAGE(n) (A + (n)*0x10000)

static void test_one_function(void)
{
	static const struct place places[] = {
		NO_RULE(0),	  NO_RULE(A - 1),   NO_RULE(A),	      NO_RULE(A + 15),
		ENTRY(A + 16),	  PUSHED(A + 17),   PUSHED(A + 47),   NO_RULE(A + 48),
		NO_RULE(PAGE(1)), NO_RULE(PAGE(3)), NO_RULE(PAGE(4)), NO_RULE(UINT64_MAX),
	};
	struct frames f = { 0 };
	struct unwind_table t = { 0 };

	frames_cie(&f, CODE(USUAL_CIE));
	frames_fde(&f, A + 16, 32, CODE(PUSH));
	check_places("one function", &f, places, COUNT(places));
	is_int(compile(&f, &t), 0, "its figures");
	is_int(t.page_count, CODE_SIZE >> 16, "a page for each 64 KiB of the segment");
	is_int(t.lowest_page, A >> 16, "the first");
	is_int(t.row_count, 4 + 3, "rows");
	is_int(t.rule_count, 4, "rules");
	is_int(t.text_bytes, 32, "bytes of code");
	ok(t.fde_count == 1 && !t.skipped_count && !t.inexpressible_count, "one FDE, nothing lost");
	unwind_table_done(&t);
	unwind_table_done(&t);
	unwind_table_done(NULL);
	ok(unwind_table_find(&t, A)->cfa == UNWIND_CFA_NONE, "a table of nothing has no rule");
}

static void test_order(void)
{
	static const struct place places[] = {
		ENTRY(A + 16), PUSHED(A + 17), ENTRY(A + 48),	 PUSHED(A + 49),
		ENTRY(A + 80), PUSHED(A + 81), NO_RULE(A + 112),
	};
	struct frames f = { 0 };

	frames_cie(&f, CODE(USUAL_CIE));
	frames_fde(&f, A + 80, 32, CODE(PUSH));
	frames_fde(&f, A + 16, 32, CODE(PUSH));
	frames_cie(&f, CODE(USUAL_CIE));
	frames_fde(&f, A + 48, 32, CODE(PUSH));
	check_places("functions in disorder, of two CIEs", &f, places, COUNT(places));
}

static void test_holes(void)
{
	static const struct place places[] = {
		PUSHED(A + 31), PUSHED(A + 32),	 PUSHED(A + 46),  ENTRY(A + 47), PUSHED(A + 48),
		PUSHED(A + 62), NO_RULE(A + 63), NO_RULE(A + 78), ENTRY(A + 79), NO_RULE(A + 89),
	};
	struct frames f = { 0 };

	frames_cie(&f, CODE(USUAL_CIE));
	frames_fde(&f, A + 16, 16, CODE(PUSH));
	frames_fde(&f, A + 47, 16, CODE(PUSH)); /* after 15 bytes of padding */
	frames_fde(&f, A + 79, 10, CODE(""));	/* after a hole of 16 */
	check_places("padding and holes", &f, places, COUNT(places));
}

static void test_overlaps(void)
{
	static const struct place places[] = {
		ENTRY(A + 16),	 PUSHED(A + 17),  PUSHED(A + 47),
		NO_RULE(A + 48), NO_RULE(A + 63), ENTRY(A + 64),
	};
	struct frames f = { 0 };
	struct unwind_table t = { 0 };

	frames_cie(&f, CODE(USUAL_CIE));
	frames_fde(&f, A + 16, 32, CODE(PUSH));
	frames_fde(&f, A + 16, 32, CODE("\x0e\x20"));
	frames_fde(&f, A + 40, 23, CODE("\x0e\x20"));
	frames_fde(&f, A + 64, 32, CODE(PUSH));
	check_places("overlapping functions: the first holds", &f, places, COUNT(places));
	is_int(compile(&f, &t), 0, "overlapping functions");
	ok(t.skipped_count == 2 && t.fde_count == 2, "are counted");
	unwind_table_done(&t);
}

static void test_merging(void)
{
	struct frames f = { 0 };
	struct unwind_table t = { 0 };

	frames_cie(&f, CODE(USUAL_CIE));
	for (unsigned int i = 0; i < 10; i++)
		frames_fde(&f, A + 32ull * i, 32,
			   CODE("\x44\x0e\x10\x44\x0e\x10\x40\x0e\x18\x0e\x10\x44\x0e\x08"));
	is_int(compile(&f, &t), 0, "functions that end as the next begins");
	is_int(t.row_count, 10 * 2 + 1 + 1 + 3, "need no row for it");
	ok(is_sound(&t) && t.rule_count == 4, "and few rules");
	unwind_table_done(&t);
	/* A row that is taken back: the same address, and then what held before. */
	f.len = 0;
	frames_cie(&f, CODE(USUAL_CIE));
	frames_fde(&f, A, 32, CODE("\x44\x0e\x10\x40\x0e\x08\x44\x0e\x18"));
	is_int(compile(&f, &t), 0, "a row that is taken back");
	ok(is_sound(&t) && t.row_count == 3 + 3, "leaves nothing");
	unwind_table_done(&t);
}

static void test_pages(void)
{
	static const struct place places[] = {
		NO_RULE(A),	     ENTRY(PAGE(1) - 1), PUSHED(PAGE(1)),     PUSHED(PAGE(1) + 1),
		PUSHED(PAGE(2) - 1), PUSHED(PAGE(2)),	 PUSHED(PAGE(3) - 1), ENTRY(PAGE(3)),
		ENTRY(PAGE(4) - 1),  NO_RULE(PAGE(4)),
	};
	struct frames f = { 0 };
	struct unwind_table t = { 0 };

	frames_cie(&f, CODE(USUAL_CIE));
	/* Rows at the last byte of a page, the first of the next, and none in the one after it. */
	frames_fde(&f, PAGE(1) - 1, 0x20001, CODE(PUSH));
	frames_fde(&f, PAGE(3), 0x10000, CODE(""));
	check_places("across pages", &f, places, COUNT(places));
	is_int(compile(&f, &t), 0, "across pages");
	is_int(t.row_count, 2 + 1 + 1 + 1,
	       "each page has a row at its start, nothing after the end");
	unwind_table_done(&t);
}

/* The hole reaches over a page's start, the next function's rows lie on it. */
static void test_page_hole(void)
{
	static const struct place places[] = {
		ENTRY(PAGE(1) - 32), NO_RULE(PAGE(1) - 16), NO_RULE(PAGE(2) - 1), ENTRY(PAGE(2)),
		PUSHED(PAGE(2) + 1), PUSHED(PAGE(2) + 16),  PUSHED(PAGE(2) + 17), NO_RULE(PAGE(3)),
	};
	struct frames f = { 0 };

	frames_cie(&f, CODE(USUAL_CIE));
	frames_fde(&f, PAGE(1) - 32, 16, CODE(""));
	frames_fde(&f, PAGE(2), 0x10000, CODE(PUSH));
	check_places("a hole across pages", &f, places, COUNT(places));
}

static void test_special(void)
{
	static const struct place places[] = {
		{ A + 16, UNWIND_CFA_SIGNAL, 0, 0 },	    { A + 31, UNWIND_CFA_SIGNAL, 0, 0 },
		{ A + 32, UNWIND_CFA_END, 0, 0 },	    { A + 48, UNWIND_CFA_PLT, 8, 0 },
		{ A + 64, UNWIND_CFA_INEXPRESSIBLE, 0, 0 },
	};
	struct frames f = { 0 };

	frames_cie(&f, CODE("\x01zRS\0\x01\x78\x10\x01\x1b\x0f\x03\x77\xa0\x01\x06"));
	frames_fde(&f, A + 16, 16, CODE("\x10\x06\x02\x77\x78"));
	frames_cie(&f, CODE(USUAL_CIE));
	frames_fde(&f, A + 32, 16, CODE("\x07\x10"));
	frames_fde(&f, A + 48, 16, CODE("\x0f\x0b\x77\x08\x80\x00\x3f\x1a\x3a\x2a\x33\x24\x22"));
	frames_fde(&f, A + 64, 16, CODE("\x3f"));
	check_places("signal frame, _start, table of jumps, unknown", &f, places, COUNT(places));
	ok(unwind_table_find(&(struct unwind_table){ 0 }, A)->cfa == UNWIND_CFA_NONE, "nothing");
}

/* Each is skipped, and the one good function stays. */
static const struct {
	const char *what;
	uint64_t start, size;
} outside[] = {
	{ "before the code", A - 1, 32 },	{ "across its end", A + CODE_SIZE - 31, 32 },
	{ "after its end", A + CODE_SIZE, 32 }, { "at 0", 0, 32 },
	{ "of no bytes", A + 64, 0 },		{ "of too many", A + 64, 0xffffffff },
	{ "in the data", FRAME_VADDR, 32 },
};

static void test_outside(void)
{
	for (size_t i = 0; i < COUNT(outside); i++) {
		struct unwind_table t = { 0 };
		struct frames f = { 0 };

		frames_cie(&f, CODE(USUAL_CIE));
		frames_fde(&f, outside[i].start, outside[i].size, CODE(""));
		ok(compile(&f, &t) == -ENODATA && !t.rules, "only a function %s", outside[i].what);
		frames_fde(&f, A + 16, 16, CODE(""));
		is_int(compile(&f, &t), 0, "one %s, and a good one", outside[i].what);
		ok(t.fde_count == 1 && t.skipped_count == 1 && is_sound(&t),
		   "the good one is used");
		unwind_table_done(&t);
	}
}

/* FDEs whose CIE is not one. */
static void test_bad_cies(void)
{
	struct unwind_table t = { 0 };
	struct frames f = { 0 };
	size_t good;

	frames_cie(&f, CODE(USUAL_CIE));
	good = f.cie;
	frames_cie(&f, CODE("\x01zR\0\x01\x78\x10\x01\x9b"));
	frames_fde(&f, A, 16, CODE(""));
	f.cie = good + 1;
	frames_fde(&f, A + 16, 16, CODE(""));
	f.cie = f.len;
	frames_fde(&f, A + 32, 16, CODE("")); /* its own CIE */
	f.cie = f.len + 4;
	frames_fde(&f, A + 48, 16, CODE("")); /* a CIE itself, and so no FDE */
	f.cie = (size_t)-100;
	frames_fde(&f, A + 64, 16, CODE(""));
	f.cie = good;
	frames_fde(&f, A + 80, 16, CODE(""));
	is_int(compile(&f, &t), 0, "FDEs of all sorts of CIEs");
	is_int(t.fde_count, 1, "the one of a usable CIE is used");
	is_int(t.skipped_count, 4, "the others are counted");
	unwind_table_done(&t);
}

static void test_lying_length(void)
{
	struct unwind_table t = { 0 };
	struct frames f = { 0 };

	frames_cie(&f, CODE(USUAL_CIE));
	frames_fde(&f, A + 16, 16, CODE(""));
	frames_fixed(&f, 0x7fffffff, 4);
	frames_fde(&f, A + 32, 16, CODE(""));
	is_int(compile(&f, &t), 0, "a record whose length lies");
	ok(t.fde_count == 1 && t.skipped_count == 1, "ends what is read, and is counted");
	unwind_table_done(&t);
}

static size_t usual_frames(struct frames *f)
{
	frames_cie(f, CODE(USUAL_CIE));
	frames_fde(f, A + 0x20, 32, CODE(PUSH));
	frames_fde(f, A + 0x10, 16, CODE("\x0a\x44\x0e\x10\x44\x0b"));
	frames_cie(f, CODE("\x01zPLR\0\x01\x78\x10\x07\x9b\1\2\3\4\x1b\x1b\x0c\x07\x08\x90\x01"));
	frames_fde(f, A + 0x60, 48, CODE("\x02\x10\x0f\x03\x76\x58\x06\x10\x06\x02\x76\x00"));
	frames_fixed(f, 0, 4);
	return f->len;
}

/* Every shorter section, and every byte changed: an answer, no crash, a sound table. */
static void test_cut(void)
{
	struct frames f = { 0 };
	size_t len = usual_frames(&f), sound = 0, tables = 0;
	uint8_t flips[] = { 0x01, 0x80, 0xff };

	for (size_t i = 0; i < len * (1 + sizeof(flips)); i++) {
		struct unwind_table t = { 0 };
		struct frames bent = f;

		if (i < len)
			bent.len = i;
		else
			bent.at[i % len] ^= flips[i / len - 1];
		if (compile(&bent, &t) == 0) {
			tables++;
			sound += is_sound(&t);
		}
		unwind_table_done(&t);
	}
	ok(tables > 100 && sound == tables, "bent and shortened: %zu tables, all sound", tables);
}

static void check_failing(const char *what, const struct frame_image *image)
{
	struct bytes b;
	struct elf elf;
	bool is_hit = true;

	must(frame_image_open(image, &b, &elf) == 0);
	for (size_t n = 1; is_hit; n++) {
		struct unwind_table t = { 0 };
		int err;

		failing_alloc_start(n);
		err = unwind_table_read(&elf, &t);
		is_hit = failing_alloc_stop();
		is_int(err, is_hit ? -ENOMEM : 0, "%s: allocation %zu", what, n);
		ok(is_hit == !t.rules, "%s: untouched on failure", what);
		unwind_table_done(&t);
	}
}

static void test_no_memory(void)
{
	struct frame_image image;
	struct frames f = { 0 };

	(void)usual_frames(&f);
	for (uint64_t i = 0; i < 20; i++) {
		/* enough rows, rules, FDEs and CIEs for each array to grow */
		char code[] = { 0x41, 0x0e, (char)(16 + i), 0x41, 0x0e, (char)(64 + i) };

		frames_cie(&f, CODE(USUAL_CIE));
		frames_fde(&f, PAGE(1) + 0x1000 * i, 32, code, sizeof(code));
	}
	frame_image_init(&image, &f);
	check_failing(".eh_frame", &image);
	f = (struct frames){ .is_debug = true };
	frames_cie(&f, CODE("\x03\0\x01\x78\x10\x0c\x07\x08\x90\x01"));
	frames_fde(&f, A + 16, 16, CODE(PUSH));
	frame_image_init(&image, &f);
	check_failing(".debug_frame", &image);
}

/* The segments, and how many pages they come to. */
static void test_segments(void)
{
	struct unwind_table t = { 0 };
	struct frame_image image;
	struct frames f = { 0 };

	(void)usual_frames(&f);
	frame_image_init(&image, &f);
	image.code.p_flags = PF_R;
	is_int(compile_image(&image, &t), -EBADMSG, "no executable segment");
	image.code.p_flags = PF_R | PF_X;
	image.code.p_memsz = 0;
	is_int(compile_image(&image, &t), -EBADMSG, "an empty one");
	image.code.p_memsz = ((uint64_t)UNWIND_TABLE_MAX_PAGES << 16) + 1;
	is_int(compile_image(&image, &t), -E2BIG, "one with too many pages");
	image.code.p_memsz--;
	is_int(compile_image(&image, &t), 0, "one with as many as are allowed");
	ok(t.page_count == UNWIND_TABLE_MAX_PAGES && is_sound(&t), "all of them have their row");
	unwind_table_done(&t);
	image.hdr_segment = image.code;
	image.hdr_segment.p_type = PT_LOAD;
	image.hdr_segment.p_vaddr = UINT64_MAX - 4096;
	image.hdr_segment.p_memsz = 4096;
	is_int(compile_image(&image, &t), -E2BIG, "two that are far apart");
}

int main(void)
{
	test_one_function();
	test_order();
	test_holes();
	test_overlaps();
	test_merging();
	test_pages();
	test_page_hole();
	test_special();
	test_outside();
	test_bad_cies();
	test_lying_length();
	test_cut();
	test_no_memory();
	test_segments();
	return tap_done();
}

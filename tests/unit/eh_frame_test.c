// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The records of call frame information: both flavours, every version, whatever is cut short. */
#include "symbol/eh_frame.h"

#include "eh_frame_image.h"
#include "tap.h"

#include <stdlib.h>

static struct eh_frame frame_of(const struct frames *f)
{
	return (struct eh_frame){
		.bytes = { f->at, f->len },
		.vaddr = f->is_debug ? 0 : FRAME_VADDR + HDR_SIZE,
		.is_debug = f->is_debug,
	};
}

static void test_walk(bool is_debug)
{
	struct frames f = { .is_debug = is_debug };
	const char *flavour = is_debug ? ".debug_frame" : ".eh_frame";
	struct eh_frame frame;
	struct eh_record r;
	struct eh_cie cie;
	struct eh_fde fde = { 0 };
	size_t at = 0, cie_at;

	if (is_debug)
		frames_cie(&f, CODE("\x04\0\x08\0\x01\x78\x10\x0c\x07\x08\x90\x01"));
	else
		frames_cie(&f, CODE(USUAL_CIE));
	cie_at = f.cie;
	frames_fde(&f, CODE_VADDR, 32, CODE("\x41\x0e\x10"));
	frames_fixed(&f, 0, 4);
	frame = frame_of(&f);

	eh_frame_next(&frame, &at, &r);
	ok(r.kind == EH_CIE && r.at == cie_at && !r.is_64, "%s: a CIE", flavour);
	ok(eh_cie_read(&r, &cie) && cie.code_align == 1 && cie.data_align == -8 &&
		   cie.return_register == 16 && cie.is_augmented == !is_debug && !cie.is_signal &&
		   cie.pointer_encoding == (is_debug ? 0 : 0x1b),
	   "%s: what it says", flavour);
	ok(cursor_left(&cie.instructions) >= 5 && *cie.instructions.at == 0x0c,
	   "%s: its instructions", flavour);
	eh_frame_next(&frame, &at, &r);
	ok(r.kind == EH_FDE && r.cie_at == cie_at, "%s: an FDE of it", flavour);
	ok(eh_fde_read(&r, &cie, &fde) && fde.start == CODE_VADDR && fde.size == 32 &&
		   *fde.instructions.at == 0x41,
	   "%s: what it says", flavour);
	eh_frame_next(&frame, &at, &r);
	ok(r.kind == EH_END && !r.is_lie, "%s: the end", flavour);
}

/* A length of 8 bytes: .debug_frame then has 8 for the id too, .eh_frame keeps 4. */
static void test_64(void)
{
	struct frames debug = { .is_debug = true }, eh = { 0 };
	struct eh_frame frame;
	struct eh_record r;
	size_t at = 0;

	frames_fixed(&debug, UINT32_MAX, 4);
	frames_fixed(&debug, 16, 8);
	frames_fixed(&debug, UINT64_MAX, 8);
	frames_bytes(&debug, "\x03\0\x01\x78\x10\0\0\0", 8);
	frames_fixed(&debug, UINT32_MAX, 4);
	frames_fixed(&debug, 24, 8);
	frames_fixed(&debug, 0, 8);
	frames_fixed(&debug, CODE_VADDR, 8);
	frames_fixed(&debug, 16, 8);
	frame = frame_of(&debug);
	eh_frame_next(&frame, &at, &r);
	ok(r.kind == EH_CIE && r.is_64 && at == 28, ".debug_frame, 64 bits: CIE");
	eh_frame_next(&frame, &at, &r);
	ok(r.kind == EH_FDE && r.cie_at == 0 && cursor_left(&r.body) == 16,
	   ".debug_frame, 64 bits: FDE");

	frames_fixed(&eh, UINT32_MAX, 4);
	frames_fixed(&eh, 12, 8);
	frames_fixed(&eh, 0, 4);
	frames_bytes(&eh, "\x03\0\x01\x78\x10\0\0\0", 8);
	frames_fixed(&eh, UINT32_MAX, 4);
	frames_fixed(&eh, 20, 8);
	frames_fixed(&eh, eh.len, 4);
	frame = frame_of(&eh);
	frame.bytes.len += 16;
	at = 0;
	eh_frame_next(&frame, &at, &r);
	ok(r.kind == EH_CIE && r.is_64 && at == 24, ".eh_frame, 64 bits: CIE");
	eh_frame_next(&frame, &at, &r);
	ok(r.kind == EH_FDE && r.cie_at == 0 && cursor_left(&r.body) == 16,
	   ".eh_frame, 64 bits: FDE");
}

static const struct {
	const char *what;
	const char *body;
	size_t len;
	bool is_usable;
} cies[] = {
	{ "usual", CODE(USUAL_CIE), true },
	{ "version 1", CODE("\x01\0\x01\x78\x10"), true },
	{ "version 3", CODE("\x03\0\x01\x78\x10"), true },
	{ "version 3, long register", CODE("\x03\0\x01\x78\x90\x00"), true },
	{ "version 4", CODE("\x04\0\x08\0\x01\x78\x10"), true },
	{ "version 4, addresses of 4", CODE("\x04\0\x04\0\x01\x78\x10"), false },
	{ "version 4, segments", CODE("\x04\0\x08\x02\x01\x78\x10"), false },
	{ "version 2", CODE("\x02\0\x01\x78\x10"), false },
	{ "version 5", CODE("\x05\0\x08\0\x01\x78\x10"), false },
	{ "of C++", CODE("\x01zPLR\0\x01\x78\x10\x07\x9b\1\2\3\4\x1b\x1b"), true },
	{ "no personality", CODE("\x01zPR\0\x01\x78\x10\x02\xff\x1b"), true },
	{ "personality of 8 bytes", CODE("\x01zPR\0\x01\x78\x10\x0a\x00\1\2\3\4\5\6\7\x08\x1b"),
	  true },
	{ "aligned personality", CODE("\x01zPR\0\x01\x78\x10\x0a\x50\1\2\3\4\5\6\7\x08\x1b"),
	  false },
	{ "personality of no form", CODE("\x01zPR\0\x01\x78\x10\x03\x05\1\x1b"), false },
	{ "personality cut short", CODE("\x01zP\0\x01\x78\x10\x03\x9b\1\2"), false },
	{ "a signal frame", CODE("\x01zRS\0\x01\x78\x10\x01\x1b"), true },
	{ "an unknown letter", CODE("\x01zXR\0\x01\x78\x10\x01\x1b"), false },
	{ "no z", CODE("\x01R\0\x01\x78\x10\x01\x1b"), false },
	{ "of gcc 2",
	  CODE("\x01"
	       "eh\0\1\2\3\4\5\6\7\x08\x01\x78\x10"),
	  false },
	{ "data cut short", CODE("\x01zR\0\x01\x78\x10\x02\x1b"), false },
	{ "data with more in them", CODE("\x01zR\0\x01\x78\x10\x03\x1b\0\0"), true },
	{ "fewer data than letters", CODE("\x01zR\0\x01\x78\x10\x00\x1b"), false },
	{ "augmentation cut short", CODE("\x01zR"), false },
	{ "head cut short", CODE("\x01\0\x01\x78"), false },
	{ "nothing", CODE(""), false },
	{ "encoding absptr", CODE("\x01zR\0\x01\x78\x10\x01\x00"), true },
	{ "encoding udata2", CODE("\x01zR\0\x01\x78\x10\x01\x12"), true },
	{ "encoding uleb128", CODE("\x01zR\0\x01\x78\x10\x01\x01"), true },
	{ "encoding sdata8", CODE("\x01zR\0\x01\x78\x10\x01\x1c"), true },
	{ "encoding 5", CODE("\x01zR\0\x01\x78\x10\x01\x05"), false },
	{ "encoding 8", CODE("\x01zR\0\x01\x78\x10\x01\x08"), false },
	{ "encoding 13", CODE("\x01zR\0\x01\x78\x10\x01\x0d"), false },
	{ "encoding datarel", CODE("\x01zR\0\x01\x78\x10\x01\x3b"), false },
	{ "encoding textrel", CODE("\x01zR\0\x01\x78\x10\x01\x2b"), false },
	{ "encoding aligned", CODE("\x01zR\0\x01\x78\x10\x01\x50"), false },
	{ "encoding indirect", CODE("\x01zR\0\x01\x78\x10\x01\x9b"), false },
	{ "encoding omitted", CODE("\x01zR\0\x01\x78\x10\x01\xff"), false },
};

/* Every CIE in memory of its own, which ASan guards, and every shorter one. */
static void test_cies(void)
{
	for (size_t i = 0; i < COUNT(cies); i++) {
		struct eh_cie cie;

		for (size_t len = 0; len <= cies[i].len; len++) {
			uint8_t *copy = malloc(len + !len);
			struct eh_record r = { .body = { .at = copy, .end = copy + len } };
			bool is_usable;

			must(copy);
			memcpy(copy, cies[i].body, len);
			is_usable = eh_cie_read(&r, &cie);
			if (len == cies[i].len)
				ok(is_usable == cies[i].is_usable, "CIE: %s", cies[i].what);
			free(copy);
		}
	}
}

static void test_datarel(void)
{
	static const uint8_t body[] = "\x01zR\0\x01\x78\x10\x01\x3b";
	static const uint8_t range[] = { 0x10, 0, 0, 0, 0x20, 0, 0, 0, 0 };
	struct eh_record r = {
		.body = { .at = body, .end = body + sizeof(body) - 1, .data_base = FRAME_VADDR }
	};
	struct eh_cie cie;
	struct eh_fde fde;

	ok(eh_cie_read(&r, &cie), "datarel, when it is known to what");
	r.body.at = range;
	r.body.end = range + sizeof(range);
	ok(eh_fde_read(&r, &cie, &fde) && fde.start == FRAME_VADDR + 16 && fde.size == 32,
	   "and an FDE");
	for (size_t len = 0; len < sizeof(range); len++) {
		r.body.at = range;
		r.body.end = range + len;
		ok(!eh_fde_read(&r, &cie, &fde), "an FDE cut short to %zu", len);
	}
}

static const struct {
	const char *what;
	const char *bytes;
	size_t len;
	enum eh_kind kind;
	bool is_lie;
	size_t cie_at;
} records[] = {
	{ "nothing", CODE(""), EH_END, false, SIZE_MAX },
	{ "less than a length", CODE("\x04\0\0"), EH_END, false, SIZE_MAX },
	{ "only zeros", CODE("\0\0\0\0\0\0\0\0"), EH_END, false, SIZE_MAX },
	{ "zeros, then a CIE", CODE("\0\0\0\0\x04\0\0\0\0\0\0\0"), EH_CIE, false, 8 },
	{ "no room for the id", CODE("\x03\0\0\0\0\0\0\0"), EH_END, true, SIZE_MAX },
	{ "past the end", CODE("\x05\0\0\0\0\0\0\0"), EH_END, true, SIZE_MAX },
	{ "far past the end", CODE("\xf0\xff\xff\xff\0\0\0\0"), EH_END, true, SIZE_MAX },
	{ "64 bits, cut short", CODE("\xff\xff\xff\xff\0\0\0\0"), EH_END, true, SIZE_MAX },
	{ "64 bits, past the end", CODE("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0"),
	  EH_END, true, SIZE_MAX },
	{ "CIE at the FDE itself", CODE("\x04\0\0\0\x04\0\0\0"), EH_FDE, false, 0 },
	{ "CIE before the section", CODE("\x04\0\0\0\x05\0\0\0"), EH_FDE, false, SIZE_MAX },
};

static void test_records(void)
{
	for (size_t i = 0; i < COUNT(records); i++) {
		uint8_t *copy = malloc(records[i].len + 1);
		struct eh_frame frame = { .bytes = { copy, records[i].len } };
		struct eh_record r;
		size_t at = 0;

		must(copy);
		memcpy(copy, records[i].bytes, records[i].len);
		eh_frame_next(&frame, &at, &r);
		ok(r.kind == records[i].kind && r.is_lie == records[i].is_lie, "record: %s",
		   records[i].what);
		ok(r.kind != EH_FDE || r.cie_at == records[i].cie_at, "record: %s: its CIE",
		   records[i].what);
		free(copy);
	}
	const uint8_t zeros_first[] = { 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0 };
	struct eh_frame frame = { .bytes = { zeros_first, sizeof(zeros_first) },
				  .is_endless = true };
	struct eh_record r;
	size_t at = 0;

	eh_frame_next(&frame, &at, &r);
	ok(r.kind == EH_END && !r.is_lie, "zeros end a section of unknown size");
	frame.is_debug = true;
	frame.is_endless = false;
	at = 0;
	frame.bytes = (struct bytes){ (const uint8_t *)"\x04\0\0\0\x08\0\0\0", 8 };
	eh_frame_next(&frame, &at, &r);
	ok(r.kind == EH_FDE && r.cie_at == SIZE_MAX, ".debug_frame: a CIE past the end is none");
}

int main(void)
{
	test_walk(false);
	test_walk(true);
	test_64();
	test_cies();
	test_datarel();
	test_records();
	return tap_done();
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* CIEs and FDEs, cut out of their section. */
#include "symbol/eh_frame.h"

#include <string.h>

#define LENGTH_IS_64   0xffffffffu
#define DEBUG_CIE_32   0xffffffffu
#define DEBUG_CIE_64   UINT64_MAX
#define X86_64_ADDRESS 8

static struct dwarf_cursor cursor_at(const struct eh_frame *frame, size_t at)
{
	return (struct dwarf_cursor){
		.at = frame->bytes.at + at,
		.end = frame->bytes.at + frame->bytes.len,
		.vaddr = frame->vaddr + frame->bytes.len,
		.data_base = frame->data_base,
	};
}

/* Makes the cursor end @len bytes from where it is. */
static void cursor_cut(struct dwarf_cursor *c, size_t len)
{
	c->vaddr -= cursor_left(c) - len;
	c->end = c->at + len;
}

/* .eh_frame counts back from the field at @field, .debug_frame from the section's start. */
static void set_kind(struct eh_record *r, const struct eh_frame *frame, size_t field, uint64_t id)
{
	if (frame->is_debug) {
		r->kind = id == (r->is_64 ? DEBUG_CIE_64 : DEBUG_CIE_32) ? EH_CIE : EH_FDE;
		r->cie_at = id < frame->bytes.len ? (size_t)id : SIZE_MAX;
	} else {
		r->kind = id == 0 ? EH_CIE : EH_FDE;
		r->cie_at = id <= field ? field - (size_t)id : SIZE_MAX;
	}
}

/* The length's field; padding of zeros is passed by. False: the end. */
static bool read_length(const struct eh_frame *frame, struct dwarf_cursor *c, struct eh_record *r,
			uint64_t *ret_len)
{
	uint64_t len = 0;

	while (cursor_left(c) >= 4 && !len) {
		r->at = (size_t)(c->at - frame->bytes.at);
		len = cursor_fixed(c, 4);
		if (!len && frame->is_endless)
			return false;
	}
	if (!len)
		return false;
	r->is_64 = len == LENGTH_IS_64;
	*ret_len = r->is_64 ? cursor_fixed(c, 8) : len;
	return true;
}

void eh_frame_next(const struct eh_frame *frame, size_t *at, struct eh_record *ret_record)
{
	struct eh_record r = { .kind = EH_END, .cie_at = SIZE_MAX };
	struct dwarf_cursor c = cursor_at(frame, *at);
	uint64_t len, id;
	size_t field;

	*ret_record = r;
	if (!read_length(frame, &c, &r, &len))
		return;
	ret_record->at = r.at;
	ret_record->is_lie = true;
	if (c.is_broken || len > cursor_left(&c))
		return;
	cursor_cut(&c, (size_t)len);
	field = (size_t)(c.at - frame->bytes.at);
	/* The pointer of .eh_frame has 4 bytes also after a length of 8. */
	id = cursor_fixed(&c, frame->is_debug && r.is_64 ? 8 : 4);
	if (c.is_broken)
		return;
	set_kind(&r, frame, field, id);
	r.body = c;
	*at = field + (size_t)len;
	*ret_record = r;
}

/* The personality routine is of no interest, only how long its pointer is. */
static void skip_pointer(struct dwarf_cursor *c)
{
	uint8_t encoding = (uint8_t)cursor_fixed(c, 1);

	if (encoding == POINTER_OMIT)
		return;
	if ((encoding & POINTER_BASE) == POINTER_ALIGNED)
		cursor_break(c);
	(void)cursor_pointer(c, encoding & POINTER_FORM);
}

static bool is_usable_encoding(const struct dwarf_cursor *c, uint8_t encoding)
{
	uint8_t base = encoding & POINTER_BASE, form = encoding & POINTER_FORM;

	if (encoding & POINTER_INDIRECT)
		return false;
	if (base && base != POINTER_PCREL && (base != POINTER_DATAREL || !c->data_base))
		return false;
	return form <= POINTER_UDATA8 || (form >= POINTER_SLEB128 && form <= POINTER_SDATA8);
}

/*
 * The augmentation string tells what its data are; a letter not known here means that what follows
 * is not known either.
 */
static bool read_augmentation(const char *letters, struct dwarf_cursor *c, struct eh_cie *cie)
{
	struct dwarf_cursor data = *c;
	uint64_t len;

	cie->pointer_encoding = POINTER_ABSPTR;
	if (!*letters)
		return true;
	if (*letters != 'z')
		return false;
	cie->is_augmented = true;
	len = cursor_uleb(c);
	data = *c;
	(void)cursor_bytes(c, len);
	if (c->is_broken)
		return false;
	cursor_cut(&data, (size_t)len);
	for (letters++; *letters; letters++) {
		if (*letters == 'R')
			cie->pointer_encoding = (uint8_t)cursor_fixed(&data, 1);
		else if (*letters == 'L')
			(void)cursor_fixed(&data, 1);
		else if (*letters == 'P')
			skip_pointer(&data);
		else if (*letters == 'S')
			cie->is_signal = true;
		else
			return false;
	}
	return !data.is_broken && is_usable_encoding(&data, cie->pointer_encoding);
}

static const char *read_text(struct dwarf_cursor *c)
{
	const uint8_t *nul = cursor_left(c) ? memchr(c->at, 0, cursor_left(c)) : NULL;

	if (!nul) {
		cursor_break(c);
		return "";
	}
	return (const char *)cursor_bytes(c, (uint64_t)(nul - c->at) + 1).at;
}

bool eh_cie_read(const struct eh_record *record, struct eh_cie *ret_cie)
{
	struct dwarf_cursor c = record->body;
	struct eh_cie cie = { 0 };
	uint64_t version = cursor_fixed(&c, 1);
	const char *letters = read_text(&c);

	if (version != 1 && version != 3 && version != 4)
		return false;
	/* Version 4 has the size of an address and of a segment selector. */
	if (version == 4 && (cursor_fixed(&c, 1) != X86_64_ADDRESS || cursor_fixed(&c, 1) != 0))
		return false;
	cie.code_align = cursor_uleb(&c);
	cie.data_align = cursor_sleb(&c);
	cie.return_register = version == 1 ? cursor_fixed(&c, 1) : cursor_uleb(&c);
	if (c.is_broken || !read_augmentation(letters, &c, &cie))
		return false;
	cie.instructions = c;
	*ret_cie = cie;
	return true;
}

bool eh_fde_read(const struct eh_record *record, const struct eh_cie *cie, struct eh_fde *ret_fde)
{
	struct dwarf_cursor c = record->body;
	struct eh_fde fde;

	fde.start = cursor_pointer(&c, cie->pointer_encoding);
	fde.size = cursor_pointer(&c, cie->pointer_encoding & POINTER_FORM);
	if (cie->is_augmented)
		(void)cursor_bytes(&c, cursor_uleb(&c));
	if (c.is_broken)
		return false;
	fde.instructions = c;
	*ret_fde = fde;
	return true;
}

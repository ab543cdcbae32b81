/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Memory of a process that runs V8, as tests/host/v8-record.c writes it: the constants of its
 * binary, some places of code, and of the memory what the decoder read for them. Little-endian,
 * nothing aligned:
 *
 *	struct v8_image_head
 *	constants:	4 bytes value, 1 byte length, name
 *	builtins:	8 bytes address, 8 bytes size, 1 byte length, name
 *	places:		8 bytes each of pc, vaddr, shared, 1 byte is_return
 *	pieces:		8 bytes address, 4 bytes length, the bytes
 */
#ifndef TESTS_UNIT_V8_IMAGE_H
#define TESTS_UNIT_V8_IMAGE_H

#include "base/bytes.h"
#include "base/text.h"
#include "symbol/v8.h"
#include "symbol/v8_offsets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define V8_IMAGE_MAGIC	     "V8image1"
#define V8_IMAGE_MAX_COUNT   1024
#define V8_IMAGE_NAMES_BYTES 262144

struct v8_image_head {
	char magic[8];
	struct v8_version version;
	uint64_t builtins_start, builtins_end;
	uint32_t constant_count, builtin_count, place_count, piece_count;
} __attribute__((packed));

struct v8_image_piece {
	uint64_t address;
	uint32_t len;
	const uint8_t *at;
};

struct v8_image {
	struct v8_layout layout;
	struct v8_offsets offsets;
	struct v8_builtin builtins[V8_IMAGE_MAX_COUNT];
	struct v8_constant constants[V8_IMAGE_MAX_COUNT];
	struct v8_place places[V8_IMAGE_MAX_COUNT];
	struct v8_image_piece pieces[V8_IMAGE_MAX_COUNT];
	size_t place_count, piece_count, constant_count;
	char names[V8_IMAGE_NAMES_BYTES];
	size_t names_len;
	size_t fail_at; /* the read with this number, from 1, fails; 0 none */
	size_t reads;
};

static inline int v8_image_take(struct bytes *b, void *into, size_t len)
{
	if (len > b->len)
		return -EBADMSG;
	memcpy(into, b->at, len);
	b->at += len;
	b->len -= len;
	return 0;
}

static inline const char *v8_image_name(struct v8_image *image, struct bytes *b)
{
	char *name = image->names + image->names_len;
	char raw[UINT8_MAX];
	uint8_t len;

	/* Cleaning makes it longer at times. */
	if (v8_image_take(b, &len, 1) || v8_image_take(b, raw, len) ||
	    image->names_len + TEXT_MAX > sizeof(image->names))
		return NULL;
	image->names_len += text_clean(raw, len, name, TEXT_MAX) + 1;
	return name;
}

static inline int v8_image_names(struct v8_image *image, const struct v8_image_head *head,
				 struct bytes *b)
{
	for (uint32_t i = 0; i < head->constant_count; i++) {
		struct v8_constant *c = &image->constants[i];

		if (v8_image_take(b, &c->value, 4) || !(c->name = v8_image_name(image, b)))
			return -EBADMSG;
	}
	for (uint32_t i = 0; i < head->builtin_count; i++) {
		struct v8_builtin *f = &image->builtins[i];

		if (v8_image_take(b, &f->vaddr, 8) || v8_image_take(b, &f->size, 8) ||
		    !(f->name = v8_image_name(image, b)) || !f->name[0])
			return -EBADMSG;
	}
	return 0;
}

static inline int v8_image_memory(struct v8_image *image, const struct v8_image_head *head,
				  struct bytes *b)
{
	for (uint32_t i = 0; i < head->place_count; i++) {
		struct v8_place *p = &image->places[i];
		uint8_t is_return;

		if (v8_image_take(b, &p->pc, 8) || v8_image_take(b, &p->vaddr, 8) ||
		    v8_image_take(b, &p->shared, 8) || v8_image_take(b, &is_return, 1))
			return -EBADMSG;
		p->is_return = is_return & 1;
	}
	for (uint32_t i = 0; i < head->piece_count; i++) {
		struct v8_image_piece *p = &image->pieces[i];

		if (v8_image_take(b, &p->address, 8) || v8_image_take(b, &p->len, 4) ||
		    p->len > b->len)
			return -EBADMSG;
		p->at = b->at;
		b->at += p->len;
		b->len -= p->len;
	}
	return 0;
}

/*
 * @image is zeroed, borrows the @bytes and must not move. 0, -EBADMSG, or what v8_offsets_fill says
 * of the constants.
 */
static inline int v8_image_open(struct v8_image *image, struct bytes bytes)
{
	struct v8_image_head head;
	struct v8_constants constants;
	char refusal[V8_REFUSAL_MAX];

	if (v8_image_take(&bytes, &head, sizeof(head)) ||
	    memcmp(head.magic, V8_IMAGE_MAGIC, sizeof(head.magic)) != 0 ||
	    head.constant_count > V8_IMAGE_MAX_COUNT || head.builtin_count > V8_IMAGE_MAX_COUNT ||
	    head.place_count > V8_IMAGE_MAX_COUNT || head.piece_count > V8_IMAGE_MAX_COUNT ||
	    v8_image_names(image, &head, &bytes) || v8_image_memory(image, &head, &bytes))
		return -EBADMSG;
	image->place_count = head.place_count;
	image->piece_count = head.piece_count;
	image->constant_count = head.constant_count;
	image->layout = (struct v8_layout){
		.version = head.version,
		.offsets = &image->offsets,
		.builtins_start = head.builtins_start,
		.builtins_end = head.builtins_end,
		.builtins = image->builtins,
		.builtin_count = head.builtin_count,
	};
	constants = (struct v8_constants){ image->constants, head.constant_count, 0 };
	return v8_offsets_fill(&constants, &image->layout.version, &image->offsets, refusal);
}

static inline int v8_image_read(void *arg, uint64_t address, void *into, size_t size)
{
	struct v8_image *image = arg;

	if (++image->reads == image->fail_at)
		return -EFAULT;
	for (size_t i = 0; i < image->piece_count; i++) {
		const struct v8_image_piece *p = &image->pieces[i];
		uint64_t at = address - p->address;

		if (at <= p->len && size <= p->len - at) {
			memcpy(into, p->at + at, size);
			return 0;
		}
	}
	return -EFAULT;
}

#endif

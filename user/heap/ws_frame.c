// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Frames to messages and back; see the header. */
#include "heap/ws_frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FINAL	 0x80
#define RESERVED 0x70
#define OPCODE	 0x0f
#define CONTROL	 0x08
#define MASKED	 0x80
#define LEN_16	 126
#define LEN_64	 127

static bool is_opcode(uint8_t code)
{
	return code <= WS_BINARY || (code >= WS_CLOSE && code <= WS_PONG);
}

static uint64_t big_endian(const uint8_t *at, size_t len)
{
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++)
		value = value << 8 | at[i];
	return value;
}

int ws_frame_read(struct bytes in, struct ws_frame *ret)
{
	struct ws_frame f = { 0 };
	size_t extra;
	uint8_t short_len;

	if (in.len < 2)
		return -EAGAIN;
	f.is_final = in.at[0] & FINAL;
	f.is_masked = in.at[1] & MASKED;
	f.opcode = (enum ws_opcode)(in.at[0] & OPCODE);
	short_len = in.at[1] & (uint8_t)~MASKED;
	if (in.at[0] & RESERVED || !is_opcode(in.at[0] & OPCODE))
		return -EBADMSG;
	if (f.opcode & CONTROL && (!f.is_final || short_len > WS_CONTROL_MAX))
		return -EBADMSG;
	extra = short_len == LEN_16 ? 2 : short_len == LEN_64 ? 8 : 0;
	f.head_len = 2 + extra + (f.is_masked ? sizeof(f.mask) : 0);
	if (in.len < f.head_len)
		return -EAGAIN;
	f.len = extra ? big_endian(in.at + 2, extra) : short_len;
	if ((extra == 2 && f.len < LEN_16) || (extra == 8 && f.len <= UINT16_MAX) ||
	    f.len > INT64_MAX)
		return -EBADMSG;
	if (f.is_masked)
		memcpy(f.mask, in.at + 2 + extra, sizeof(f.mask));
	*ret = f;
	return 0;
}

size_t ws_frame_write(enum ws_opcode opcode, struct bytes payload, const uint8_t mask[4],
		      uint8_t *buf)
{
	size_t extra = payload.len < LEN_16 ? 0 : payload.len <= UINT16_MAX ? 2 : 8;
	uint8_t *at = buf + 2;

	buf[0] = (uint8_t)(FINAL | opcode);
	buf[1] = (uint8_t)(MASKED | (extra == 0 ? payload.len : extra == 2 ? LEN_16 : LEN_64));
	for (size_t i = extra; i > 0; i--)
		*at++ = (uint8_t)((uint64_t)payload.len >> 8 * (i - 1));
	memcpy(at, mask, 4);
	at += 4;
	for (size_t i = 0; i < payload.len; i++)
		*at++ = payload.at[i] ^ mask[i % 4];
	return (size_t)(at - buf);
}

/* --- reading ---------------------------------------------------------------------------------- */

void ws_reader_done(struct ws_reader *r)
{
	free(r->in);
	free(r->parts);
	*r = (struct ws_reader){ 0 };
}

static int append(uint8_t **at, size_t *len, size_t *cap, struct bytes more)
{
	size_t want = *len + more.len;
	uint8_t *grown;

	if (want > *cap) {
		grown = realloc(*at, want + want / 2);
		if (!grown)
			return -ENOMEM;
		*at = grown;
		*cap = want + want / 2;
	}
	if (more.len)
		memcpy(*at + *len, more.at, more.len);
	*len = want;
	return 0;
}

int ws_reader_feed(struct ws_reader *r, struct bytes in)
{
	if (r->at) {
		memmove(r->in, r->in + r->at, r->len - r->at);
		r->len -= r->at;
		r->at = 0;
	}
	return append(&r->in, &r->len, &r->cap, in);
}

/* A part of a message, the first or a later one. As ws_reader_next. */
static int take_part(struct ws_reader *r, const struct ws_frame *f, struct bytes payload,
		     struct ws_message *ret)
{
	int err;

	if ((f->opcode == WS_CONTINUATION) != r->is_in_parts)
		return -EBADMSG;
	if (f->is_final && !r->is_in_parts) {
		*ret = (struct ws_message){ f->opcode, payload };
		return 1;
	}
	if (!r->is_in_parts) {
		r->opcode = f->opcode;
		r->parts_len = 0;
	}
	err = append(&r->parts, &r->parts_len, &r->parts_cap, payload);
	if (err)
		return err;
	r->is_in_parts = !f->is_final;
	*ret = (struct ws_message){ r->opcode, { r->parts, r->parts_len } };
	return f->is_final;
}

int ws_reader_next(struct ws_reader *r, struct ws_message *ret)
{
	int got = 0;

	while (got == 0) {
		struct bytes rest = { r->in + r->at, r->len - r->at };
		struct bytes payload;
		struct ws_frame f;
		int err = ws_frame_read(rest, &f);

		if (err)
			return err == -EAGAIN ? 0 : err;
		if (f.is_masked) /* only clients mask */
			return -EBADMSG;
		if (f.len > WS_MESSAGE_MAX - (r->is_in_parts ? r->parts_len : 0))
			return -E2BIG;
		if (rest.len - f.head_len < f.len)
			return 0;
		payload = (struct bytes){ rest.at + f.head_len, (size_t)f.len };
		r->at += f.head_len + (size_t)f.len;
		if (f.opcode & CONTROL) {
			*ret = (struct ws_message){ f.opcode, payload };
			return 1;
		}
		got = take_part(r, &f, payload, ret);
	}
	return got;
}

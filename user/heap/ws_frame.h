/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * WebSocket frames (RFC 6455, section 5) as a client writes and reads them. Bytes in, messages out:
 * sockets are somebody else's.
 */
#ifndef HEAP_WS_FRAME_H
#define HEAP_WS_FRAME_H

#include "base/bytes.h"

#include <stdbool.h>

#define WS_HEAD_MAX    14	   /* of a frame in front of its payload */
#define WS_CONTROL_MAX 125	   /* payload of a close, ping or pong */
#define WS_MESSAGE_MAX (16u << 20) /* V8 sends pieces of 100 KiB, six times that when escaped */

enum ws_opcode {
	WS_CONTINUATION = 0x0,
	WS_TEXT = 0x1,
	WS_BINARY = 0x2,
	WS_CLOSE = 0x8,
	WS_PING = 0x9,
	WS_PONG = 0xa,
};

struct ws_frame {
	enum ws_opcode opcode;
	bool is_final, is_masked;
	uint8_t mask[4];
	uint64_t len;	 /* of the payload */
	size_t head_len; /* of what is in front of it */
};

/*
 * The head of the frame that begins @in. 0; -EAGAIN: more of it has to come; -EBADMSG: it is none
 * (reserved bits or opcodes, a length not as short as can be, a control frame in parts or too
 * long).
 */
int ws_frame_read(struct bytes in, struct ws_frame *ret);

/* A whole message as one frame, masked, to @buf of WS_HEAD_MAX + payload.len bytes. Its length. */
size_t ws_frame_write(enum ws_opcode opcode, struct bytes payload, const uint8_t mask[4],
		      uint8_t *buf);

struct ws_message {
	enum ws_opcode opcode; /* never WS_CONTINUATION */
	struct bytes payload;  /* until the next call */
};

/* Puts what a server sends together. Zeroed at birth, ended by ws_reader_done. */
struct ws_reader {
	uint8_t *in; /* not used yet: in[at..len) */
	size_t at, len, cap;
	uint8_t *parts; /* of a message that is not whole yet */
	size_t parts_len, parts_cap;
	enum ws_opcode opcode; /* of that message */
	bool is_in_parts;
};

void ws_reader_done(struct ws_reader *r);

/* 0 or -ENOMEM. */
int ws_reader_feed(struct ws_reader *r, struct bytes in);

/*
 * 1 and the next message; 0: more has to come; -EBADMSG: not what a server may send; -E2BIG: over
 * WS_MESSAGE_MAX; -ENOMEM. Control frames come between the parts of a message as they were sent.
 */
int ws_reader_next(struct ws_reader *r, struct ws_message *ret);

#endif

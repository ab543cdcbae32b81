/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One HTTP/1.1 answer, read as its bytes come: where it ends, its status, and whether the
 * connection may be used again. The body is counted, not kept.
 */
#ifndef RATE_ANSWER_H
#define RATE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ANSWER_LINE_MAX 8192 /* of a header, longer ones are cut */

enum answer_part {
	ANSWER_STATUS,
	ANSWER_HEADER,
	ANSWER_BODY,	   /* body_left bytes */
	ANSWER_CHUNK_SIZE, /* a line with the length of the next piece */
	ANSWER_CHUNK,	   /* body_left bytes, then an empty line */
	ANSWER_CHUNK_END,
	ANSWER_TRAILER,
	ANSWER_TO_CLOSE, /* a body that ends with the connection */
	ANSWER_DONE,
};

/* All zero: nothing was read yet. */
struct answer {
	enum answer_part part;
	int status;
	bool is_last; /* the server says that it will close */
	bool is_chunked;
	bool has_length;
	uint64_t body_left;
	size_t line_len;
	char line[ANSWER_LINE_MAX];
};

/* Forgets what was read, for the next answer. */
void answer_reset(struct answer *answer);

/* 0: look at answer->part whether that was all; -EBADMSG: this is no HTTP/1.x, or more than one
 * answer.
 */
int answer_read(struct answer *answer, const char *bytes, size_t len);

/* The connection has ended: whether the answer is whole. */
bool answer_is_whole_at_end(const struct answer *answer);

#endif

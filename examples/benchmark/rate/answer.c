// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* HTTP/1.1 answers as bytes. Only what tells where one ends is looked at. */
#include "answer.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define DIGITS_MAX 15 /* of a length: no overflow */

void answer_reset(struct answer *answer)
{
	memset(answer, 0, offsetof(struct answer, line));
}

/* Digits of @base from the front of @text; -EBADMSG without one or with too many. */
static int read_number(const char *text, unsigned int base, uint64_t *ret_number)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	uint64_t number = 0;
	size_t count = 0;

	for (; text[count]; count++) {
		const char *at = strchr(digits, text[count]);
		unsigned int digit = at ? (unsigned int)((at - digits) % 16) : base;

		if (digit >= base)
			break;
		if (count == DIGITS_MAX)
			return -EBADMSG;
		number = number * base + digit;
	}
	if (!count)
		return -EBADMSG;
	*ret_number = number;
	return 0;
}

static int read_status(struct answer *answer)
{
	const char *line = answer->line;
	uint64_t status = 0;

	if (strncmp(line, "HTTP/1.", 7) != 0 || !line[7] || line[8] != ' ')
		return -EBADMSG;
	if (read_number(line + 9, 10, &status) || status < 200 || status > 599)
		return -EBADMSG;
	answer->status = (int)status;
	answer->is_last = line[7] == '0';
	answer->part = ANSWER_HEADER;
	return 0;
}

/* What comes after the empty line that ends the head. */
static void end_head(struct answer *answer)
{
	bool has_none = answer->status == 204 || answer->status == 304;

	if (has_none || (!answer->is_chunked && answer->has_length && !answer->body_left))
		answer->part = ANSWER_DONE;
	else if (answer->is_chunked)
		answer->part = ANSWER_CHUNK_SIZE;
	else
		answer->part = answer->has_length ? ANSWER_BODY : ANSWER_TO_CLOSE;
	answer->is_last |= answer->part == ANSWER_TO_CLOSE;
}

static int read_header(struct answer *answer)
{
	char *value = strchr(answer->line, ':');

	if (!answer->line[0]) {
		end_head(answer);
		return 0;
	}
	if (!value)
		return -EBADMSG;
	*value++ = '\0';
	value += strspn(value, " \t");
	if (strcasecmp(answer->line, "Content-Length") == 0) {
		answer->has_length = true;
		return read_number(value, 10, &answer->body_left);
	}
	if (strcasecmp(answer->line, "Transfer-Encoding") == 0)
		answer->is_chunked |= strcasestr(value, "chunked") != NULL;
	else if (strcasecmp(answer->line, "Connection") == 0)
		answer->is_last |= strcasestr(value, "close") != NULL;
	return 0;
}

static int read_chunk_size(struct answer *answer)
{
	int err = read_number(answer->line, 16, &answer->body_left);

	answer->part = answer->body_left ? ANSWER_CHUNK : ANSWER_TRAILER;
	return err;
}

/* A whole line is in answer->line. */
static int take_line(struct answer *answer)
{
	switch (answer->part) {
	case ANSWER_STATUS:
		return read_status(answer);
	case ANSWER_HEADER:
		return read_header(answer);
	case ANSWER_CHUNK_SIZE:
		return read_chunk_size(answer);
	case ANSWER_CHUNK_END:
		answer->part = ANSWER_CHUNK_SIZE;
		return answer->line[0] ? -EBADMSG : 0;
	default:
		if (!answer->line[0])
			answer->part = ANSWER_DONE;
		return 0;
	}
}

static int read_line_byte(struct answer *answer, char c)
{
	if (c != '\n') {
		if (answer->line_len < ANSWER_LINE_MAX - 1)
			answer->line[answer->line_len++] = c;
		return 0;
	}
	if (answer->line_len && answer->line[answer->line_len - 1] == '\r')
		answer->line_len--;
	answer->line[answer->line_len] = '\0';
	answer->line_len = 0;
	return take_line(answer);
}

/* How many of @len bytes belong to the body; they are done with. */
static size_t skip_body(struct answer *answer, size_t len)
{
	size_t taken = len < answer->body_left ? len : (size_t)answer->body_left;

	if (answer->part == ANSWER_TO_CLOSE)
		return len;
	answer->body_left -= taken;
	if (!answer->body_left)
		answer->part = answer->part == ANSWER_BODY ? ANSWER_DONE : ANSWER_CHUNK_END;
	return taken;
}

int answer_read(struct answer *answer, const char *bytes, size_t len)
{
	size_t at = 0;
	int err = 0;

	while (!err && at < len) {
		switch (answer->part) {
		case ANSWER_DONE:
			return -EBADMSG;
		case ANSWER_BODY:
		case ANSWER_CHUNK:
		case ANSWER_TO_CLOSE:
			at += skip_body(answer, len - at);
			break;
		default:
			err = read_line_byte(answer, bytes[at++]);
		}
	}
	return err;
}

bool answer_is_whole_at_end(const struct answer *answer)
{
	return answer->part == ANSWER_DONE || answer->part == ANSWER_TO_CLOSE;
}

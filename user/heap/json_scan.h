/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reads JSON from a stream, value by value, in constant memory and without recursion: for files of
 * several gigabytes that are mostly numbers. Who uses it knows what comes next, and asks for it.
 *
 * All functions return 0 (or what is said) or a negative errno: -EBADMSG for what is not JSON or
 * not what was asked for, -E2BIG over a limit, -ENOMEM, or what the source said. After an error
 * @why says what it was in a few words, and json_scan_offset where.
 */
#ifndef HEAP_JSON_SCAN_H
#define HEAP_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_SCAN_MAX_DEPTH 4096 /* of a value that is skipped */

/* Where bytes come from. */
struct json_source {
	/* Up to @cap bytes to @buf, none at the end. 0 or -errno. */
	int (*read)(void *ctx, void *buf, size_t cap, size_t *ret_len);
	void *ctx;
};

/* Text that grows. Zeroed at birth, ended by free(at). */
struct json_text {
	char *at;
	size_t len, cap;
	size_t max; /* bytes, more is -E2BIG */
};

struct json_scan {
	struct json_source source;
	uint8_t *buf;
	const uint8_t *at, *end; /* what is not read yet */
	uint64_t base;		 /* offset of @buf in the stream */
	const char *why;
};

int json_scan_init(struct json_scan *s, struct json_source source);
void json_scan_done(struct json_scan *s);

/* Of the next byte. */
uint64_t json_scan_offset(const struct json_scan *s);

/* An error of the caller's: sets @why, returns @err. */
int json_scan_fail(struct json_scan *s, int err, const char *why);

/* The next byte that is no blank, which stays; -EBADMSG at the end. */
int json_scan_peek(struct json_scan *s);

/* That byte must be @c, and is taken. */
int json_scan_take(struct json_scan *s, unsigned char c);

/*
 * To the next element of an array or member of an object whose start was taken: 1 there is one, 0
 * when @close was next and is taken. @is_first, true before the first, is changed.
 */
int json_scan_more(struct json_scan *s, char close, bool *is_first);

/* A whole number that is not negative, and is not the last thing there is. */
int json_scan_u64(struct json_scan *s, uint64_t *ret_value);

/*
 * The next @count whole numbers of an array that is nothing but rows of so many: 1, or 0 when its
 * end was next and is taken. @is_first as for json_scan_more.
 */
int json_scan_row(struct json_scan *s, bool *is_first, uint64_t *ret_values, size_t count);

/*
 * A string, appended to @text in UTF-8, with no NUL behind it and none inside: U+0000 becomes a
 * blank. Halves of surrogate pairs become U+FFFD; bytes that are not UTF-8 stay.
 */
int json_scan_string(struct json_scan *s, struct json_text *text);

/* A member's name and the colon; @buf gets it with a NUL, a longer one is cut. */
int json_scan_key(struct json_scan *s, char *buf, size_t size);

/* Any value. */
int json_scan_skip(struct json_scan *s);

/* Nothing but blanks is left. */
int json_scan_end(struct json_scan *s);

#endif

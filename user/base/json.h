/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Streaming JSON writer: constant memory, valid output for any input bytes (strings that are not
 * UTF-8 are repaired with U+FFFD). Commas are its business. Misuse (a value without a key in an
 * object, more than JSON_DEPTH levels) is a bug and asserts.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_DEPTH 32

struct json {
	FILE *out; /* borrowed */
	unsigned int depth;
	bool has_item[JSON_DEPTH]; /* a comma is due at this level */
	bool is_object[JSON_DEPTH];
	bool has_key; /* a key was written, its value is due */
};

void json_init(struct json *j, FILE *out);

void json_object(struct json *j); /* { as the next value */
void json_array(struct json *j);  /* [ as the next value */
void json_end(struct json *j);	  /* closes the innermost */
void json_key(struct json *j, const char *key);

void json_string(struct json *j, const char *text); /* NULL writes null */
void json_u64(struct json *j, uint64_t value);
void json_i64(struct json *j, int64_t value);
void json_hex(struct json *j, uint64_t value);	/* "0x..." for ids and addresses beyond 2^53 */
void json_double(struct json *j, double value); /* NaN and infinities write null */
void json_bool(struct json *j, bool value);

/* key + value in one call */
void json_key_string(struct json *j, const char *key, const char *text);
void json_key_u64(struct json *j, const char *key, uint64_t value);
void json_key_i64(struct json *j, const char *key, int64_t value);
void json_key_double(struct json *j, const char *key, double value);
void json_key_bool(struct json *j, const char *key, bool value);
void json_key_seconds(struct json *j, const char *key, uint64_t ns); /* a double */

#endif

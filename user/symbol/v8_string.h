/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Strings of V8: characters in a row (of one byte, Latin-1, or two, UTF-16), two strings joined, a
 * part of another one, one that moved to another place, or characters outside of the heap.
 */
#ifndef SYMBOL_V8_STRING_H
#define SYMBOL_V8_STRING_H

#include "base/text.h"
#include "symbol/v8_memory.h"

/* A name that long is no name; what is over TEXT_MAX and under that is cut. */
#define V8_NAME_MAX 65536

/*
 * The text of the string @word, clean (base/text.h). V8_WRONG_TYPE when it is no string.
 */
int v8_string_read(struct v8_memory *m, uint64_t word, char ret_text[TEXT_MAX]);

/* Characters that lie in a row. */
struct v8_chars {
	uint64_t address;
	uint32_t length; /* characters */
	bool is_wide;	 /* of two bytes */
};

/* Where the characters of @word are; V8_WRONG_TYPE also for strings joined and not yet copied. */
int v8_string_flat(struct v8_memory *m, uint64_t word, struct v8_chars *ret_chars);

#endif

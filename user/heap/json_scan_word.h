/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Eight bytes at a time, for json_scan*.c. */
#ifndef HEAP_JSON_SCAN_WORD_H
#define HEAP_JSON_SCAN_WORD_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define WORD_BYTES    8
#define EVERY_BYTE(x) (UINT64_MAX / 255 * (x))

/* The first byte in the lowest bits. */
static inline uint64_t load_word(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return le64toh(word);
}

/* Of bits that mark bytes by their highest one: which byte is the first? @marks is not 0. */
static inline unsigned int first_marked(uint64_t marks)
{
	return (unsigned int)__builtin_ctzll(marks) / 8;
}

#endif

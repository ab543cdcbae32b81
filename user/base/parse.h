/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Text to numbers, the whole string or nothing: no leading blanks, no sign, no trailing text,
 * overflow is an error. The only number parser of the project (strtol and atoi are not used).
 *
 * If nothing else is said they return 0, -EINVAL (not such a number) or -ERANGE (too large); *ret_
 * is untouched on failure.
 */
#ifndef BASE_PARSE_H
#define BASE_PARSE_H

#include <stddef.h>
#include <stdint.h>

/* Decimal integer in [0, max]. */
int parse_u64(const char *text, uint64_t max, uint64_t *ret_value);

/* Hexadecimal digits, without 0x, small letters. */
int parse_hex_u64(const char *text, uint64_t *ret_value);

/* Duration: 30 (seconds), 1.5s, 250ms, 10us, 5ns, 2m, 1h, 1d; > 0. */
int parse_duration_ns(const char *text, uint64_t *ret_ns);

/* Size in bytes: 4096, 4k, 10M, 1.5G, 2T (powers of 1024; optional trailing B or iB). */
int parse_size_bytes(const char *text, uint64_t *ret_bytes);

/* A number with or without a fraction: 12, 0.25. */
int parse_decimal(const char *text, double *ret_value);

/* Index of @text in @words; -EINVAL: it is none of them. */
int parse_word(const char *text, const char *const *words, size_t count);

#endif

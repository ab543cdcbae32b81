/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Hostile text made printable, once, where it enters (rule S9 of the threat model in
 * docs/architecture.md). Everything a target can choose passes here: comm, command line, file and
 * symbol names.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Longest name we keep, in bytes with the NUL; longer ones end in "...". */
#define TEXT_MAX 1024

/*
 * Copies at most @len bytes of @text (it ends at a NUL too) to @buf of @size >= 4 bytes, always
 * NUL-terminated valid UTF-8. C0 and C1 controls, DEL and invalid UTF-8 bytes become \xNN; bidi
 * controls (U+061C, U+200E, U+200F, U+202A-202E, U+2066-2069), zero-width characters (U+200B-200D,
 * U+2060, U+FEFF), line and paragraph separators (U+2028, U+2029) become \u{NNNN}. What does not
 * fit ends in "...". Returns the length written.
 */
size_t text_clean(const char *text, size_t len, char *buf, size_t size);

/*
 * Length (1 to 4) and code point of the valid UTF-8 character that starts the @len bytes at @text;
 * 0 when there is none: cut off, overlong, a surrogate, beyond U+10FFFF.
 */
size_t text_decode(const char *text, size_t len, uint32_t *ret_code);

/* @len bytes in lower-case hex, two digits each, and a NUL, to @buf. Returns the NUL's place. */
char *text_hex(const uint8_t *bytes, size_t len, char *buf);

/* Adds a sentence to the text in @note, of @size bytes, behind "; "; what does not fit is cut. */
void text_add_sentence(char *note, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif

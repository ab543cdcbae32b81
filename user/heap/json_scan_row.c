// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Rows of numbers, which most of a snapshot is: eight digits at a time, without a branch for each.
 * What is not plain (blanks, long numbers, the end of the buffer, errors) is left to the functions
 * for single values, which know what is wrong and where.
 */
#include "heap/json_scan.h"
#include "heap/json_scan_word.h"

#define NUMBER_BYTES 16 /* two words: at most, of one number with the comma behind it */
#define LOOK_AHEAD   10 /* what is before the first one, and a word behind the last */

/* Of digits their values, all else is above 9. */
static inline uint64_t load_digits(const uint8_t *p)
{
	return load_word(p) ^ EVERY_BYTE('0');
}

/* How many of the eight come before the first that is no digit. */
static inline unsigned int count_digits(uint64_t digits)
{
	uint64_t others = (digits | (digits + EVERY_BYTE(0x80 - 10))) & EVERY_BYTE(0x80);

	return others ? first_marked(others) : WORD_BYTES;
}

/* The first @count > 0 of the eight as a number: of digits make pairs, of pairs the number. */
static inline uint64_t value_of(uint64_t digits, unsigned int count)
{
	const uint64_t first_and_third = 0x000000ff000000ff;
	uint64_t pairs = digits << 8 * (WORD_BYTES - count);

	pairs = pairs * 10 + (pairs >> 8);
	return ((pairs & first_and_third) * (100 + (1000000ull << 32)) +
		(pairs >> 16 & first_and_third) * (1 + (10000ull << 32))) >>
	       32;
}

/* A number of up to 15 digits; returns where it ends, NULL when it is another thing. */
static inline const uint8_t *take_number(const uint8_t *p, uint64_t *ret_value)
{
	static const uint32_t power[WORD_BYTES] = { 1,	   10,	   100,	    1000,
						    10000, 100000, 1000000, 10000000 };
	uint64_t digits = load_digits(p);
	unsigned int count = count_digits(digits);

	if (!count)
		return NULL;
	*ret_value = value_of(digits, count);
	if (count < WORD_BYTES)
		return p + count;
	digits = load_digits(p + WORD_BYTES);
	count = count_digits(digits);
	if (count == WORD_BYTES)
		return NULL;
	if (count)
		*ret_value = *ret_value * power[count] + value_of(digits, count);
	return p + WORD_BYTES + count;
}

/* With a comma before, as V8 writes rows from the second on. Returns where it ends, or NULL. */
static const uint8_t *take_plain(const uint8_t *p, uint64_t *values, size_t count)
{
	p += *p == '\n';
	for (size_t i = 0; i < count; i++) {
		if (*p++ != ',')
			return NULL;
		p = take_number(p, &values[i]);
		if (!p)
			return NULL;
	}
	return *p == ',' || *p == '\n' || *p == ']' ? p : NULL;
}

int json_scan_row(struct json_scan *s, bool *is_first, uint64_t *ret_values, size_t count)
{
	int more;

	if (!*is_first && (size_t)(s->end - s->at) > count * NUMBER_BYTES + LOOK_AHEAD) {
		const uint8_t *end = take_plain(s->at, ret_values, count);

		if (end) {
			s->at = end;
			return 1;
		}
	}
	more = json_scan_more(s, ']', is_first);
	if (more != 1)
		return more;
	for (size_t i = 0; i < count; i++) {
		int err = i ? json_scan_take(s, ',') : 0;

		if (!err)
			err = json_scan_u64(s, &ret_values[i]);
		if (err)
			return err;
	}
	return 1;
}

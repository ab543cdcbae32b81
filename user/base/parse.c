// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Numbers with units: digits, an optional fraction, a suffix looked up in a table. And words. */
#include "base/parse.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define MAX_SCALE 1000000000u /* fraction digits beyond the ninth are read and dropped */

struct unit {
	const char *suffix;
	uint64_t factor;
};

struct quantity {
	uint64_t whole;
	uint64_t fraction; /* / scale */
	uint64_t scale;
};

static const struct unit time_units[] = {
	{ "", 1000000000 }, { "s", 1000000000 },  { "ms", 1000000 },	  { "us", 1000 },
	{ "ns", 1 },	    { "m", 60000000000 }, { "h", 3600000000000 }, { "d", 86400000000000 },
	{ NULL, 0 },
};

/* After the prefix letter, if any, was lowered and "B" or "iB" cut off. */
static const struct unit size_units[] = {
	{ "", 1 },	     { "k", 1ull << 10 }, { "m", 1ull << 20 },
	{ "g", 1ull << 30 }, { "t", 1ull << 40 }, { NULL, 0 },
};

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* One or more digits at *@text, which is moved behind them. -ERANGE still moves it. */
static int read_digits(const char **text, uint64_t *ret_value)
{
	const char *at = *text;
	uint64_t value = 0;
	int err = 0;

	if (!is_digit(*at))
		return -EINVAL;
	for (; is_digit(*at); at++) {
		if (__builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
			err = -ERANGE;
	}
	*text = at;
	if (err == 0)
		*ret_value = value;
	return err;
}

int parse_hex_u64(const char *text, uint64_t *ret_value)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t value = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		const char *digit = strchr(digits, *text);

		if (!digit)
			return -EINVAL;
		if (value >> 60)
			return -ERANGE;
		value = value << 4 | (uint64_t)(digit - digits);
	}
	*ret_value = value;
	return 0;
}

int parse_u64(const char *text, uint64_t max, uint64_t *ret_value)
{
	uint64_t value = 0;
	int err = read_digits(&text, &value);

	if (err == -EINVAL || *text != '\0')
		return -EINVAL;
	if (err || value > max)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

/* Digits with an optional fraction; *@text is moved to what follows. */
static int read_quantity(const char **text, struct quantity *q)
{
	const char *at = *text;
	int err = read_digits(&at, &q->whole);

	if (err == -EINVAL)
		return err;
	q->fraction = 0;
	q->scale = 1;
	if (*at == '.') {
		at++;
		if (!is_digit(*at))
			return -EINVAL;
		for (; is_digit(*at); at++) {
			if (q->scale == MAX_SCALE)
				continue;
			q->fraction = q->fraction * 10 + (uint64_t)(*at - '0');
			q->scale *= 10;
		}
	}
	*text = at;
	return err;
}

static int apply_unit(const struct quantity *q, const struct unit *units, const char *suffix,
		      uint64_t *ret_value)
{
	unsigned __int128 value;

	while (units->suffix && strcmp(units->suffix, suffix) != 0)
		units++;
	if (!units->suffix)
		return -EINVAL;
	value = (unsigned __int128)q->whole * units->factor +
		(unsigned __int128)q->fraction * units->factor / q->scale;
	if (value > UINT64_MAX)
		return -ERANGE;
	*ret_value = (uint64_t)value;
	return 0;
}

int parse_duration_ns(const char *text, uint64_t *ret_ns)
{
	struct quantity q = { 0 };
	uint64_t ns = 0;
	int range_err = read_quantity(&text, &q);
	int err;

	if (range_err == -EINVAL)
		return -EINVAL;
	err = apply_unit(&q, time_units, text, &ns);
	if (err == -EINVAL)
		return err;
	if (err || range_err)
		return -ERANGE;
	if (ns == 0)
		return -EINVAL;
	*ret_ns = ns;
	return 0;
}

int parse_size_bytes(const char *text, uint64_t *ret_bytes)
{
	struct quantity q = { 0 };
	char prefix[2] = "";
	uint64_t bytes = 0;
	int range_err = read_quantity(&text, &q);
	int err;

	if (range_err == -EINVAL)
		return -EINVAL;
	if (*text != '\0' && *text != 'B') {
		prefix[0] = (char)(*text | 0x20); /* lower case of a letter */
		text++;
		if (*text == 'i' && text[1] == 'B')
			text++;
	}
	if (*text == 'B')
		text++;
	if (*text != '\0')
		return -EINVAL;
	err = apply_unit(&q, size_units, prefix, &bytes);
	if (err == -EINVAL)
		return err;
	if (err || range_err)
		return -ERANGE;
	*ret_bytes = bytes;
	return 0;
}

int parse_decimal(const char *text, double *ret_value)
{
	struct quantity q = { 0 };
	int err = read_quantity(&text, &q);

	if (err == -EINVAL || *text != '\0')
		return -EINVAL;
	if (err)
		return err;
	*ret_value = (double)q.whole + (double)q.fraction / (double)q.scale;
	return 0;
}

int parse_word(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(text, words[i]) == 0)
			return (int)i;
	return -EINVAL;
}

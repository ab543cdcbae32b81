// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Numbers, durations and sizes: the whole string or nothing. */
#include "base/parse.h"
#include "tap.h"

#include <errno.h>

#define UNTOUCHED   12345u
#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

struct row {
	const char *text;
	int err;
	uint64_t value;
};

static const struct row integers[] = {
	{ "0", 0, 0 },
	{ "1", 0, 1 },
	{ "007", 0, 7 },
	{ "18446744073709551615", 0, UINT64_MAX },
	{ "18446744073709551616", -ERANGE, 0 },
	{ "99999999999999999999999", -ERANGE, 0 },
	{ "99999999999999999999999x", -EINVAL, 0 },
	{ "", -EINVAL, 0 },
	{ " 1", -EINVAL, 0 },
	{ "1 ", -EINVAL, 0 },
	{ "+1", -EINVAL, 0 },
	{ "-1", -EINVAL, 0 },
	{ "0x10", -EINVAL, 0 },
	{ "1e3", -EINVAL, 0 },
	{ "1.0", -EINVAL, 0 },
	{ "abc", -EINVAL, 0 },
};

static const struct row hex_integers[] = {
	{ "0", 0, 0 },
	{ "1f", 0, 31 },
	{ "7ffe00001000", 0, 0x7ffe00001000 },
	{ "ffffffffffffffff", 0, UINT64_MAX },
	{ "10000000000000000", -ERANGE, 0 },
	{ "", -EINVAL, 0 },
	{ "0x1", -EINVAL, 0 },
	{ "1F", -EINVAL, 0 },
	{ " 1", -EINVAL, 0 },
	{ "1g", -EINVAL, 0 },
};

static const struct row durations[] = {
	{ "30", 0, 30000000000 },
	{ "30s", 0, 30000000000 },
	{ "1.5s", 0, 1500000000 },
	{ "0.25", 0, 250000000 },
	{ "250ms", 0, 250000000 },
	{ "10us", 0, 10000 },
	{ "5ns", 0, 5 },
	{ "2m", 0, 120000000000 },
	{ "1h", 0, 3600000000000 },
	{ "1d", 0, 86400000000000 },
	{ "0.0000000010000s", 0, 1 },
	{ "1.999999999999999999ns", 0, 1 },
	{ "18446744073709551615ns", 0, UINT64_MAX },
	{ "18446744073709551616ns", -ERANGE, 0 },
	{ "213503d", 0, 18446659200000000000u },
	{ "213504d", -ERANGE, 0 },
	{ "99999999999999999999999parsecs", -EINVAL, 0 },
	{ "0", -EINVAL, 0 },
	{ "0.1ns", -EINVAL, 0 },
	{ "", -EINVAL, 0 },
	{ "s", -EINVAL, 0 },
	{ "abc", -EINVAL, 0 },
	{ "1.", -EINVAL, 0 },
	{ ".5", -EINVAL, 0 },
	{ "1.5.5", -EINVAL, 0 },
	{ "1 s", -EINVAL, 0 },
	{ "1S", -EINVAL, 0 },
	{ "1min", -EINVAL, 0 },
	{ "1m30s", -EINVAL, 0 },
	{ "-1s", -EINVAL, 0 },
};

static const struct row sizes[] = {
	{ "0", 0, 0 },
	{ "4096", 0, 4096 },
	{ "4096B", 0, 4096 },
	{ "4k", 0, 4096 },
	{ "4K", 0, 4096 },
	{ "4kB", 0, 4096 },
	{ "4KiB", 0, 4096 },
	{ "10M", 0, 10485760 },
	{ "1.5G", 0, 1610612736 },
	{ "2T", 0, 2199023255552 },
	{ "1.1k", 0, 1126 },
	{ "16777215T", 0, 18446742974197923840u },
	{ "16777216T", -ERANGE, 0 },
	{ "99999999999999999999999", -ERANGE, 0 },
	{ "99999999999999999999999q", -EINVAL, 0 },
	{ "", -EINVAL, 0 },
	{ "k", -EINVAL, 0 },
	{ "4iB", -EINVAL, 0 },
	{ "4ki", -EINVAL, 0 },
	{ "4kk", -EINVAL, 0 },
	{ "4BB", -EINVAL, 0 },
	{ "4kBx", -EINVAL, 0 },
	{ "4P", -EINVAL, 0 },
	{ "4\x01", -EINVAL, 0 },
	{ "-4", -EINVAL, 0 },
};

static int parse_integer(const char *text, uint64_t *ret_value)
{
	return parse_u64(text, UINT64_MAX, ret_value);
}

static void test_table(const char *what, int (*parse)(const char *, uint64_t *),
		       const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t value = UNTOUCHED;
		int err = parse(rows[i].text, &value);

		is_int(err, rows[i].err, "%s '%s': status", what, rows[i].text);
		ok(value == (rows[i].err ? UNTOUCHED : rows[i].value), "%s '%s': value", what,
		   rows[i].text);
	}
}

static void test_decimal(void)
{
	static const struct {
		const char *text;
		int err;
		double value;
	} decimals[] = {
		{ "0", 0, 0 },
		{ "12", 0, 12 },
		{ "0.25", 0, 0.25 },
		{ "1.5x", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ ".5", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "1e3", -EINVAL, 0 },
		{ "99999999999999999999", -ERANGE, 0 },
	};

	for (size_t i = 0; i < ROWS(decimals); i++) {
		double value = UNTOUCHED;

		is_int(parse_decimal(decimals[i].text, &value), decimals[i].err, "decimal '%s'",
		       decimals[i].text);
		ok(value == (decimals[i].err ? UNTOUCHED : decimals[i].value), "its value");
	}
}

static void test_word(void)
{
	static const char *const words[] = { "clock", "cycles" };

	is_int(parse_word("clock", words, 2), 0, "the first word");
	is_int(parse_word("cycles", words, 2), 1, "the last word");
	is_int(parse_word("cycle", words, 2), -EINVAL, "a part of a word is none");
	is_int(parse_word("", words, 2), -EINVAL, "nor is nothing");
	is_int(parse_word("cycles", words, 1), -EINVAL, "no word beyond the count");
}

int main(void)
{
	uint64_t value = UNTOUCHED;

	test_table("integer", parse_integer, integers, ROWS(integers));
	test_table("hexadecimal", parse_hex_u64, hex_integers, ROWS(hex_integers));
	test_table("duration", parse_duration_ns, durations, ROWS(durations));
	test_table("size", parse_size_bytes, sizes, ROWS(sizes));
	test_decimal();
	test_word();
	is_int(parse_u64("11", 10, &value), -ERANGE, "above the caller's maximum");
	is_int(value, UNTOUCHED, "and untouched");
	is_int(parse_u64("10", 10, &value), 0, "the maximum itself is fine");
	return tap_done();
}

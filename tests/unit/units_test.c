// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Numbers as people read them, above all where rounding reaches the next unit. */
#include "base/units.h"
#include "tap.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))
#define S	    1000000000ull

struct row {
	uint64_t value;
	const char *text;
};

static const struct row bytes[] = {
	{ 0, "0 B" },
	{ 1, "1 B" },
	{ 512, "512 B" },
	{ 1023, "1023 B" },
	{ 1024, "1.00 KiB" },
	{ 1536, "1.50 KiB" },
	{ 10234, "9.99 KiB" },
	{ 10235, "10.0 KiB" },
	{ 10547, "10.3 KiB" },
	{ 102400, "100 KiB" },
	{ 1023ull * 1024, "1023 KiB" },
	{ 1024ull * 1024 - 1, "1.00 MiB" },
	{ 10800333, "10.3 MiB" },
	{ 4ull << 30, "4.00 GiB" },
	{ 1ull << 40, "1.00 TiB" },
	{ 1ull << 50, "1.00 PiB" },
	{ UINT64_MAX, "16.0 EiB" },
};

static const struct row durations[] = {
	{ 0, "0 ns" },
	{ 850, "850 ns" },
	{ 999, "999 ns" },
	{ 1500, "1.50 us" },
	{ 999499, "999 us" },
	{ 999500, "1.00 ms" },
	{ 12300000, "12.3 ms" },
	{ 4 * S, "4.00 s" },
	{ 59949 * S / 1000, "59.9 s" },
	{ 59950 * S / 1000, "1m00s" },
	{ 125 * S, "2m05s" },
	{ 3600 * S - 1, "1h00m" },
	{ 11400 * S, "3h10m" },
	{ 86400 * S - 1, "1d00h" },
	{ 187200 * S, "2d04h" },
	{ UINT64_MAX, "213504d00h" },
};

static const struct row counts[] = {
	{ 0, "0" },
	{ 999, "999" },
	{ 1000, "1.00k" },
	{ 1234, "1.23k" },
	{ 45600000, "45.6M" },
	{ 999499, "999k" },
	{ 999500, "1.00M" },
	{ 1000000000, "1.00G" },
	{ 7000000000000, "7.00T" },
	{ UINT64_MAX, "18.4E" },
};

static void test_table(char *(*write)(uint64_t, char *), const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char buf[UNITS_LEN];

		is_text(write(rows[i].value, buf), rows[i].text, "%s", rows[i].text);
	}
}

static void test_delta(void)
{
	static const struct {
		int64_t value;
		const char *text;
	} rows[] = {
		{ 0, "0 B" },		{ 1536, "+1.50 KiB" },	    { -3, "-3 B" },
		{ -1024, "-1.00 KiB" }, { INT64_MAX, "+8.00 EiB" }, { INT64_MIN, "-8.00 EiB" },
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		char buf[UNITS_LEN];

		is_text(units_bytes_delta(rows[i].value, buf), rows[i].text, "%s", rows[i].text);
	}
}

int main(void)
{
	test_table(units_bytes, bytes, ROWS(bytes));
	test_table(units_duration, durations, ROWS(durations));
	test_table(units_count, counts, ROWS(counts));
	test_delta();
	return tap_done();
}

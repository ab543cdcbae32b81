// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Numbers to text for people. */
#include "base/units.h"

#include <stdio.h>

#define NS_PER_SECOND	1000000000ull
#define MINUTES_PER_DAY 1440

static const char *const byte_units[] = {
	" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB", NULL
};
static const char *const time_units[] = { " ns", " us", " ms", " s", NULL };
static const char *const count_units[] = { "", "k", "M", "G", "T", "P", "E", NULL };

/* Steps to the unit in which @value, rounded as it will be shown, is below @base. */
static void write_scaled(uint64_t value, double base, const char *const *unit, char *buf,
			 size_t size)
{
	double shown = (double)value;
	int decimals = 0;

	if (shown > base - 0.5) {
		do {
			shown /= base;
			unit++;
		} while (shown >= base - 0.5 && unit[1]);
		decimals = shown < 9.995 ? 2 : shown < 99.95 ? 1 : 0;
	}
	(void)snprintf(buf, size, "%.*f%s", decimals, shown, *unit);
}

char *units_bytes(uint64_t bytes, char buf[UNITS_LEN])
{
	write_scaled(bytes, 1024, byte_units, buf, UNITS_LEN);
	return buf;
}

char *units_bytes_delta(int64_t bytes, char buf[UNITS_LEN])
{
	uint64_t magnitude = bytes < 0 ? 0 - (uint64_t)bytes : (uint64_t)bytes;

	if (bytes == 0)
		return units_bytes(0, buf);
	buf[0] = bytes < 0 ? '-' : '+';
	write_scaled(magnitude, 1024, byte_units, buf + 1, UNITS_LEN - 1);
	return buf;
}

/* Two units of which the smaller is rounded to nearest: "2m05s". */
static void write_pair(uint64_t small, unsigned int per_big, const char *names, char *buf)
{
	(void)snprintf(buf, UNITS_LEN, "%u%c%02u%c", (unsigned int)(small / per_big), names[0],
		       (unsigned int)(small % per_big), names[1]);
}

char *units_duration(uint64_t ns, char buf[UNITS_LEN])
{
	uint64_t seconds = ns / NS_PER_SECOND + (ns % NS_PER_SECOND >= NS_PER_SECOND / 2);
	uint64_t minutes = (seconds + 30) / 60;

	if (ns < 59950 * (NS_PER_SECOND / 1000)) /* less than what would read "60.0 s" */
		write_scaled(ns, 1000, time_units, buf, UNITS_LEN);
	else if (seconds < 3600)
		write_pair(seconds, 60, "ms", buf);
	else if (minutes < MINUTES_PER_DAY)
		write_pair(minutes, 60, "hm", buf);
	else
		write_pair((minutes + 30) / 60, 24, "dh", buf);
	return buf;
}

char *units_count(uint64_t count, char buf[UNITS_LEN])
{
	write_scaled(count, 1000, count_units, buf, UNITS_LEN);
	return buf;
}

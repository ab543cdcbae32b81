/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Numbers to text for people: three significant digits and a unit. */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* Longest output of any function here, with the NUL. */
#define UNITS_LEN 24

/* "0 B", "512 B", "1.50 KiB", "10.3 MiB", "4.00 GiB" (powers of 1024). Returns @buf. */
char *units_bytes(uint64_t bytes, char buf[UNITS_LEN]);

/* As units_bytes with a sign: "+1.50 KiB", "-3 B", "0 B". Returns @buf. */
char *units_bytes_delta(int64_t bytes, char buf[UNITS_LEN]);

/* "850 ns", "1.50 us", "12.3 ms", "4.00 s", "2m05s", "3h10m", "2d04h". Returns @buf. */
char *units_duration(uint64_t ns, char buf[UNITS_LEN]);

/* "0", "999", "1.23k", "45.6M" (powers of 1000). Returns @buf. */
char *units_count(uint64_t count, char buf[UNITS_LEN]);

#endif

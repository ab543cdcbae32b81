// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Digits, and nothing else. */
#include "number.h"

#include <errno.h>

int number_parse(const char *text, uint32_t max, uint32_t *ret_number)
{
	uint64_t number = 0;

	if (!*text)
		return -EINVAL;
	for (const char *c = text; *c; c++) {
		if (*c < '0' || *c > '9')
			return -EINVAL;
		number = number * 10 + (uint64_t)(*c - '0');
		if (number > max)
			return -EINVAL;
	}
	*ret_number = (uint32_t)number;
	return 0;
}

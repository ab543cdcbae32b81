// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Names in folded stacks. */
#include "report/folded_name.h"

#include <string.h>

void folded_put_name(FILE *out, const char *name)
{
	size_t len = strlen(name), number = len, at = 0;

	while (number && strchr("0123456789.", name[number - 1]))
		number--;
	if (name[0] == '#' && (len == 1 || name[1] == ' ')) {
		(void)fputs("#_", out);
		at = 2;
	}
	for (; at < len; at++) {
		char c = name[at] == ';' ? ':' : name[at];

		if (c == ' ' && (at + 1 == len || (number < len && at + 1 == number)))
			c = '_';
		(void)fputc(c, out);
	}
}

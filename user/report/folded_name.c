// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The escaping that all folded stacks share. */
#include "report/folded_name.h"

#include <ctype.h>
#include <string.h>

/* Where a number at the end of @name begins; its length when there is none. */
static size_t final_number(const char *name)
{
	size_t len = strlen(name), at = len;

	while (at && strchr("0123456789.", name[at - 1]))
		at--;
	return at;
}

/* What stands for name[at]. */
static char escaped(const char *name, size_t at, size_t number)
{
	char c = name[at];

	if (c == ';')
		return ':';
	if (iscntrl((unsigned char)c) || (c == '#' && at == 0 && !name[1]))
		return '_';
	if (c == ' ' &&
	    (!name[at + 1] || (at + 1 == number && name[number]) || (at == 1 && name[0] == '#')))
		return '_';
	return c;
}

char *folded_name(char *name)
{
	size_t number = final_number(name);

	for (size_t at = 0; name[at]; at++)
		name[at] = escaped(name, at, number);
	return name;
}

void folded_put_name(FILE *out, const char *name)
{
	size_t number = final_number(name);

	for (size_t at = 0; name[at]; at++)
		(void)fputc(escaped(name, at, number), out);
}

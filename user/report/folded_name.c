// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The escaping that all folded stacks share. */
#include "report/folded_name.h"

#include <ctype.h>
#include <string.h>

char *folded_name(char *name)
{
	size_t digits = strlen(name);

	while (digits && isdigit((unsigned char)name[digits - 1]))
		digits--;
	if (name[digits] && digits && name[digits - 1] == ' ')
		name[digits - 1] = '_';
	for (char *c = name; *c; c++) {
		if (*c == ';')
			*c = ':';
		else if (iscntrl((unsigned char)*c))
			*c = '_';
	}
	return name;
}

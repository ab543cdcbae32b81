// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Any bytes as a .gnu_debuglink: a name that is taken stays in the folder it is looked for in. */
#include "symbol/debug_link.h"

#include "fuzz.h"

#include <errno.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct debug_link link;
	int err = debug_link_parse((struct bytes){ data, size }, &link);

	assert(err == 0 || err == -EBADMSG);
	if (err)
		return 0;
	assert(memchr(link.name, 0, sizeof(link.name)) && link.name[0]);
	assert(!strchr(link.name, '/') && strcmp(link.name, ".") != 0 &&
	       strcmp(link.name, "..") != 0);
	assert(strlen(link.name) + 1 + sizeof(link.crc) <= size);
	return 0;
}

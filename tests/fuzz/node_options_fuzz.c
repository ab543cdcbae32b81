// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A command line and, behind the first line feed, an environment: a value is whole or not there. */
#include "fuzz.h"
#include "heap/node_options.h"

#include <errno.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	size_t len = end ? (size_t)(end - data) : size;
	struct bytes cmdline = { data, len }, environment = { data + len, size - len };
	char value[64] = "untouched";
	int err;

	if (end)
		environment = (struct bytes){ end + 1, size - len - 1 };
	err = node_option(cmdline, environment, "--heapsnapshot-signal", value, sizeof(value));
	assert(err == 0 || err == -ENODATA || err == -E2BIG);
	assert(strlen(value) < sizeof(value) && strlen(value) <= (err ? 9 : size));
	assert(!err || strcmp(value, "untouched") == 0);
	return 0;
}

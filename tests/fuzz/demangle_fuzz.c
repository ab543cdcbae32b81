// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Any name, in buffers of several sizes: the answer fits, is text and has no controls. */
#include "symbol/demangle.h"

#include "base/text.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t sizes[] = { 4, 16, TEXT_MAX };
	char *name = calloc(1, size + 1);

	if (size)
		memcpy(name, data, size);
	for (size_t i = 0; i < 3; i++) {
		char *buf = malloc(sizes[i]);

		assert(demangle(name, buf, sizes[i]) == buf);
		assert(strlen(buf) < sizes[i]);
		for (const char *c = buf; *c; c++)
			assert((unsigned char)*c >= ' ' && *c != 127);
		free(buf);
	}
	free(name);
	return 0;
}

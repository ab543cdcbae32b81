// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Cleaned text is short enough, UTF-8, free of controls, and stays as it is when cleaned again. */
#include "base/text.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#define SIZE_MIN 4

static void check_printable(const char *text, size_t len)
{
	while (len > 0) {
		uint32_t code = 0;
		size_t used = text_decode(text, len, &code);

		assert(used > 0);
		assert(code >= 0x20 && (code < 0x7f || code > 0x9f));
		assert(code != 0x202e && code != 0x200b && code != 0x2028 && code != 0xfeff);
		text += used;
		len -= used;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t buf_size = SIZE_MIN + (size ? data[0] : 0);
	char *once = malloc(buf_size), *twice = malloc(buf_size);
	size_t len;

	assert(once && twice);
	if (size > 0) {
		data++;
		size--;
	}
	len = text_clean((const char *)data, size, once, buf_size);
	assert(len < buf_size && strlen(once) == len);
	check_printable(once, len);
	assert(text_clean(once, len, twice, buf_size) == len && strcmp(once, twice) == 0);
	free(once);
	free(twice);
	return 0;
}

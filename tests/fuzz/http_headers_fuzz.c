// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Headers of any bytes: weights stay within their range, and no Host is ours that does not begin as
 * one of ours does. */
#include "base/http_headers.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	assert(text);
	memcpy(text, data, size);
	text[size] = '\0';
	assert(http_accept_weight(text, "application/openmetrics-text", "1.0.0") <= 1000);
	assert(http_accept_weight(text, "text/plain", "0.0.4") <= 1000);
	assert(http_encoding_weight(text, "gzip") <= 1000);
	if (http_host_is_loopback(text)) {
		const char *host = text + strspn(text, " \t");

		assert(strncasecmp(host, "localhost", 9) == 0 || strncmp(host, "127.", 4) == 0 ||
		       strncmp(host, "[::1]", 5) == 0);
		assert(!strpbrk(host, "/@?#"));
	}
	free(text);
	return 0;
}

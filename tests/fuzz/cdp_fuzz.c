// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Any bytes as an answer by HTTP, a list of targets and a message: in bounds, and no id that could
 * change a request. */
#include "fuzz.h"
#include "heap/cdp.h"

#include <string.h>

static bool is_within(struct bytes part, struct bytes whole)
{
	return !part.len || (part.at >= whole.at && part.at + part.len <= whole.at + whole.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = { data, size };
	struct http_answer a;
	struct cdp_message m = { 0 };
	char id[CDP_ID_MAX];

	if (http_answer_read(in, &a) == 0) {
		assert(is_within(a.head, in) && is_within(a.body, in));
		assert(is_within(http_header(a.head, "Sec-WebSocket-Accept"), a.head));
	}
	if (cdp_target_read(in, id) == 0)
		assert(memchr(id, '\0', sizeof(id)) && *id && !strpbrk(id, " \r\n/\"\\"));
	for (int i = 0; i < 2; i++) { /* into one that was read into before */
		if (cdp_message_read(in, &m) == 0)
			assert(memchr(m.method, '\0', sizeof(m.method)) &&
			       m.value.len <= CDP_VALUE_MAX && m.chunk.len <= size);
	}
	cdp_message_done(&m);
	return 0;
}

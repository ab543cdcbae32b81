// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* GET /clean: blocks of growing size, each freed before the reply. */
#include "clean.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "truth.h"

#define CLEAN_BLOCKS 4
#define CLEAN_BYTES  700

TRUTH_SITE static int clean_work(size_t bytes)
{
	unsigned char *block = malloc(bytes);

	if (!block)
		return -ENOMEM;
	truth_alloc(SITE_CLEAN_WORK, bytes);
	memset(block, 0x5a, bytes);
	free(block);
	truth_free(SITE_CLEAN_WORK, bytes);
	return 0;
}

void clean_route(struct exchange *exchange)
{
	for (size_t i = 1; i <= CLEAN_BLOCKS; i++) {
		if (clean_work(i * CLEAN_BYTES)) {
			exchange_out_of_memory(exchange);
			return;
		}
	}
	http_reply_printf(exchange->reply, 200, "text/plain", "%d blocks\n", CLEAN_BLOCKS);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Any bytes from the symboliser: what is read as a chain is written as the same bytes. */
#include "symbol/call_chain.h"

#include "fuzz.h"

#include <errno.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t written[CALL_CHAIN_BYTES_MAX];
	static struct call_chain chain;
	size_t len = 0;
	int err = call_chain_read((struct bytes){ data, size }, &chain, &len);

	assert(err == 0 || err == -EBADMSG || err == -ENODATA);
	if (err)
		return 0;
	assert(len <= size && chain.len >= 1 && chain.len <= CALL_CHAIN_MAX);
	assert(call_chain_write(&chain, written) == len);
	assert(memcmp(written, data, len) == 0);
	return 0;
}

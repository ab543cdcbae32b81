// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Any bytes as code, the first saying what is needed: the place lies in them and in the window. */
#include "symbol/probe_site.h"

#include "fuzz.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct probe_site site = { .offset = 99 };
	struct probe_site strict;
	struct bytes code;
	int err;

	if (size == 0)
		return 0;
	code = (struct bytes){ data + 1, size - 1 };
	err = probe_site_choose(code, data[0] & 63, data[0] & 64, &site);
	if (err) {
		assert((err == -EBADMSG || err == -EOPNOTSUPP) && site.offset == 99);
		return 0;
	}
	assert(site.offset < code.len && site.offset < PROBE_SITE_WINDOW);
	/* More demands never find a place where fewer found none. */
	err = probe_site_choose(code, PROBE_SITE_FIRST(PROBE_SITE_ARGUMENTS), true, &strict);
	assert(!err || err == -EOPNOTSUPP);
	assert(err || site.is_emulated || !strict.is_emulated);
	return 0;
}

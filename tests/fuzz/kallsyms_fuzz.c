// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* /proc/kallsyms from any bytes: what is accepted is ordered, clean and can be found. */
#include "symbol/kallsyms.h"

#include "fuzz.h"

#include <errno.h>
#include <string.h>

static void check_function(const struct kallsyms *ks, size_t i)
{
	uint64_t start = ks->at[i].start;
	uint64_t end = i + 1 < ks->len ? ks->at[i + 1].start : UINT64_MAX;
	uint64_t last = end - start > KALLSYMS_MAX_FUNCTION_BYTES
				? start + KALLSYMS_MAX_FUNCTION_BYTES - 1
				: end - 1;
	struct kallsyms_function f = { 0 }, g = { 0 };

	assert(start > 0 && (i == 0 || ks->at[i - 1].start < start));
	assert(kallsyms_find(ks, start, &f) && f.start == start);
	assert(last < start || (kallsyms_find(ks, last, &g) && g.name == f.name));
	assert(f.name[0] && f.module[0] == '[');
	for (const char *c = f.name; *c; c++)
		assert((unsigned char)*c >= 0x20 && *c != 0x7f);
	if (last + 1 < end)
		assert(!kallsyms_find(ks, last + 1, &g));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kallsyms ks = { 0 };
	struct kallsyms_function none;
	uint64_t offset = UINT64_MAX;
	int err = kallsyms_parse((struct bytes){ data, size }, &ks, &offset);

	if (err) {
		assert(err == -EPERM || err == -ENODATA || err == -EBADMSG);
		assert(err != -EBADMSG || offset < size);
		assert(ks.len == 0 && !kallsyms_find(&ks, 0, &none));
		return 0;
	}
	for (size_t i = 0; i < ks.len; i++)
		check_function(&ks, i);
	assert(!kallsyms_find(&ks, ks.at[0].start - 1, &none));
	kallsyms_done(&ks);
	return 0;
}

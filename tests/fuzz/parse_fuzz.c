// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Option values: what is accepted reads the same when written again in its base unit. */
#include "base/parse.h"
#include "fuzz.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNTOUCHED 77u

typedef int (*parse_fn)(const char *text, uint64_t *ret_value);

static int parse_any_u64(const char *text, uint64_t *ret_value)
{
	return parse_u64(text, UINT64_MAX, ret_value);
}

static void check(parse_fn parse, const char *text, const char *unit)
{
	uint64_t value = UNTOUCHED, again = 0;
	char written[64];
	int err = parse(text, &value);

	assert(err == 0 || err == -EINVAL || err == -ERANGE);
	if (err) {
		assert(value == UNTOUCHED);
		return;
	}
	(void)snprintf(written, sizeof(written), "%" PRIu64 "%s", value, unit);
	assert(parse(written, &again) == 0 && again == value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	uint64_t value = UNTOUCHED;

	assert(text);
	check(parse_any_u64, text, "");
	check(parse_duration_ns, text, "ns");
	check(parse_size_bytes, text, "B");
	if (parse_u64(text, 1000, &value) == 0)
		assert(value <= 1000);
	free(text);
	return 0;
}

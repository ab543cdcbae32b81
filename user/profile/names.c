// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What base/strings does, of texts as they came and with limits. */
#include "profile/names.h"

#include "base/hash.h"
#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_equal(const void *ctx, uint32_t number, const void *key)
{
	const struct names *names = ctx;

	return strcmp(names->at[number].text, key) == 0;
}

static int add_new(struct names *names, const char *text, size_t size, uint64_t hash)
{
	char *kept = arena_alloc(&names->texts, size);
	struct name *name;

	if (!kept)
		return -ENOMEM;
	name = vec_push(names);
	if (!name)
		return -ENOMEM;
	if (id_table_add(&names->numbers, hash, (uint32_t)names->len - 1)) {
		names->len--;
		return -ENOMEM;
	}
	memcpy(kept, text, size);
	*name = (struct name){ .text = kept };
	names->bytes += size;
	return 0;
}

int names_add(struct names *names, const char *text, uint32_t *ret_number)
{
	size_t len = strlen(text);
	uint64_t hash = hash_bytes(names->seed, text, len);
	uint32_t number = id_table_find(&names->numbers, hash, is_equal, names, text);
	int err;

	if (number == ID_NONE) {
		if (names->len == NAMES_MAX || len >= NAMES_MAX_BYTES - names->bytes)
			return -E2BIG;
		err = add_new(names, text, len + 1, hash);
		if (err)
			return err;
		number = (uint32_t)names->len - 1;
	}
	*ret_number = number;
	return 0;
}

void names_done(struct names *names)
{
	arena_done(&names->texts);
	id_table_done(&names->numbers);
	free(names->at);
	*names = (struct names){ .seed = names->seed };
}

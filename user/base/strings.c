// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A text is looked up as it came; only what is not there is cleaned, and looked up again. */
#include "base/strings.h"

#include "base/hash.h"
#include "base/text.h"
#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct strings *s = ctx;

	return strcmp(s->at[id], key) == 0;
}

static uint32_t find(const struct strings *s, const char *text, uint64_t *ret_hash)
{
	*ret_hash = hash_text(hash_seed(s), text);
	return id_table_find(&s->ids, *ret_hash, is_equal, s, text);
}

static int add_new(struct strings *s, const char *text, size_t len, uint64_t hash)
{
	char *copy = arena_alloc(&s->arena, len + 1);
	const char **slot;

	if (!copy || s->len >= ID_NONE)
		return -ENOMEM;
	slot = vec_push(s);
	if (!slot)
		return -ENOMEM;
	if (id_table_add(&s->ids, hash, (uint32_t)(s->len - 1))) {
		s->len--;
		return -ENOMEM;
	}
	memcpy(copy, text, len + 1);
	*slot = copy;
	return 0;
}

int strings_add(struct strings *s, const char *text, uint32_t *ret_id)
{
	char clean[TEXT_MAX];
	uint64_t hash;
	uint32_t id = find(s, text, &hash);

	if (id == ID_NONE) {
		size_t len = text_clean(text, strlen(text), clean, sizeof(clean));

		id = find(s, clean, &hash);
		if (id == ID_NONE && add_new(s, clean, len, hash))
			return -ENOMEM;
		if (id == ID_NONE)
			id = (uint32_t)(s->len - 1);
	}
	*ret_id = id;
	return 0;
}

const char *strings_keep(struct strings *s, const char *text)
{
	uint32_t id;

	return strings_add(s, text, &id) ? NULL : s->at[id];
}

void strings_done(struct strings *s)
{
	arena_done(&s->arena);
	id_table_done(&s->ids);
	free(s->at);
	*s = (struct strings){ 0 };
}

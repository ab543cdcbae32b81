// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* An open hash table of numbers over an array of names, whose text lies in large blocks. */
#include "profile/names.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES (256u << 10)
#define FIRST_SLOTS 256

struct name_block {
	struct name_block *older;
	size_t used, size;
	char text[];
};

/* The slot of @text, or the free one it would take. */
static uint32_t *find_slot(const struct names *names, const char *text, uint32_t hash)
{
	size_t mask = names->slot_count - 1;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		uint32_t number = names->slots[i];

		if (!number)
			return &names->slots[i];
		if (names->at[number - 1].hash == hash &&
		    strcmp(names->at[number - 1].text, text) == 0)
			return &names->slots[i];
	}
}

/* At most half of the slots are taken. */
static int make_room(struct names *names)
{
	size_t old_count = names->slot_count;
	size_t count = old_count ? old_count * 2 : FIRST_SLOTS;
	uint32_t *slots;

	if (names->len * 2 < old_count)
		return 0;
	slots = calloc(count, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(names->slots);
	names->slots = slots;
	names->slot_count = count;
	for (size_t n = 0; n < names->len; n++) {
		size_t i = names->at[n].hash & (count - 1);

		while (slots[i])
			i = (i + 1) & (count - 1);
		slots[i] = (uint32_t)n + 1;
	}
	return 0;
}

static const char *keep_text(struct names *names, const char *text)
{
	struct name_block *block = names->block;
	size_t size = strlen(text) + 1;
	char *kept;

	if (!block || block->size - block->used < size) {
		size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;

		block = malloc(sizeof(*block) + room);
		if (!block)
			return NULL;
		*block = (struct name_block){ .older = names->block, .size = room };
		names->block = block;
	}
	kept = block->text + block->used;
	memcpy(kept, text, size);
	block->used += size;
	names->bytes += size;
	return kept;
}

int names_add(struct names *names, const char *text, uint32_t *ret_number)
{
	size_t len = strlen(text);
	uint32_t hash = (uint32_t)hash_bytes(names->seed, text, len);
	struct name *name;
	const char *kept;
	uint32_t *slot;

	if (make_room(names))
		return -ENOMEM;
	slot = find_slot(names, text, hash);
	if (*slot) {
		*ret_number = *slot - 1;
		return 0;
	}
	if (names->len == NAMES_MAX || len >= NAMES_MAX_BYTES - names->bytes)
		return -E2BIG;
	kept = keep_text(names, text);
	if (!kept)
		return -ENOMEM;
	name = vec_push(names);
	if (!name)
		return -ENOMEM;
	*name = (struct name){ .text = kept, .hash = hash };
	*slot = (uint32_t)names->len;
	*ret_number = (uint32_t)names->len - 1;
	return 0;
}

void names_done(struct names *names)
{
	struct name_block *block = names->block;

	while (block) {
		struct name_block *older = block->older;

		free(block);
		block = older;
	}
	free(names->slots);
	free(names->at);
	*names = (struct names){ .seed = names->seed };
}

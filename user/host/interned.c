// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A uthash set whose elements carry their text. */
#include "host/interned.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct interned_text {
	UT_hash_handle hh;
	char text[];
};

const char *interned_add(struct interned *set, const char *text)
{
	struct interned_text *kept;
	size_t len = strlen(text);

	HASH_FIND(hh, set->first, text, len, kept);
	if (kept)
		return kept->text;
	kept = malloc(sizeof(*kept) + len + 1);
	if (!kept)
		return NULL;
	memcpy(kept->text, text, len + 1);
	HASH_ADD_KEYPTR(hh, set->first, kept->text, len, kept);
	if (!kept->hh.tbl) { /* how uthash says that it had no memory */
		free(kept);
		return NULL;
	}
	return kept->text;
}

void interned_done(struct interned *set)
{
	struct interned_text *kept;
	struct interned_text *next;

	HASH_ITER (hh, set->first, kept, next) {
		HASH_DEL(set->first, kept);
		free(kept);
	}
}

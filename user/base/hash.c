// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Eight bytes at a time. */
#include "base/hash.h"

#include <string.h>

uint64_t hash_bytes(uint64_t seed, const void *data, size_t len)
{
	const char *at = data;
	uint64_t hash = hash_mix(seed, len), word;

	for (; len >= sizeof(word); at += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		hash = hash_mix(hash, word);
	}
	if (!len)
		return hash;
	word = 0;
	memcpy(&word, at, len);
	return hash_mix(hash, word);
}

uint64_t hash_text(uint64_t seed, const char *text)
{
	return hash_bytes(seed, text, strlen(text));
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Needless computation: the tag of an asset that does not change, made anew for each reply. */
#include "faults.h"

#include "site.h"

#define ASSET_BYTES 4194304
#define BLOCK_BYTES 16384
#define FNV_OFFSET  14695981039346656037ULL
#define FNV_PRIME   1099511628211ULL

static unsigned char asset[ASSET_BYTES];
static unsigned int asset_version = 1; /* whoever changes the asset counts it up */

void digest_start(void)
{
	for (uint32_t i = 0; i < ASSET_BYTES; i++)
		asset[i] = (unsigned char)((i * 2654435761U) >> 24);
}

TRUTH_SITE static uint64_t digest_block(uint64_t digest, const unsigned char *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		digest = (digest ^ at[i]) * FNV_PRIME;
	return digest;
}

TRUTH_SITE static uint64_t digest_asset(void)
{
	uint64_t digest = FNV_OFFSET;

	for (size_t at = 0; at < ASSET_BYTES; at += BLOCK_BYTES)
		digest = digest_block(digest, asset + at, BLOCK_BYTES);
	return digest;
}

TRUTH_SITE uint64_t digest_again(void)
{
	return digest_asset();
}

TRUTH_SITE uint64_t digest_cached(void)
{
	static unsigned int cached_version;
	static uint64_t cached;

	if (cached_version != asset_version) {
		cached = digest_asset();
		cached_version = asset_version;
	}
	return cached;
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Hashes for tables in memory; they are not the same from run to run and never written anywhere.
 *
 * What is hashed may have been chosen by a hostile target, so each table starts from a seed that
 * the target cannot know (hash_seed), or it could make all its names fall on one place.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Both halves of the product, so that each bit of @a and @b reaches all bits of the result. */
static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product =
		(unsigned __int128)(a ^ 0x9e3779b97f4a7c15u) * (b ^ 0xd6e8feb86659fd93u);

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Where an object of ours lies is random (ASLR), and not told to anybody. */
static inline uint64_t hash_seed(const void *object)
{
	return hash_mix((uintptr_t)object, (uintptr_t)object >> 12);
}

/* @seed: the table's, or the hash of what stands before. */
uint64_t hash_bytes(uint64_t seed, const void *data, size_t len);
uint64_t hash_text(uint64_t seed, const char *text);

#endif

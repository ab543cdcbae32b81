/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tells one sequence of bytes from another: FNV-1a, 64 bits. */
#ifndef EXAMPLE_DIGEST_H
#define EXAMPLE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_START 14695981039346656037ULL

static inline uint64_t digest_add(uint64_t digest, const void *at, size_t len)
{
	const unsigned char *bytes = at;

	for (size_t i = 0; i < len; i++)
		digest = (digest ^ bytes[i]) * 1099511628211ULL;
	return digest;
}

#endif

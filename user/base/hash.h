/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A hash for tables whose keys a stranger chose (SipHash-2-4, Aumasson and Bernstein 2012): without
 * the key nobody can prepare names that fall into one bucket and make the table a list.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_key {
	uint64_t at[2];
};

uint64_t hash_bytes(const struct hash_key *key, const void *bytes, size_t len);

#endif

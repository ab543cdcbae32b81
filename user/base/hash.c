// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* SipHash-2-4, written after the paper; its test vector is in the unit test. */
#include "base/hash.h"

#include <endian.h>
#include <string.h>

static uint64_t rotate(uint64_t value, unsigned int bits)
{
	return value << bits | value >> (64 - bits);
}

static void mix(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

static void take_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	mix(v);
	mix(v);
	v[0] ^= word;
}

uint64_t hash_bytes(const struct hash_key *key, const void *bytes, size_t len)
{
	uint64_t v[4] = { key->at[0] ^ 0x736f6d6570736575, key->at[1] ^ 0x646f72616e646f6d,
			  key->at[0] ^ 0x6c7967656e657261, key->at[1] ^ 0x7465646279746573 };
	const uint8_t *at = bytes;
	uint64_t word;

	for (size_t left = len; left >= sizeof(word); left -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		take_word(v, le64toh(word));
	}
	word = 0;
	memcpy(&word, at, len % sizeof(word));
	take_word(v, le64toh(word) | (uint64_t)len << 56);
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		mix(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

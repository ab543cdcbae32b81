// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The hash against the vector of its paper; every length and every byte matters. */
#include "base/hash.h"
#include "tap.h"

static const struct hash_key paper_key = { { 0x0706050403020100, 0x0f0e0d0c0b0a0908 } };

int main(void)
{
	uint8_t bytes[64];
	bool is_distinct = true, is_sensitive = true;
	uint64_t seen[64];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	ok(hash_bytes(&paper_key, bytes, 15) == 0xa129ca6149be45e5, "the vector of the paper");
	for (size_t len = 0; len < 64; len++) {
		seen[len] = hash_bytes(&paper_key, bytes, len);
		for (size_t i = 0; i < len; i++) {
			is_distinct &= seen[i] != seen[len];
			bytes[i] ^= 1;
			is_sensitive &= hash_bytes(&paper_key, bytes, len) != seen[len];
			bytes[i] ^= 1;
		}
	}
	ok(is_distinct, "no two lengths of 0 to 63 hash the same");
	ok(is_sensitive, "every byte counts");
	ok(hash_bytes(&(struct hash_key){ { 1, 2 } }, bytes, 15) != 0xa129ca6149be45e5,
	   "another key, another hash");
	return tap_done();
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Buckets of a log-linear histogram: values below 2^@sub_bits have one each; above, each power of
 * two is divided into 2^@sub_bits of equal width.
 */
#ifndef ABI_LOG_BUCKETS_H
#define ABI_LOG_BUCKETS_H

#include "abi/base.h"

/* Of the highest bit of @value, not 0: its number. (clang 14 has no __builtin_clzll for BPF.) */
static inline __attribute__((always_inline)) __u32 log_top_bit(__u64 value)
{
	__u32 bit = 0;

	for (__u32 half = 32; half; half /= 2) {
		__u32 is_above = value >> half != 0;

		bit += is_above * half;
		value >>= is_above * half;
	}
	return bit;
}

static inline __attribute__((always_inline)) __u32 log_bucket(__u64 value, __u32 sub_bits)
{
	__u32 shift;

	if (value >> sub_bits == 0)
		return (__u32)value;
	shift = log_top_bit(value) - sub_bits;
	return ((shift + 1) << sub_bits) | ((__u32)(value >> shift) & ((1u << sub_bits) - 1));
}

/* The smallest value of @bucket; that of the next one is where it ends. */
static inline __attribute__((always_inline)) __u64 log_bucket_low(__u32 bucket, __u32 sub_bits)
{
	__u32 sub = 1u << sub_bits;

	if (bucket < sub)
		return bucket;
	return (__u64)(sub | (bucket & (sub - 1))) << ((bucket >> sub_bits) - 1);
}

#endif

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which compiler made the BPF objects of this build, for verifier-cost_test.c: the cost depends on
 * it. */
#include <linux/types.h>

const volatile __u32 clang_major = __clang_major__;

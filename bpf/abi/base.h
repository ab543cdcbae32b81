/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What every header of this folder builds on. These headers are the wire between the kernel side
 * and user space: fixed-width types, no pointers, no implicit padding, sizes asserted.
 */
#ifndef ABI_BASE_H
#define ABI_BASE_H

#include <linux/types.h>

#define ABI_SIZE(type, bytes)                                                                      \
	_Static_assert(sizeof(type) == (bytes), "size of " #type " on the wire")

#endif

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Growth by doubling, with the overflow checks in one place. */
#include "base/vec.h"

#include <stdint.h>
#include <stdlib.h>

void *vec_grow(void *at, size_t len, size_t *cap, size_t size)
{
	size_t want = *cap ? *cap * 2 : 16;
	void *grown;

	if (len < *cap)
		return at;
	if (want <= *cap || want > SIZE_MAX / size)
		return NULL;
	grown = realloc(at, want * size);
	if (grown)
		*cap = want;
	return grown;
}

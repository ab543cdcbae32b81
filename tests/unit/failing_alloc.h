/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Makes the n-th allocation of the code under test fail, also under sanitizers. The Makefile links
 * every unit test with failing_alloc.c and -Wl,--wrap for malloc, calloc, realloc, reallocarray,
 * strdup and strndup, so calls from our own objects (not those inside libc) are counted.
 *
 *	bool is_hit = true;
 *
 *	for (size_t n = 1; is_hit; n++) {
 *		int err;
 *
 *		failing_alloc_start(n);
 *		err = thing_parse(&input, &thing);
 *		is_hit = failing_alloc_stop();
 *		is_int(err, is_hit ? -ENOMEM : 0, "allocation %zu", n);
 *		... free thing when err is 0; LeakSanitizer tells what a failure left behind ...
 *	}
 */
#ifndef TESTS_UNIT_FAILING_ALLOC_H
#define TESTS_UNIT_FAILING_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* From now on the @n-th allocation, counted from 1, returns NULL with ENOMEM; the others work. */
void failing_alloc_start(size_t n);

/* Back to normal. True when the n-th allocation was reached, so when one has failed. */
bool failing_alloc_stop(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Scope-bound release: the value is handed (by address) to the named function when its scope ends.
 *
 *	_release_(fclosep) FILE *f = NULL;
 */
#ifndef BASE_SCOPE_H
#define BASE_SCOPE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _release_(fn) __attribute__((cleanup(fn)))

static inline void freep(void *p)
{
	free(*(void **)p);
}

static inline void fclosep(FILE **f)
{
	if (*f)
		(void)fclose(*f); /* errors of a file that matters are seen by its own flush */
}

/* A descriptor that is not open is -1. */
static inline void closep(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

#endif

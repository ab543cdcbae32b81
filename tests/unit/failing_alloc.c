// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The wrappers behind failing_alloc.h; the linker sends our objects' calls here (-Wl,--wrap). */
#include "failing_alloc.h"

#include <errno.h>

static size_t countdown; /* allocations left until one fails, 0: none will */
static bool is_reached;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t max);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t max);

void failing_alloc_start(size_t n)
{
	countdown = n;
	is_reached = false;
}

bool failing_alloc_stop(void)
{
	countdown = 0;
	return is_reached;
}

static bool is_due(void)
{
	if (countdown == 0 || --countdown > 0)
		return false;
	is_reached = true;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return is_due() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return is_due() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return is_due() ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
	return is_due() ? NULL : __real_reallocarray(old, count, size);
}

char *__wrap_strdup(const char *text)
{
	return is_due() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t max)
{
	return is_due() ? NULL : __real_strndup(text, max);
}

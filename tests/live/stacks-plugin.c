// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A library for stacks-c to dlopen: it allocates by itself and calls back. It is built with frame
 * pointers where the program is not, and without where it is.
 */
#include "stacks.h"

static SITE int plugin_inner(int (*callback)(int), int n)
{
	char buffer[120];

	stacks_keep(buffer);
	n = callback(n + 1);
	stacks_touch((size_t)n + 8);
	stacks_keep(buffer);
	return n;
}

int plugin_call(int (*callback)(int), int n);

int plugin_call(int (*callback)(int), int n)
{
	stacks_touch((size_t)n + 32);
	n = plugin_inner(callback, n * 3);
	stacks_keep(&n);
	return n;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A server's call paths that leak in three ways and not in a fourth:
 *
 *	main > event_loop > handle_login > leaky_session	malloc
 *	                  > handle_upload > leaky_strdup	the C library's malloc, in strdup
 *	                  > handle_grow > leaky_realloc		realloc, at -O2 by a tail call
 *	                  > handle_ping > tidy_copy		is freed
 *
 *	leaks-c TURNS	waits for a line, leaks TURNS times each, prints so, waits for another
 */
#include "gate.h"

static void *volatile kept;

static SITE void leaky_session(size_t size)
{
	char *session = malloc(size);

	if (!session)
		_exit(8);
	memset(session, 1, size);
	kept = session;
}

static SITE size_t handle_login(size_t size)
{
	leaky_session(size);
	return size + 1;
}

static SITE void leaky_strdup(const char *name)
{
	char *copy = strdup(name);

	kept = copy;
}

static SITE size_t handle_upload(const char *name)
{
	leaky_strdup(name);
	return strlen(name) + 1;
}

static SITE void *leaky_realloc(void *old, size_t size)
{
	return realloc(old, size);
}

static SITE size_t handle_grow(size_t size)
{
	void *grown = leaky_realloc(NULL, size);

	kept = grown;
	return size + 2;
}

static SITE void tidy_copy(size_t size)
{
	char *copy = malloc(size);

	kept = copy;
	free(copy);
}

static SITE size_t handle_ping(size_t size)
{
	tidy_copy(size);
	return size + 3;
}

static SITE size_t event_loop(uint64_t turns)
{
	size_t served = 0;

	for (uint64_t i = 0; i < turns; i++) {
		served += handle_login(100);
		served += handle_upload("a name to be copied");
		served += handle_grow(200);
		served += handle_ping(300);
	}
	return served;
}

int main(int argc, char **argv)
{
	uint64_t turns = number_or(argc > 1 ? argv[1] : NULL, 100);
	size_t served;

	gate_ready();
	gate_wait();
	served = event_loop(turns);
	printf("{\"what\":\"leaked\",\"turns\":%lu,\"served\":%zu}\n", (unsigned long)turns,
	       served);
	fflush(stdout);
	gate_wait();
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How a test holds a target program: the program says "ready PID" and goes on only when a line
 * comes on its standard input. Nothing here allocates, so the truth a target prints stays exact.
 */
#ifndef TESTS_LIVE_GATE_H
#define TESTS_LIVE_GATE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A function that must keep its own frame, name and calls, whatever the optimiser thinks. */
#if defined(__has_attribute) && __has_attribute(noipa)
#define SITE __attribute__((noipa, noinline))
#else
#define SITE __attribute__((noinline))
#endif

/* Gives stdout a static buffer (stdio would allocate one) and says that the program is ready. */
static inline void gate_ready(void)
{
	static char buffer[1 << 16];

	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	printf("ready %d\n", (int)getpid());
	fflush(stdout);
}

/* Waits for a line and stores it without its newline; a test that went away ends the program. */
static inline void gate_line(char *line, size_t size)
{
	size_t used = 0;
	char c;

	while (read(STDIN_FILENO, &c, 1) == 1) {
		if (c == '\n') {
			line[used] = '\0';
			return;
		}
		if (used + 1 < size)
			line[used++] = c;
	}
	_exit(9);
}

static inline void gate_wait(void)
{
	char line[8];

	gate_line(line, sizeof(line));
}

/* A whole decimal number, or @fallback when @text is NULL or anything else. */
static inline uint64_t number_or(const char *text, uint64_t fallback)
{
	uint64_t value = 0;

	if (!text || !*text)
		return fallback;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return fallback;
		value = value * 10 + (uint64_t)(*text - '0');
	}
	return value;
}

#endif

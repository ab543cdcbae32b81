// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Works in functions, in a thread, whose names are made to harm a terminal, a browser or a parser.
 * Built without debug information, so that the names are those of the table of symbols. Says "ready
 * PID", goes on at a line, ends by itself after some minutes of CPU.
 */
#include "gate.h"

#include <pthread.h>
#include <sys/prctl.h>
#include <time.h>

#define FOREVER_S 240

#define TEN(text) text text text text text text text text text text

void evil_escape(void) __asm__("\"evil\033[2J\033]0;title\007\033[31mred\"");
void evil_folded(void) __asm__("\"evil;main;init 424242\"");
void evil_count(void) __asm__("\"evil 12 40\"");
void evil_markup(void) __asm__("\"evil</title><script>alert(1)</script><g onload='x'>&amp;]]>\"");
void evil_json(void) __asm__("\"evil','x':{}]},\"");
void evil_bidi(void) __asm__("\"evil\xe2\x80\xaetxt\xe2\x80\x8b.exe\xc2\x9b"
			     "31m\"");
void evil_bytes(void) __asm__("\"evil\xff\x9b\xc3(\xed\xa0\x80\"");
void evil_long(void) __asm__("\"evil" TEN(TEN(TEN(TEN(TEN("n"))))) "\"");

static volatile uint64_t sum;

#define BURN(name)                                                                                 \
	SITE void name(void)                                                                       \
	{                                                                                          \
		for (unsigned int i = 0; i < 100000; i++)                                          \
			sum = sum * 6364136223846793005ull + i;                                    \
	}

BURN(evil_escape)
BURN(evil_folded)
BURN(evil_count)
BURN(evil_markup)
BURN(evil_json)
BURN(evil_bidi)
BURN(evil_bytes)
BURN(evil_long)

static time_t cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec;
}

static void *burn_all(void *unused)
{
	prctl(PR_SET_NAME, "e;\033[7m<b> \xff 7");
	while (cpu_s() < FOREVER_S) {
		evil_escape();
		evil_folded();
		evil_count();
		evil_markup();
		evil_json();
		evil_bidi();
		evil_bytes();
		evil_long();
	}
	return unused;
}

int main(void)
{
	pthread_t thread;

	gate_ready();
	gate_wait();
	prctl(PR_SET_NAME, "p;\033[7m<i>\xc2\x9b 8");
	if (pthread_create(&thread, NULL, burn_all, NULL))
		return 1;
	pthread_join(thread, NULL);
	return 0;
}

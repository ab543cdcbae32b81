// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Built twice, static and at fixed addresses: the two programs differ in the name of the function
 *that works and in nothing else, so that an address means the one in one and the other in the
 *other.
 *
 *	cpu-exec-NAME MS [PROGRAM ARGUMENT...]	so much CPU in WORK (burn_NAME), then it executes
 *PROGRAM
 *
 * Says "ready PID" and goes on at a line when PROGRAM is given by "--" in front of it.
 */
#include "gate.h"

#include <time.h>

static volatile uint64_t sum;

static uint64_t cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static SITE void WORK(uint64_t ms)
{
	for (uint64_t end = cpu_ms() + ms; cpu_ms() < end;)
		for (unsigned int i = 0; i < 20000; i++)
			sum = sum * 6364136223846793005ull + i;
}

int main(int argc, char **argv)
{
	int program = 2;

	if (argc > 2 && strcmp(argv[2], "--") == 0) {
		gate_ready();
		gate_wait();
		program++;
	}
	WORK(number_or(argv[1], 500));
	if (argc <= program)
		return 0;
	execv(argv[program], argv + program);
	return 1;
}

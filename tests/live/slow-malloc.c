// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A program with a malloc of its own whose calls take seconds: threads are inside it when the
 * tracer dies, and each must come back with its block.
 *
 *	slow-malloc THREADS SECONDS
 */
#include "gate.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#define MAX_THREADS 512
#define SLOW_SIZE   4242

void *__libc_malloc(size_t size);
void __libc_free(void *at);

static unsigned int slow_seconds;
static atomic_int inside, came_back;
static pthread_barrier_t start, end;

SITE void *malloc(size_t size)
{
	if (size == SLOW_SIZE) {
		struct timespec left = { .tv_sec = slow_seconds };

		atomic_fetch_add(&inside, 1);
		while (nanosleep(&left, &left))
			;
	}
	return __libc_malloc(size);
}

SITE void free(void *at)
{
	__libc_free(at);
}

static SITE void leak_slowly(void)
{
	char *volatile at = malloc(SLOW_SIZE);

	if (!at)
		_exit(8);
	memset(at, 1, SLOW_SIZE);
}

static void *call_slowly(void *arg)
{
	pthread_barrier_wait(&start);
	leak_slowly();
	atomic_fetch_add(&came_back, 1);
	pthread_barrier_wait(&end);
	return arg;
}

int main(int argc, char **argv)
{
	uint64_t threads = number_or(argc > 1 ? argv[1] : NULL, 100) % (MAX_THREADS + 1);
	pthread_t thread;

	slow_seconds = (unsigned int)number_or(argc > 2 ? argv[2] : NULL, 3);
	pthread_barrier_init(&start, NULL, (unsigned int)threads + 1);
	pthread_barrier_init(&end, NULL, (unsigned int)threads + 1);
	for (uint64_t i = 0; i < threads; i++)
		if (pthread_create(&thread, NULL, call_slowly, NULL))
			return 1;
	gate_ready();
	gate_wait();
	pthread_barrier_wait(&start);
	while (atomic_load(&inside) < (int)threads)
		usleep(1000);
	printf("inside %d\n", atomic_load(&inside));
	fflush(stdout);
	pthread_barrier_wait(&end);
	printf("{\"what\":\"leaked\",\"blocks\":%d,\"bytes\":%d}\n", atomic_load(&came_back),
	       atomic_load(&came_back) * SLOW_SIZE);
	fflush(stdout);
	gate_wait();
	return 0;
}

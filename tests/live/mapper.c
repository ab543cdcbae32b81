// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Memory that a program maps itself: mmap, mremap, munmap in part and in the middle, sbrk, beside
 * what is the runtime's own (thread stacks, the allocator's arenas and large blocks). Prints what
 * is left of its own mappings.
 */
#include "gate.h"

#include <pthread.h>
#include <sys/mman.h>

#define PAGE	4096ul
#define LEAKS	10
#define THREADS 4

static uint64_t left_bytes;

static SITE void *leak_by_mmap(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		exit(1);
	left_bytes += bytes;
	return at;
}

static SITE void unmap(char *at, size_t bytes)
{
	if (munmap(at, bytes))
		exit(1);
	left_bytes -= bytes;
}

static SITE void grow(void *at, size_t from, size_t to)
{
	if (mremap(at, from, to, MREMAP_MAYMOVE) == MAP_FAILED)
		exit(1);
	left_bytes += to - from;
}

static SITE void leak_by_sbrk(intptr_t bytes)
{
	if (sbrk(bytes) == (void *)-1)
		exit(1);
	left_bytes += (uint64_t)bytes;
}

/* Gets a stack and an arena of its own, and one block that malloc maps. */
static void *run_thread(void *ignored)
{
	(void)ignored;
	for (int i = 0; i < 100; i++)
		free(malloc(1000));
	free(malloc(1 << 20));
	pause();
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];
	char *at;

	gate_ready();
	gate_wait();
	for (int i = 0; i < LEAKS; i++)
		(void)leak_by_mmap(3 * PAGE);
	unmap(leak_by_mmap(4 * PAGE), 4 * PAGE); /* all of it */
	at = leak_by_mmap(10 * PAGE);
	unmap(at + 2 * PAGE, 3 * PAGE); /* a hole */
	unmap(at, PAGE);		/* its beginning */
	grow(leak_by_mmap(2 * PAGE), 2 * PAGE, 20 * PAGE);
	leak_by_sbrk(5 * (intptr_t)PAGE);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, run_thread, NULL))
			return 1;
	usleep(300000);
	printf("{\"what\":\"mapped\",\"bytes\":%llu}\n", (unsigned long long)left_bytes);
	fflush(stdout);
	gate_wait();
	return 0;
}

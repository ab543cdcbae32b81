// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Works in functions of known names, in the ways that a sampler can get wrong. Says "ready PID",
 * goes on at a line, ends by itself after some minutes of CPU.
 *
 *	burn			one thread, below burn_main
 *	threads			alpha and beta, below burn_alpha and burn_beta
 *	workers N		N children, below burn_worker; they end with it
 *	brief MS		so much CPU in burn_briefly, then it ends with status 7
 *	exec MS			so much CPU in burn_before, then it executes itself: burn_after
 *	plugin FILE MS		so much CPU in burn_main, then the library's plugin_work
 *	jit [N]			N (1) pieces of code in anonymous memory, "code ADDRESS SIZE" of
 *				each is said, below burn_jit
 */
#include "gate.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#define FOREVER_MS  240000
#define ROUNDS	    20000
#define MAX_WORKERS 16

static volatile uint64_t sum;

static uint64_t cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static SITE void work(void)
{
	for (unsigned int i = 0; i < ROUNDS; i++)
		sum = sum * 6364136223846793005ull + i;
}

/* A caller of work() with a name of its own. */
#define BURN(name)                                                                                 \
	static SITE void name(uint64_t ms)                                                         \
	{                                                                                          \
		uint64_t end = cpu_ms() + ms;                                                      \
		while (cpu_ms() < end)                                                             \
			work();                                                                    \
	}

BURN(burn_main)
BURN(burn_alpha)
BURN(burn_beta)
BURN(burn_worker)
BURN(burn_briefly)
BURN(burn_before)
BURN(burn_after)

static void *alpha(void *unused)
{
	prctl(PR_SET_NAME, "alpha");
	burn_alpha(FOREVER_MS);
	return unused;
}

static void *beta(void *unused)
{
	prctl(PR_SET_NAME, "beta");
	burn_beta(FOREVER_MS);
	return unused;
}

static int threads(void)
{
	pthread_t thread[2];

	if (pthread_create(&thread[0], NULL, alpha, NULL) ||
	    pthread_create(&thread[1], NULL, beta, NULL))
		return 1;
	pthread_join(thread[0], NULL);
	pthread_join(thread[1], NULL);
	return 0;
}

static int workers(uint64_t count)
{
	for (uint64_t i = 0; i < count && i < MAX_WORKERS; i++) {
		pid_t child = fork();

		if (child < 0)
			return 1;
		if (child == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			burn_worker(FOREVER_MS);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		continue;
	return 0;
}

static int plugin(const char *path, uint64_t ms)
{
	void (*plugin_work)(void);
	void *library;

	burn_main(ms);
	library = dlopen(path, RTLD_NOW);
	*(void **)&plugin_work = library ? dlsym(library, "plugin_work") : NULL;
	if (!plugin_work)
		return 1;
	for (uint64_t end = cpu_ms() + FOREVER_MS; cpu_ms() < end;)
		plugin_work();
	return 0;
}

#define PIECE_BYTES 16
#define PIECES_MAX  (4096 / PIECE_BYTES)

static SITE void burn_jit(unsigned char *code, size_t pieces)
{
	for (uint64_t end = cpu_ms() + FOREVER_MS; cpu_ms() < end;) {
		for (size_t i = 0; i < pieces; i++) {
			void (*call)(void);

			*(void **)&call = code + i * PIECE_BYTES;
			call();
		}
	}
}

static int jit(size_t pieces)
{
	/* push rbp; mov rbp, rsp; mov eax, 100000; 1: dec eax; jnz 1b; pop rbp; ret */
	static const unsigned char code[] = { 0x55, 0x48, 0x89, 0xe5, 0xb8, 0xa0, 0x86, 0x01,
					      0x00, 0xff, 0xc8, 0x75, 0xfc, 0x5d, 0xc3 };
	unsigned char *at = mmap(NULL, PIECES_MAX * PIECE_BYTES, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED || pieces > PIECES_MAX)
		return 1;
	for (size_t i = 0; i < pieces; i++)
		memcpy(at + i * PIECE_BYTES, code, sizeof(code));
	if (mprotect(at, PIECES_MAX * PIECE_BYTES, PROT_READ | PROT_EXEC))
		return 1;
	gate_ready();
	for (size_t i = 0; i < pieces; i++)
		printf("code %lx %zx\n", (unsigned long)(at + i * PIECE_BYTES), sizeof(code));
	fflush(stdout);
	gate_wait();
	burn_jit(at, pieces);
	return 0;
}

static int run(const char *mode, char **args)
{
	if (strcmp(mode, "threads") == 0)
		return threads();
	if (strcmp(mode, "workers") == 0)
		return workers(number_or(args[0], 2));
	if (strcmp(mode, "plugin") == 0 && args[0])
		return plugin(args[0], number_or(args[1], 500));
	if (strcmp(mode, "brief") == 0) {
		burn_briefly(number_or(args[0], 500));
		return 7;
	}
	if (strcmp(mode, "exec") == 0) {
		burn_before(number_or(args[0], 500));
		execl("/proc/self/exe", "cpu-work", "after", NULL);
		return 1;
	}
	burn_main(FOREVER_MS);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	if (strcmp(argv[1], "after") == 0) {
		burn_after(FOREVER_MS);
		return 0;
	}
	if (strcmp(argv[1], "jit") == 0)
		return jit(number_or(argv[2], 1));
	gate_ready();
	gate_wait();
	return run(argv[1], argv + 2);
}

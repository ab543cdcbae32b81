// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Small situations for the live tests, one per sub-command. Each says "ready PID", waits for
 * lines, and prints what really happened as JSON lines.
 *
 *	scenario hold BLOCKS SIZE	allocates, waits, frees all, waits
 *	scenario known			1000 leaks of 100 bytes among 100,000 pairs, 8 threads
 *	scenario bystander		allocates and frees until a line comes
 *	scenario storm THREADS		allocates and frees as fast as it can, prints its rate
 *	scenario workers N		forks N workers that leak different amounts
 *	scenario exec-self		leaks 1 MB, executes itself, leaks 1 MB
 *	scenario die kill|segv|exit	leaks, then ends that way
 *	scenario coroutine		stacks switched by ucontext between allocations
 *	scenario evil-names		names made to harm a terminal or a parser
 *	scenario at-pid PID		a bystander that gets exactly this PID
 */
#include "gate.h"

#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>

static SITE void *opaque(void *at)
{
	return at;
}

static void print_truth(const char *what, uint64_t blocks, uint64_t bytes)
{
	printf("{\"what\":\"%s\",\"pid\":%d,\"blocks\":%lu,\"bytes\":%lu}\n", what, (int)getpid(),
	       (unsigned long)blocks, (unsigned long)bytes);
	fflush(stdout);
}

/* --- hold, known, die: plain leaks ---------------------------------------------------------- */

/* Blocks are chained through their first word, so that they can be freed again. */
static SITE void *leak_chain(uint64_t blocks, size_t size)
{
	void **first = NULL;

	for (uint64_t i = 0; i < blocks; i++) {
		void **block = malloc(size);

		if (!block)
			_exit(8);
		*block = first;
		first = block;
	}
	return first;
}

static void free_chain(void *first)
{
	while (first) {
		void *next = *(void **)first;

		free(first);
		first = next;
	}
}

static int hold(char **args)
{
	uint64_t blocks = number_or(args[0], 1000), size = number_or(args[0] ? args[1] : NULL, 64);
	void *chain;

	gate_ready();
	gate_wait();
	chain = opaque(leak_chain(blocks, size));
	print_truth("held", blocks, blocks * size);
	gate_wait();
	free_chain(chain);
	print_truth("freed", 0, 0);
	gate_wait();
	return 0;
}

#define KNOWN_THREADS 8
#define KNOWN_PAIRS   (100000 / KNOWN_THREADS)
#define KNOWN_LEAKS   (1000 / KNOWN_THREADS)
#define KNOWN_SIZE    100

static SITE void leak_known(void)
{
	opaque(malloc(KNOWN_SIZE));
}

static void *known_thread(void *arg)
{
	pthread_barrier_t *gates = arg;

	pthread_barrier_wait(&gates[0]);
	for (int i = 0; i < KNOWN_PAIRS; i++) {
		free(opaque(malloc(1 + i % 500)));
		if (i % (KNOWN_PAIRS / KNOWN_LEAKS) == 0)
			leak_known();
	}
	pthread_barrier_wait(&gates[1]);
	return NULL;
}

static int known(char **args)
{
	static pthread_barrier_t gates[2];
	pthread_t thread;

	(void)args;
	for (int i = 0; i < 2; i++)
		pthread_barrier_init(&gates[i], NULL, KNOWN_THREADS + 1);
	for (int i = 0; i < KNOWN_THREADS; i++)
		if (pthread_create(&thread, NULL, known_thread, gates))
			_exit(8);
	gate_ready();
	gate_wait();
	pthread_barrier_wait(&gates[0]);
	pthread_barrier_wait(&gates[1]);
	print_truth("leaked", KNOWN_THREADS * KNOWN_LEAKS,
		    KNOWN_THREADS * KNOWN_LEAKS * KNOWN_SIZE);
	gate_wait();
	return 0;
}

static int die(char **args)
{
	const char *how = args[0] ? args[0] : "exit";

	gate_ready();
	gate_wait();
	opaque(leak_chain(100, 1000));
	print_truth("leaked", 100, 100000);
	gate_wait();
	if (strcmp(how, "kill") == 0)
		kill(getpid(), SIGKILL);
	if (strcmp(how, "segv") == 0)
		raise(SIGSEGV);
	return 0;
}

/* --- bystander, storm: allocation without growth -------------------------------------------- */

static bool line_is_waiting(int timeout_ms)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&in, 1, timeout_ms) > 0;
}

static int bystander(char **args)
{
	uint64_t pairs = 0;

	(void)args;
	gate_ready();
	while (!line_is_waiting(1))
		for (int i = 0; i < 10; i++, pairs++)
			free(opaque(malloc(64)));
	print_truth("pairs", pairs, pairs * 64);
	return 0;
}

static atomic_ullong storm_pairs;

static void *storm_thread(void *arg)
{
	for (;;) {
		for (int i = 0; i < 100; i++)
			free(opaque(malloc(64)));
		atomic_fetch_add_explicit(&storm_pairs, 100, memory_order_relaxed);
	}
	return arg;
}

/* Prints pairs per second, ten times a second, until a line comes. */
static int storm(char **args)
{
	uint64_t before = 0, now, threads = number_or(args[0], 1);
	pthread_t thread;

	gate_ready();
	gate_wait();
	for (uint64_t i = 0; i < threads; i++)
		if (pthread_create(&thread, NULL, storm_thread, NULL))
			_exit(8);
	while (!line_is_waiting(100)) {
		now = atomic_load(&storm_pairs);
		printf("rate %lu\n", (unsigned long)(now - before) * 10);
		fflush(stdout);
		before = now;
	}
	return 0;
}

/* The next process gets the PID asked for (clone3 with set_tid). */
static int at_pid(char **args)
{
	pid_t wanted = (pid_t)number_or(args[0], 0);
	struct clone_args how = {
		.exit_signal = SIGCHLD,
		.set_tid = (uint64_t)(uintptr_t)&wanted,
		.set_tid_size = 1,
	};
	long pid = syscall(SYS_clone3, &how, sizeof(how));

	if (pid < 0) {
		perror("clone3");
		return 1;
	}
	if (pid == 0)
		return bystander(args);
	return waitpid((pid_t)pid, NULL, 0) < 0;
}

/* --- workers: what belongs to which process -------------------------------------------------- */

#define MAX_WORKERS 16

static SITE void leak_in_worker(uint64_t blocks)
{
	for (uint64_t i = 0; i < blocks; i++)
		opaque(malloc(64));
}

static void worker(const int go[2], const int end[2], uint64_t blocks)
{
	char c;

	close(go[1]);
	close(end[1]);
	if (read(go[0], &c, 1) != 1)
		_exit(9);
	leak_in_worker(blocks);
	print_truth("worker", blocks, blocks * 64);
	_exit(read(end[0], &c, 1) == 0 ? 0 : 9);
}

/* Lines: fork; let them leak; let them end. */
static int workers(char **args)
{
	uint64_t count = number_or(args[0], 4) % (MAX_WORKERS + 1);
	int go[2], end[2], status, worst = 0;

	if (pipe(go) || pipe(end))
		return 1;
	gate_ready();
	gate_wait();
	opaque(leak_chain(10, 64));
	print_truth("parent", 10, 640);
	for (uint64_t i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid == 0)
			worker(go, end, (i + 1) * 100);
		printf("forked %d\n", (int)pid);
		fflush(stdout);
	}
	gate_wait();
	if (write(go[1], "xxxxxxxxxxxxxxxx", count) != (ssize_t)count)
		return 1;
	gate_wait();
	close(end[1]);
	while (wait(&status) > 0)
		worst |= status;
	printf("workers ended %d\n", worst);
	fflush(stdout);
	gate_wait();
	return worst != 0;
}

/* --- exec-self ------------------------------------------------------------------------------- */

static SITE void leak_before_exec(void)
{
	for (int i = 0; i < 16; i++)
		opaque(malloc(65536));
}

static SITE void leak_after_exec(void)
{
	for (int i = 0; i < 16; i++)
		opaque(malloc(65536));
}

static int exec_self(char **args)
{
	(void)args;
	gate_ready();
	gate_wait();
	leak_before_exec();
	print_truth("before", 16, 1 << 20);
	gate_wait();
	execl("/proc/self/exe", "scenario", "exec-second", (char *)NULL);
	return 1;
}

static int exec_second(char **args)
{
	(void)args;
	gate_ready();
	gate_wait();
	leak_after_exec();
	print_truth("after", 16, 1 << 20);
	gate_wait();
	return 0;
}

/* --- coroutines ------------------------------------------------------------------------------ */

#define COROUTINES 8
#define ROUNDS	   2000

static struct {
	ucontext_t main, at[COROUTINES];
	char stacks[COROUTINES][65536];
	int current, running;
	uint64_t leaked;
} co;

static SITE void co_yield (void)
{
	swapcontext(&co.at[co.current], &co.main);
}

static SITE void leak_in_coroutine(void)
{
	opaque(malloc(48));
	co.leaked++;
}

static void coroutine_body(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		void *at = opaque(malloc(100 + i % 50));

		co_yield ();
		at = opaque(realloc(at, 300));
		if (i % 10 == 0)
			leak_in_coroutine();
		co_yield ();
		free(at);
	}
	co.running--;
}

static int coroutine(char **args)
{
	(void)args;
	gate_ready();
	gate_wait();
	for (int i = 0; i < COROUTINES; i++) {
		getcontext(&co.at[i]);
		co.at[i].uc_stack.ss_sp = co.stacks[i];
		co.at[i].uc_stack.ss_size = sizeof(co.stacks[i]);
		co.at[i].uc_link = &co.main;
		makecontext(&co.at[i], coroutine_body, 0);
	}
	co.running = COROUTINES;
	/* All have the same length: they end together, in the last round. */
	while (co.running > 0)
		for (co.current = 0; co.current < COROUTINES; co.current++)
			swapcontext(&co.main, &co.at[co.current]);
	print_truth("leaked", co.leaked, co.leaked * 48);
	gate_wait();
	return 0;
}

/* --- evil names ------------------------------------------------------------------------------ */

void evil_escape(void) __asm__("\"evil\033[2J\033[31mred\"");
void evil_folded(void) __asm__("\"evil;main;init 424242\"");
void evil_markup(void) __asm__("\"evil</title><script>alert(1)</script>\"");
void evil_bidi(void) __asm__("\"evil\xe2\x80\xaetxt.exe\"");
void evil_bytes(void) __asm__("\"evil\xff\x9b\xc3(\"");

SITE void evil_escape(void)
{
	opaque(malloc(1001));
}

SITE void evil_folded(void)
{
	opaque(malloc(1002));
}

SITE void evil_markup(void)
{
	opaque(malloc(1003));
}

SITE void evil_bidi(void)
{
	opaque(malloc(1004));
}

SITE void evil_bytes(void)
{
	opaque(malloc(1005));
}

static void *evil_thread(void *arg)
{
	static pthread_barrier_t *gates;

	gates = arg;
	prctl(PR_SET_NAME, "\033]0;owned\007\xff", 0, 0, 0);
	pthread_barrier_wait(&gates[0]);
	evil_escape();
	evil_folded();
	evil_markup();
	evil_bidi();
	evil_bytes();
	pthread_barrier_wait(&gates[1]);
	return NULL;
}

static int evil_names(char **args)
{
	static pthread_barrier_t gates[2];
	pthread_t thread;

	(void)args;
	for (int i = 0; i < 2; i++)
		pthread_barrier_init(&gates[i], NULL, 2);
	if (pthread_create(&thread, NULL, evil_thread, gates))
		return 1;
	prctl(PR_SET_NAME, "\033[31mev;l\n\" 7\xff", 0, 0, 0);
	gate_ready();
	gate_wait();
	pthread_barrier_wait(&gates[0]);
	pthread_barrier_wait(&gates[1]);
	print_truth("leaked", 5, 1001 + 1002 + 1003 + 1004 + 1005);
	gate_wait();
	return 0;
}

static const struct {
	const char *name;
	int (*run)(char **args);
} commands[] = {
	{ "hold", hold },	    { "known", known },		  { "die", die },
	{ "bystander", bystander }, { "storm", storm },		  { "at-pid", at_pid },
	{ "workers", workers },	    { "exec-self", exec_self },	  { "exec-second", exec_second },
	{ "coroutine", coroutine }, { "evil-names", evil_names },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argv + 2);
	return 2;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A process with threads that count: they stand still together, and go on, whoever dies. */
#include "host/standstill.h"

#include "host/clock.h"
#include "host/procfs.h"
#include "tap.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 4
#define ROUNDS	200

struct shared {
	atomic_ulong counts[THREADS];
	atomic_int usr1;
};

static struct shared *shared;

static void *count(void *arg)
{
	for (;;) {
		atomic_fetch_add(&shared->counts[(size_t)arg], 1);
		(void)usleep(100);
	}
	return NULL;
}

static void on_usr1(int signo)
{
	(void)signo;
	atomic_fetch_add(&shared->usr1, 1);
}

static pid_t start(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGUSR1, on_usr1);
	for (size_t i = 1; i < THREADS; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, count, (void *)i))
			_exit(1);
	}
	(void)count(NULL);
	_exit(1);
}

static unsigned long sum(void)
{
	unsigned long all = 0;

	for (size_t i = 0; i < THREADS; i++)
		all += atomic_load(&shared->counts[i]);
	return all;
}

/* All of its threads count. */
static bool runs(void)
{
	unsigned long before[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		before[i] = atomic_load(&shared->counts[i]);
	for (int tries = 0; tries < 5000; tries++) {
		bool all = true;

		for (size_t i = 0; i < THREADS; i++)
			all &= atomic_load(&shared->counts[i]) > before[i];
		if (all)
			return true;
		(void)usleep(1000);
	}
	return false;
}

static void test_stops(pid_t pid)
{
	struct standstill s = { 0 };
	uint64_t words[STANDSTILL_REGISTERS], stack = 0;
	unsigned long before;

	ok(runs(), "it runs");
	is_int(standstill_begin(pid, &s), 0, "it is stopped");
	is_int(s.len, THREADS, "with all threads");
	before = sum();
	(void)usleep(20000);
	is_int(sum(), before, "none of which counts");
	ok(standstill_registers(&s, 1, words, &stack) > 10 && stack, "a thread has a stack");
	(void)kill(pid, SIGUSR1);
	(void)usleep(20000);
	is_int(atomic_load(&shared->usr1), 0, "a signal waits");
	standstill_end(&s);
	ok(runs(), "it runs again");
	for (int i = 0; i < 5000 && !atomic_load(&shared->usr1); i++)
		(void)usleep(1000);
	is_int(atomic_load(&shared->usr1), 1, "and has got its signal");
	for (int i = 0; i < 200; i++) {
		(void)kill(pid, SIGUSR1);
		must(!standstill_begin(pid, &s));
		standstill_end(&s);
	}
	ok(runs(), "two hundred times");
}

static bool all_have_state(pid_t pid, char state)
{
	struct pid_list threads = { 0 };
	bool all = !procfs_threads(pid, &threads);

	for (size_t i = 0; i < threads.len; i++) {
		struct process_stat st = { 0 };

		all &= !procfs_stat(threads.at[i], &st) && st.state == state;
	}
	pid_list_done(&threads);
	return all;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* No test: what docs/01-v8-memory-management.md says of the two ways to stop a process. */
static void tell_time(pid_t pid)
{
	double ours[ROUNDS], signals[ROUNDS];

	for (size_t i = 0; i < ROUNDS; i++) {
		struct standstill s = { 0 };
		uint64_t began_ns = clock_monotonic_ns();

		must(!standstill_begin(pid, &s));
		ours[i] = (double)(clock_monotonic_ns() - began_ns) / 1e6;
		standstill_end(&s);
		must(runs());
		began_ns = clock_monotonic_ns();
		(void)kill(pid, SIGSTOP);
		while (!all_have_state(pid, 'T'))
			(void)usleep(30);
		signals[i] = (double)(clock_monotonic_ns() - began_ns) / 1e6;
		(void)kill(pid, SIGCONT);
		must(runs());
	}
	qsort(ours, ROUNDS, sizeof(*ours), compare);
	qsort(signals, ROUNDS, sizeof(*signals), compare);
	printf("# stopped in %.2f ms by ptrace, in %.2f ms by SIGSTOP: medians of %d in turn\n",
	       ours[ROUNDS / 2], signals[ROUNDS / 2], ROUNDS);
}

static void test_we_die(pid_t pid)
{
	pid_t tool = fork();
	struct standstill s = { 0 };
	int status;

	if (!tool) {
		(void)standstill_begin(pid, &s);
		(void)kill(getpid(), SIGKILL);
	}
	must(waitpid(tool, &status, 0) == tool && WIFSIGNALED(status));
	ok(runs(), "it runs on when we are killed");
}

static void test_refused(pid_t pid)
{
	struct standstill s = { 0 }, other = { 0 };
	pid_t tool;
	int status;

	must(!standstill_begin(pid, &s));
	tool = fork();
	if (!tool)
		_exit(standstill_begin(pid, &other) == -EPERM ? 0 : 1);
	must(waitpid(tool, &status, 0) == tool);
	ok(WIFEXITED(status) && !WEXITSTATUS(status), "two at a time cannot");
	standstill_end(&s);
	ok(runs(), "it runs");
}

static void test_it_dies(pid_t pid)
{
	struct standstill s = { 0 };
	pid_t tool = fork();
	int status;

	if (!tool) { /* we are its parent, which the one who stops it mostly is not */
		if (standstill_begin(pid, &s))
			_exit(1);
		(void)kill(pid, SIGKILL);
		standstill_end(&s);
		_exit(0);
	}
	must(waitpid(tool, &status, 0) == tool);
	ok(WIFEXITED(status) && !WEXITSTATUS(status), "it is let go, dead");
	ok(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status),
	   "and its parent is told how it ended");
	ok(standstill_begin(pid, &s) < 0, "what has ended cannot be stopped");
	is_int(s.len, 0, "and nothing is left of it");
}

int main(void)
{
	pid_t pid;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	must(shared != MAP_FAILED);
	pid = start();
	must(pid > 0);
	test_stops(pid);
	tell_time(pid);
	test_we_die(pid);
	test_refused(pid);
	test_it_dies(pid);
	return tap_done();
}

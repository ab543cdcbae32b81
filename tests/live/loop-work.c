// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Event loops that are held up in known ways. Says "ready PID" and waits in its loop; goes on at a
 * line, says as JSON what it has done, and waits in its loop again until the next line ends it.
 *
 *	stalls KIND COUNT MS	COUNT iterations of MS each
 *	exec KIND COUNT MS	the same; then it executes "stalls KIND COUNT MS"
 *	stuck KIND MS		one iteration, and no wait before it
 *	threads N KIND COUNT MS	N threads that are loops, ten at a time; its own is none
 *	workers N KIND COUNT MS	N children that are loops, forked at a line more; they end with it
 *
 * KIND: compute; sleep, once in the iteration; naps of 2 ms; lock, which another thread has.
 */
#include "gate.h"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>

#define MS_NS	    1000000ull
#define TURN_MS	    5  /* an idle loop comes round so often */
#define YOUNG_TURNS 10 /* more than it takes to be known as a loop */
#define AT_A_TIME   10

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile uint64_t sum;

struct work {
	const char *kind;
	uint64_t count, ms;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void sleep_ms(uint64_t ms)
{
	struct timespec t = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000 * MS_NS) };

	while (nanosleep(&t, &t)) {
	}
}

/* --- one iteration ------------------------------------------------------------------------------
 */

static SITE void stall_computing(uint64_t ms)
{
	uint64_t end = now_ns() + ms * MS_NS;

	while (now_ns() < end)
		for (unsigned int i = 0; i < 5000; i++)
			sum = sum * 6364136223846793005ull + i;
}

static SITE void stall_asleep(uint64_t ms)
{
	sleep_ms(ms);
	sum++;
}

static SITE void stall_napping(uint64_t ms)
{
	for (uint64_t i = 0; i < ms / 2; i++)
		sleep_ms(2);
	sum++;
}

struct hold {
	uint64_t ms;
	int has_it;
};

static void *hold_lock(void *arg)
{
	struct hold *hold = arg;

	pthread_mutex_lock(&lock);
	__atomic_store_n(&hold->has_it, 1, __ATOMIC_RELEASE);
	sleep_ms(hold->ms);
	pthread_mutex_unlock(&lock);
	return NULL;
}

static SITE void stall_for_lock(uint64_t ms)
{
	struct hold hold = { .ms = ms };
	pthread_t holder;

	if (pthread_create(&holder, NULL, hold_lock, &hold))
		_exit(1);
	while (!__atomic_load_n(&hold.has_it, __ATOMIC_ACQUIRE))
		sleep_ms(1);
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
	pthread_join(holder, NULL);
}

static SITE void handle_request(const struct work *w)
{
	if (!strcmp(w->kind, "compute"))
		stall_computing(w->ms);
	else if (!strcmp(w->kind, "naps"))
		stall_napping(w->ms);
	else if (!strcmp(w->kind, "lock"))
		stall_for_lock(w->ms);
	else
		stall_asleep(w->ms);
	sum++;
}

/* --- a loop -------------------------------------------------------------------------------------
 */

static int loop_of(int fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (epoll < 0 || (fd >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)))
		_exit(1);
	return epoll;
}

static int turn(int epoll)
{
	struct epoll_event event;

	return epoll_wait(epoll, &event, 1, TURN_MS);
}

/* Waits in the loop until a line comes. */
static void idle(int epoll)
{
	while (turn(epoll) <= 0) {
	}
	gate_wait();
}

static void stall(int epoll, const struct work *w)
{
	for (uint64_t i = 0; i < w->count; i++) {
		turn(epoll);
		handle_request(w);
	}
	turn(epoll);
}

static void say_done(uint64_t stalls)
{
	printf("{\"what\":\"done\",\"stalls\":%llu}\n", (unsigned long long)stalls);
	fflush(stdout);
}

static int run_stalls(const struct work *w)
{
	int epoll = loop_of(STDIN_FILENO);

	gate_ready();
	idle(epoll);
	stall(epoll, w);
	say_done(w->count);
	idle(epoll);
	return 0;
}

static int run_exec(const struct work *w, char **argv)
{
	static char mode[] = "stalls";
	int epoll = loop_of(STDIN_FILENO);

	gate_ready();
	idle(epoll);
	stall(epoll, w);
	argv[1] = mode;
	execv("/proc/self/exe", argv);
	return 1;
}

static int run_stuck(const struct work *w)
{
	int epoll = loop_of(STDIN_FILENO);

	gate_ready();
	handle_request(w);
	say_done(1);
	idle(epoll);
	return 0;
}

/* --- several ------------------------------------------------------------------------------------
 */

static _Noreturn void be_worker(int go, const struct work *w)
{
	int epoll = loop_of(go);
	uint64_t one;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (turn(epoll) <= 0) {
	}
	if (read(go, &one, sizeof(one)) != sizeof(one))
		_exit(1);
	stall(epoll, w);
	for (;;)
		turn(epoll);
}

static int run_workers(uint64_t count, const struct work *w)
{
	int go = eventfd(0, EFD_SEMAPHORE);

	gate_ready();
	gate_wait();
	for (uint64_t i = 0; i < count; i++)
		if (fork() == 0)
			be_worker(go, w);
	printf("{\"what\":\"forked\"}\n");
	fflush(stdout);
	gate_wait();
	if (write(go, &count, sizeof(count)) != sizeof(count))
		return 1;
	gate_wait();
	return 0;
}

static void *be_loop(void *arg)
{
	int epoll = loop_of(-1);

	for (unsigned int i = 0; i < YOUNG_TURNS; i++)
		turn(epoll);
	stall(epoll, arg);
	close(epoll);
	return NULL;
}

static int run_threads(uint64_t count, struct work *w)
{
	pthread_t threads[AT_A_TIME];

	gate_ready();
	gate_wait();
	for (uint64_t done = 0, now; done < count; done += now) {
		now = count - done < AT_A_TIME ? count - done : AT_A_TIME;
		for (uint64_t i = 0; i < now; i++)
			if (pthread_create(&threads[i], NULL, be_loop, w))
				return 1;
		for (uint64_t i = 0; i < now; i++)
			pthread_join(threads[i], NULL);
	}
	say_done(count * w->count);
	gate_wait();
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	int has_number = !strcmp(mode, "workers") || !strcmp(mode, "threads");
	int has_count = strcmp(mode, "stuck") != 0;
	int at = 2 + has_number;
	uint64_t number = has_number && argc > 2 ? number_or(argv[2], 1) : 1;
	struct work w;

	if (argc != at + 2 + has_count)
		return 2;
	w = (struct work){ .kind = argv[at],
			   .count = has_count ? number_or(argv[at + 1], 1) : 1,
			   .ms = number_or(argv[argc - 1], 0) };
	if (!strcmp(mode, "stalls"))
		return run_stalls(&w);
	if (!strcmp(mode, "exec"))
		return run_exec(&w, argv);
	if (!strcmp(mode, "stuck"))
		return run_stuck(&w);
	if (!strcmp(mode, "workers"))
		return run_workers(number, &w);
	return strcmp(mode, "threads") ? 2 : run_threads(number, &w);
}

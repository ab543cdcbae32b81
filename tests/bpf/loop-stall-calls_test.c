// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* loop-stall: every call that a loop waits in, threads that use them and are none, timeouts. */
#include "loop-watch.h"

#include <linux/futex.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#define ROUNDS	     20
#define THRESHOLD_NS (200 * MS_NS)
#define TICK_NS	     (10 * MS_NS) /* of the kernel's accounts, the longest there is */

static struct watch *w;

/* --- loops of each call ----------------------------------------------------------------------- */

static struct timespec two_ms(void)
{
	return (struct timespec){ .tv_nsec = 2 * MS_NS };
}

static void wait_epoll_wait(int epoll)
{
	struct epoll_event e;

	must(syscall(SYS_epoll_wait, epoll, &e, 1, 2) == 0);
}

static void wait_epoll_pwait(int epoll)
{
	struct epoll_event e;

	must(syscall(SYS_epoll_pwait, epoll, &e, 1, 2, NULL, 8) == 0);
}

static void wait_epoll_pwait2(int epoll)
{
	struct timespec t = two_ms();
	struct epoll_event e;

	must(syscall(SYS_epoll_pwait2, epoll, &e, 1, &t, NULL, 8) == 0);
}

static void wait_poll(int epoll)
{
	struct pollfd p = { .fd = epoll, .events = POLLIN };

	must(syscall(SYS_poll, &p, 1, 2) == 0);
}

static void wait_ppoll(int epoll)
{
	struct pollfd p = { .fd = epoll, .events = POLLIN };
	struct timespec t = two_ms();

	must(syscall(SYS_ppoll, &p, 1, &t, NULL, 8) == 0);
}

static void wait_select(int epoll)
{
	struct timeval t = { .tv_usec = 2000 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(epoll, &set);
	must(syscall(SYS_select, epoll + 1, &set, NULL, NULL, &t) == 0);
}

static void wait_pselect6(int epoll)
{
	struct timespec t = two_ms();
	fd_set set;

	FD_ZERO(&set);
	FD_SET(epoll, &set);
	must(syscall(SYS_pselect6, epoll + 1, &set, NULL, NULL, &t, NULL) == 0);
}

static const struct {
	const char *name;
	enum loop_wait wait;
	void (*fn)(int epoll);
} calls[] = {
	{ "epoll_wait", LOOP_WAIT_EPOLL, wait_epoll_wait },
	{ "epoll_pwait", LOOP_WAIT_EPOLL, wait_epoll_pwait },
	{ "epoll_pwait2", LOOP_WAIT_EPOLL, wait_epoll_pwait2 },
	{ "poll", LOOP_WAIT_POLL, wait_poll },
	{ "ppoll", LOOP_WAIT_POLL, wait_ppoll },
	{ "select", LOOP_WAIT_SELECT, wait_select },
	{ "pselect6", LOOP_WAIT_SELECT, wait_pselect6 },
};

static void call_loop(void *arg)
{
	int epoll = epoll_of(-1);

	for (int i = 0; i < ROUNDS; i++) {
		calls[*(size_t *)arg].fn(epoll);
		if (i == ROUNDS - 2)
			spin(THRESHOLD_NS);
	}
	(void)close(epoll);
}

static void test_calls(void)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		const struct watched *t = watch_run(w, call_loop, &i);
		const char *name = calls[i].name;
		const struct loop_hist *late = &t->hists[LOOP_HIST_EXPIRY];

		is_int(t->state.wait, calls[i].wait, "%s: what it waits in", name);
		is_int(t->state.is_confirmed, 1, "%s: a loop", name);
		is_int(t->state.waits, ROUNDS, "%s: waits", name);
		is_int(t->state.iterations, ROUNDS - 1, "%s: iterations", name);
		is_int(t->stall_count, 1, "%s: stalls", name);
		is_int(t->state.timeout_ns, 2 * MS_NS, "%s: its timeout", name);
		is_int(late->count, ROUNDS, "%s: each expired", name);
		is_int(late->sum, t->state.waiting_ns - ROUNDS * 2 * MS_NS,
		       "%s: so much later than asked for", name);
	}
}

/* --- threads that are no loops ---------------------------------------------------------------- */

static void futex_wait(uint64_t ns)
{
	struct timespec t = { .tv_nsec = (long)ns };
	uint32_t word = 0;

	must(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &t, NULL, 0) == -1);
}

/* As a thread of a pool: between jobs it sleeps on a lock; a job asks a name server. */
static void pool_worker(void *arg)
{
	int epoll = epoll_of(-1);

	for (int job = 0; job < 3; job++) {
		for (int i = 0; i < *(int *)arg; i++)
			wait_poll(epoll);
		futex_wait(300 * MS_NS);
	}
	(void)close(epoll);
}

static void test_pool(void)
{
	for (int polls = 1; polls <= 4; polls++) {
		const struct watched *t = watch_run(w, pool_worker, &polls);

		is_int(t->state.is_confirmed, 0, "a pool's thread, %d polls a job: no loop", polls);
		is_int(t->stall_count, 0, "and no stalls");
	}
}

/* A select of nothing is how some sleep; a loop that has nothing to wait for does it too. */
static void selects_nothing(void *arg)
{
	int epoll = epoll_of(-1);

	for (int i = 0; i < ROUNDS; i++) {
		struct timeval t = { .tv_usec = 2000 };

		if (*(bool *)arg && i < ROUNDS / 2)
			wait_select(epoll);
		else
			must(syscall(SYS_select, 0, NULL, NULL, NULL, &t) == 0);
	}
	(void)close(epoll);
}

static void test_selects_nothing(void)
{
	bool is_loop = false;
	const struct watched *t = watch_run(w, selects_nothing, &is_loop);

	is_int(t->is_seen, 0, "a thread that selects nothing, to sleep: no loop");
	is_loop = true;
	t = watch_run(w, selects_nothing, &is_loop);
	is_int(t->state.waits, ROUNDS, "a loop that does so: waits");
	is_int(t->state.iterations, ROUNDS - 1, "and iterations");
}

/* A loop that also polls something in between. */
static void epoll_and_poll(void *arg)
{
	int epoll = epoll_of(-1);

	(void)arg;
	wait_poll(epoll);
	for (int i = 0; i < ROUNDS; i++) {
		must(wait_on(epoll, 1) == 0);
		wait_poll(epoll);
		wait_select(epoll);
	}
	(void)close(epoll);
}

static void test_epoll_and_poll(void)
{
	const struct watched *t = watch_run(w, epoll_and_poll, NULL);

	is_int(t->state.wait, LOOP_WAIT_EPOLL, "epoll and polls in between: a loop of epoll");
	is_int(t->state.waits, 1 + ROUNDS, "whose waits are those on it");
	is_int(t->state.iterations, ROUNDS - 1, "and its iterations the time between them");
	ok(t->state.part_ns[LOOP_SLEEP] >= ROUNDS * 3 * MS_NS, "the others are sleep");
}

/* --- a poll that goes on ---------------------------------------------------------------------- */

/* Stopped and let go on in a poll: the kernel goes on by another system call. */
static void stopped_in_poll(void *arg)
{
	int epoll = epoll_of(-1);
	struct pollfd p = { .fd = epoll, .events = POLLIN };

	(void)arg;
	for (int i = 0; i < ROUNDS; i++)
		wait_poll(epoll);
	must(poll(&p, 1, 600) == 0);
	for (int i = 0; i < 2; i++)
		wait_poll(epoll);
}

static void test_stopped_in_poll(void)
{
	pid_t child = watch_start_child(w, stopped_in_poll, NULL);
	const struct watched *t;
	int status;

	(void)usleep(250000);
	must(kill(child, SIGSTOP) == 0);
	must(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
	must(kill(child, SIGCONT) == 0);
	t = watch_join_child(w, child);
	is_int(t->state.waits, ROUNDS + 4, "a poll that was stopped: two waits");
	is_int(t->stall_count, 0, "and no stall");
	ok(t->state.idle_ns > 600 * MS_NS, "all of it idle (%llu ms)", t->state.idle_ns / MS_NS);
}

/* --- io_uring --------------------------------------------------------------------------------- */

struct ring {
	int fd;
	uint32_t *sq_tail, *sq_array, *cq_head;
	uint32_t mask;
	struct io_uring_sqe *sqes;
};

static struct ring ring;

static bool ring_open(void)
{
	struct io_uring_params p = { 0 };
	char *sq, *cq;

	ring.fd = (int)syscall(SYS_io_uring_setup, 8, &p);
	if (ring.fd < 0)
		return false;
	sq = mmap(NULL, p.sq_off.array + p.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED,
		  ring.fd, IORING_OFF_SQ_RING);
	cq = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe),
		  PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, IORING_OFF_CQ_RING);
	ring.sqes = mmap(NULL, p.sq_entries * sizeof(*ring.sqes), PROT_READ | PROT_WRITE,
			 MAP_SHARED, ring.fd, IORING_OFF_SQES);
	must(sq != MAP_FAILED && cq != MAP_FAILED && ring.sqes != MAP_FAILED);
	ring.sq_tail = (uint32_t *)(sq + p.sq_off.tail);
	ring.mask = *(uint32_t *)(sq + p.sq_off.ring_mask);
	ring.sq_array = (uint32_t *)(sq + p.sq_off.array);
	ring.cq_head = (uint32_t *)(cq + p.cq_off.head);
	return true;
}

static void ring_put(uint8_t opcode, uint64_t addr)
{
	uint32_t tail = *ring.sq_tail, i = tail & ring.mask;

	ring.sqes[i] = (struct io_uring_sqe){ .opcode = opcode, .addr = addr, .fd = -1 };
	ring.sqes[i].len = opcode == IORING_OP_TIMEOUT;
	ring.sq_array[i] = i;
	__atomic_store_n(ring.sq_tail, tail + 1, __ATOMIC_RELEASE);
}

static void ring_enter(uint32_t submit, uint32_t complete, uint32_t flags)
{
	must(syscall(SYS_io_uring_enter, ring.fd, submit, complete, flags, NULL, 0) == submit);
	__atomic_store_n(ring.cq_head, *ring.cq_head + complete, __ATOMIC_RELEASE);
}

static void uring_loop(void *arg)
{
	struct timespec t = two_ms();

	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		ring_put(IORING_OP_TIMEOUT, (uintptr_t)&t);
		ring_enter(1, 1, IORING_ENTER_GETEVENTS);
		if (i != ROUNDS - 2)
			continue;
		spin(THRESHOLD_NS / 2);
		ring_put(IORING_OP_NOP, 0);
		ring_enter(1, 0, 0); /* hands over, looks for nothing */
		spin(THRESHOLD_NS / 2);
		__atomic_store_n(ring.cq_head, *ring.cq_head + 1, __ATOMIC_RELEASE);
	}
}

/* node 24: changes of its epoll instance, in one call that does not sleep. */
static void uring_beside_epoll(void *arg)
{
	int epoll = epoll_of(-1);

	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		ring_put(IORING_OP_NOP, 0);
		ring_put(IORING_OP_NOP, 0);
		ring_enter(2, 2, IORING_ENTER_GETEVENTS);
		must(wait_on(epoll, 2) == 0);
	}
	(void)close(epoll);
}

static void test_uring(void)
{
	const struct watched *t;

	if (!ring_open()) {
		skip("loops of io_uring", "this kernel refuses io_uring");
		return;
	}
	t = watch_run(w, uring_loop, NULL);
	is_int(t->state.wait, LOOP_WAIT_IO_URING, "io_uring_enter that sleeps: what it waits in");
	is_int(t->state.is_confirmed, 1, "a loop");
	is_int(t->state.waits, ROUNDS, "waits, and none of them hands over only");
	is_int(t->state.iterations, ROUNDS - 1, "iterations");
	is_int(t->stall_count, 1, "stalls");
	t = watch_run(w, uring_beside_epoll, NULL);
	is_int(t->state.wait, LOOP_WAIT_EPOLL, "io_uring_enter beside epoll: a loop of epoll");
	is_int(t->state.iterations, ROUNDS - 1, "iterations");
	(void)close(ring.fd);
}

/* --- deadlines -------------------------------------------------------------------------------- */

static struct {
	uint64_t least_ns, most_ns;
} lateness;

/* Woken long before a timeout of @arg ms, back after 30. */
static void passes(void *arg)
{
	int timeout_ms = *(int *)arg;
	int fd = readable_fd(), epoll = epoll_of(fd);
	uint64_t at_ns[4];

	for (int i = 0; i < 2; i++) {
		at_ns[0] = now_ns();
		must(wait_on(epoll, timeout_ms) == 1);
		at_ns[1] = now_ns();
		sleep_ns(30 * MS_NS);
		at_ns[2] = now_ns();
		must(wait_on(epoll, 0) == 1); /* arms nothing */
		at_ns[3] = now_ns();
		lateness.least_ns += at_ns[2] - at_ns[1] - (uint64_t)timeout_ms * MS_NS;
		lateness.most_ns += at_ns[3] - at_ns[0] - (uint64_t)timeout_ms * MS_NS;
	}
	must(wait_on(epoll, 0) == 1); /* it was passed once */
	(void)close(epoll);
	(void)close(fd);
}

static void test_deadlines(void)
{
	int short_ms = 10, long_ms = 5000;
	const struct watched *t = watch_run(w, passes, &short_ms);
	const struct loop_hist *passed = &t->hists[LOOP_HIST_PASSED];

	is_int(passed->count, 2, "deadlines passed while it was busy");
	ok(passed->sum >= lateness.least_ns && passed->sum <= lateness.most_ns,
	   "so long ago (%llu us)", passed->sum / 1000);
	t = watch_run(w, passes, &long_ms);
	is_int(t->hists[LOOP_HIST_PASSED].count, 0, "and none that did not pass");
}

/* Without the switches of the threads. */
static void test_without_split(void)
{
	const struct watch_options options = { .threshold_ns = THRESHOLD_NS,
					       .is_without_split = true };
	const struct watched *t;
	size_t epoll_wait = 0;

	w = watch_begin(&options);
	t = watch_run(w, call_loop, &epoll_wait);
	is_int(t->state.waits, ROUNDS, "without the split: waits");
	is_int(t->state.iterations, ROUNDS - 1, "iterations");
	is_int(t->stall_count, 1, "stalls");
	is_int(t->state.is_confirmed, 1, "a loop");
	is_int(t->state.idle_ns, t->state.waiting_ns, "waiting is idle");
	is_int(t->state.part_ns[LOOP_RUNNING] + t->state.part_ns[LOOP_RUN_QUEUE] +
		       t->state.part_ns[LOOP_SLEEP],
	       t->state.busy_ns, "the kernel's accounts divide the rest");
	ok(t->state.part_ns[LOOP_SLEEP] <= 4 * TICK_NS, "nothing of it was asleep (%llu us)",
	   t->state.part_ns[LOOP_SLEEP] / 1000);
	watch_end(w);
}

int main(void)
{
	const struct watch_options options = { .threshold_ns = THRESHOLD_NS };

	need_root();
	w = watch_begin(&options);
	test_calls();
	test_pool();
	test_selects_nothing();
	test_epoll_and_poll();
	test_stopped_in_poll();
	test_uring();
	test_deadlines();
	watch_end(w);
	test_without_split();
	return tap_done();
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * loop-stall: waits on epoll instances, iterations, what is merged and what is a stall, counted
 * exactly. Stalls are long here, so that no wait for a CPU is one.
 */
#include "loop-watch.h"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#define THRESHOLD_NS (200 * MS_NS)
#define STALL_NS     (250 * MS_NS)
#define MERGED_NS    50000ull /* from the specification */
#define TRIES	     20	      /* where a wait for a CPU can make a gap longer */

static struct watch *w;
static int fd_of_root;	/* what the thread took for its loop */
static uint64_t sleeps; /* so often it slept in all */

struct counts {
	uint64_t waits, iterations, merged, stalls;
};

static void check(const struct watched *t, const struct counts *want, const char *what)
{
	is_int(t->state.waits, want->waits, "%s: waits", what);
	is_int(t->state.iterations, want->iterations, "%s: iterations", what);
	is_int(t->state.merged, want->merged, "%s: merged", what);
	is_int(t->state.stalls, want->stalls, "%s: stalls", what);
	is_int(t->stall_count, want->stalls, "%s: and an event of each", what);
	is_int(t->hists[LOOP_HIST_GAP].count, want->iterations, "%s: each is in the histogram",
	       what);
}

/* Most of them: on some virtual machines a few are not traced, which perf does not see either. */
static void check_wakes(const struct watched *t)
{
	uint64_t count = t->hists[LOOP_HIST_WAKE_LAG].count;

	ok(count <= sleeps && count >= sleeps / 2, "woken from its sleeps (%llu of %llu)",
	   (unsigned long long)count, (unsigned long long)sleeps);
}

/* Again, while a wait for a CPU has made work of an iteration without any. */
static const struct watched *run_until_merged(void (*fn)(void *), uint64_t merged)
{
	const struct watched *t = NULL;

	for (int i = 0; i < TRIES && (!t || t->state.merged != merged); i++)
		t = watch_run(w, fn, NULL);
	return t;
}

/* --- one instance ----------------------------------------------------------------------------- */

static void plain(void *arg)
{
	int epoll = epoll_of(-1);

	(void)arg;
	sleeps = own_sleeps();
	for (int i = 0; i < 20; i++) {
		must(wait_on(epoll, 5) == 0);
		if (i == 1 || i == 7 || i == 15) /* the first comes before it is known as a loop */
			spin(STALL_NS);
	}
	sleeps = own_sleeps() - sleeps;
	(void)close(epoll);
}

static void test_plain(void)
{
	const struct watched *t = watch_run(w, plain, NULL);
	uint64_t parts_ns = 0;

	check(t, &(struct counts){ 20, 19, 0, 2 }, "waits that time out");
	is_int(t->state.is_confirmed, 1, "a loop");
	is_int(t->state.wait, LOOP_WAIT_EPOLL, "of epoll");
	is_int(t->hists[LOOP_HIST_EXPIRY].count, 20, "each wait timed out");
	check_wakes(t);
	is_int(t->state.polling_ns, 0, "none polled");
	ok(t->state.idle_ns >= sleeps * MS_NS && t->state.idle_ns <= t->state.waiting_ns,
	   "asleep in them (%llu of %llu us)", t->state.idle_ns / 1000, t->state.waiting_ns / 1000);
	for (int i = 0; i < LOOP_PARTS; i++)
		parts_ns += t->state.part_ns[i];
	is_int(parts_ns, t->state.busy_ns, "the parts of the busy time are all of it");
	is_int(t->hists[LOOP_HIST_GAP].sum, t->state.busy_ns, "which the histogram sums to");
	ok(t->hists[LOOP_HIST_GAP].max >= STALL_NS, "its largest is exact (%llu ns)",
	   t->hists[LOOP_HIST_GAP].max);
	ok(t->state.stall_ns >= 2 * STALL_NS && t->state.stall_ns <= t->state.busy_ns,
	   "time in stalls");
	is_text(t->state.comm, "loop-stall_test", "by the thread's name");
}

static void hits(void *arg)
{
	int fd = readable_fd(), epoll = epoll_of(fd);

	for (int i = 0; i < *(int *)arg; i++)
		must(wait_on(epoll, 0) == 1);
	(void)close(epoll);
	(void)close(fd);
}

/* A loop under load never sleeps. */
static void test_hits(void)
{
	int few = 50, many = 150;
	const struct watched *t = watch_run(w, hits, &few);

	check(t, &(struct counts){ 50, 49, 0, 0 }, "polls that hit");
	is_int(t->state.is_confirmed, 0, "few of them are no loop");
	is_int(t->state.idle_ns, 0, "and no sleep");
	is_int(t->state.waiting_ns, 0, "and no wait");
	t = watch_run(w, hits, &many);
	check(t, &(struct counts){ 150, 149, 0, 0 }, "many polls that hit");
	is_int(t->state.is_confirmed, 1, "many of them are a loop");
}

static void misses(void *arg)
{
	int epoll = epoll_of(-1);

	(void)arg;
	for (int i = 0; i < 100; i++)
		must(wait_on(epoll, 0) == 0);
	(void)close(epoll);
}

static void test_misses(void)
{
	const struct watched *t = run_until_merged(misses, 99);

	check(t, &(struct counts){ 100, 0, 99, 0 }, "polls that find nothing");
	ok(t->state.busy_ns > 0, "their time counts all the same");
}

/* What comes after an empty poll counts when it is work. */
static void misses_and_work(void *arg)
{
	int epoll = epoll_of(-1);

	(void)arg;
	for (int i = 0; i < 20; i++) {
		must(wait_on(epoll, 0) == 0);
		spin(i % 2 ? 2 * MERGED_NS : 0);
	}
	(void)close(epoll);
}

static void test_misses_and_work(void)
{
	check(run_until_merged(misses_and_work, 10), &(struct counts){ 20, 9, 10, 0 },
	      "work after empty polls");
}

/* libuv, when it measures its idle time: a poll, and a wait only when that found nothing. */
static void as_libuv(void *arg)
{
	int epoll = epoll_of(-1);

	(void)arg;
	sleeps = own_sleeps();
	for (int i = 0; i < 20; i++) {
		must(wait_on(epoll, 0) == 0);
		must(wait_on(epoll, 1) == 0);
	}
	sleeps = own_sleeps() - sleeps;
	(void)close(epoll);
}

/* libuv, when the array was full: again at once, 48 times. */
static void as_libuv_full(void *arg)
{
	int fd = readable_fd(), epoll = epoll_of(fd);

	(void)arg;
	for (int i = 0; i < 3 * 48; i++)
		must(wait_on(epoll, i % 48 ? 0 : -1) == 1);
	(void)close(epoll);
	(void)close(fd);
}

static void test_as_libuv(void)
{
	const struct watched *t = run_until_merged(as_libuv, 20);

	check(t, &(struct counts){ 40, 19, 20, 0 }, "a poll before each wait");
	ok(t->state.polling_ns && t->state.polling_ns < t->state.waiting_ns,
	   "time in polls is told apart");
	ok(sleeps > 0 && sleeps <= 20, "waits sleep, polls do not");
	check_wakes(t);
	check(watch_run(w, as_libuv_full, NULL), &(struct counts){ 144, 143, 0, 0 },
	      "48 polls of a full array");
}

/* --- signals ---------------------------------------------------------------------------------- */

static uint64_t handler_ns;
static uint64_t armed_from_ns, armed_to_ns;

static void on_signal(int number)
{
	(void)number;
	spin(handler_ns);
}

static void *send_signal(void *arg)
{
	(void)usleep(20000);
	must(pthread_kill(*(pthread_t *)arg, SIGUSR1) == 0);
	return NULL;
}

static void interrupted(void *arg)
{
	pthread_t self = pthread_self(), other;
	int epoll = epoll_of(-1);

	(void)arg;
	must(pthread_create(&other, NULL, send_signal, &self) == 0);
	armed_from_ns = now_ns() + 2000 * MS_NS;
	must(wait_on(epoll, 2000) == -1 && errno == EINTR);
	armed_to_ns = now_ns() + 2000 * MS_NS;
	must(wait_on(epoll, 0) == 0);
	must(pthread_join(other, NULL) == 0);
	(void)close(epoll);
}

static void test_interrupted(void)
{
	const struct sigaction action = { .sa_handler = on_signal };
	const struct watched *t;
	bool is_long;

	must(sigaction(SIGUSR1, &action, NULL) == 0);
	handler_ns = 0;
	t = run_until_merged(interrupted, 1);
	is_long = t->state.busy_ns >= MERGED_NS; /* where the CPU is emulated */
	check(t, &(struct counts){ 2, is_long, !is_long, 0 }, "a signal in a wait");
	ok(t->state.deadline_ns >= armed_from_ns && t->state.deadline_ns <= armed_to_ns,
	   "the deadline stays armed");
	is_int(t->hists[LOOP_HIST_EXPIRY].count, 0, "and it did not expire");
	handler_ns = MS_NS;
	t = watch_run(w, interrupted, NULL);
	check(t, &(struct counts){ 2, 1, 0, 0 }, "a handler that works");
	ok(t->hists[LOOP_HIST_GAP].sum >= MS_NS, "for so long");
}

/* --- more than one instance ------------------------------------------------------------------- */

static void nested(void *arg)
{
	int epoll = epoll_loop();

	(void)arg;
	for (int i = 0; i < 3; i++) {
		int other = epoll_of(-1);

		must(wait_on(other, 150) == 0);
		must(wait_on(other, 0) == 0);
		must(wait_on(other, 100) == 0);
		(void)close(other);
		must(wait_on(epoll, 1) == 0);
	}
	(void)close(epoll);
}

/* What execFileSync does: a loop of its own within an iteration. */
static void test_nested(void)
{
	const struct watched *t = watch_run(w, nested, NULL);

	check(t, &(struct counts){ 6, 5, 0, 3 }, "waits on another instance in an iteration");
	for (int i = 0; i < 3; i++) {
		const struct loop_stall_event *e = &t->stalls[i];

		ok(e->part_ns[LOOP_NESTED] >= 245 * MS_NS &&
			   e->part_ns[LOOP_NESTED] <= e->header.time_ns - e->began_ns,
		   "are waits in it (%llu us)", e->part_ns[LOOP_NESTED] / 1000);
		is_int(e->part_ns[LOOP_SLEEP] + e->part_ns[LOOP_DISK], 0, "and nothing else");
		is_int(e->longest.part, LOOP_NESTED, "the longest is one");
		is_text(e->longest.file, "[eventpoll]", "on an instance");
	}
}

/* The descriptor of one instance in another: the inner one, seen first, is only polled. */
static void inner(void *arg)
{
	const struct itimerspec every = { .it_interval.tv_nsec = 2 * MS_NS,
					  .it_value.tv_nsec = 2 * MS_NS };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	int in = epoll_of(fd), out = epoll_of(in);
	uint64_t ticks;

	(void)arg;
	must(wait_on(in, 0) == 0);
	must(timerfd_settime(fd, 0, &every, NULL) == 0);
	for (int i = 0; i < 20; i++) {
		must(wait_on(out, -1) == 1);
		must(wait_on(in, 0) == 1);
		must(read(fd, &ticks, sizeof(ticks)) == sizeof(ticks));
	}
	fd_of_root = out;
	(void)close(in);
	(void)close(out);
	(void)close(fd);
}

/* Two that are waited on in turn: the first that slept is the loop, the other is nested. */
static void in_turn(void *arg)
{
	int first = epoll_of(-1), second = epoll_of(-1);

	(void)arg;
	for (int i = 0; i < 10; i++) {
		must(wait_on(first, 1) == 0);
		must(wait_on(second, 1) == 0);
	}
	fd_of_root = first;
	(void)close(first);
	(void)close(second);
}

static void test_two(void)
{
	const struct watched *t = watch_run(w, inner, NULL);

	check(t, &(struct counts){ 21, 19, 0, 0 }, "an instance in another");
	is_int(t->state.fd, fd_of_root, "the outer one is the loop");
	t = watch_run(w, in_turn, NULL);
	check(t, &(struct counts){ 10, 9, 0, 0 }, "two in turn");
	is_int(t->state.fd, fd_of_root, "the first is the loop");
	ok(t->state.part_ns[LOOP_NESTED] >= 10 * MS_NS * 8 / 10, "the other is part of it");
}

static void two_threads_second(void *arg)
{
	int epoll = epoll_loop();

	(void)arg;
	for (int i = 0; i < 5; i++)
		must(wait_on(epoll, 10) == 0);
	(void)close(epoll);
}

static void test_two_threads(void)
{
	struct watch_thread *first = watch_start(w, plain, NULL);
	struct watch_thread *second = watch_start(w, two_threads_second, NULL);

	check(watch_join(w, second), &(struct counts){ 8, 7, 0, 0 }, "one of two threads");
	check(watch_join(w, first), &(struct counts){ 20, 19, 0, 2 }, "the other of them");
}

/* --- instances that go ------------------------------------------------------------------------ */

/* What comes between two loops is no iteration. */
static void one_then_another(void *arg)
{
	int first = epoll_loop(), second;

	if (*(bool *)arg) { /* the number is taken again */
		(void)close(first);
		second = epoll_of(-1);
		must(second == first);
		sleep_ns(STALL_NS);
	} else {
		second = epoll_of(-1);
		(void)close(first);
		sleep_ns(STALL_NS);
	}
	for (int i = 0; i < 5; i++) {
		must(wait_on(second, 1) == 0);
		if (i == 3)
			sleep_ns(STALL_NS);
	}
	fd_of_root = second;
	(void)close(second);
}

static void test_replaced(void)
{
	bool is_same = false;
	const struct watched *t = watch_run(w, one_then_another, &is_same);

	check(t, &(struct counts){ 8, 6, 0, 1 }, "a loop that closed its instance");
	is_int(t->state.fd, fd_of_root, "has another one");
	is_same = true;
	t = watch_run(w, one_then_another, &is_same);
	check(t, &(struct counts){ 8, 6, 0, 1 }, "another instance of the same number");
	is_int(t->state.fd, fd_of_root, "has it");
}

/* A second name of the instance is the same loop. */
static void duplicate(void *arg)
{
	int epoll = epoll_loop(), other = dup(epoll);

	(void)arg;
	for (int i = 0; i < 5; i++)
		must(wait_on(i % 2 ? other : epoll, 1) == 0);
	(void)close(epoll);
	(void)close(other);
}

static void fails(void *arg)
{
	(void)arg;
	for (int i = 0; i < 5; i++)
		must(wait_on(1000, 1) == -1 && errno == EBADF);
}

static void test_names(void)
{
	check(watch_run(w, duplicate, NULL), &(struct counts){ 8, 7, 0, 0 },
	      "two descriptors of one instance");
	ok(!watch_run(w, fails, NULL)->is_seen, "waits on nothing are no loop");
}

int main(void)
{
	const struct watch_options options = { .threshold_ns = THRESHOLD_NS };

	need_root();
	w = watch_begin(&options);
	test_plain();
	test_hits();
	test_misses();
	test_misses_and_work();
	test_as_libuv();
	test_interrupted();
	test_nested();
	test_two();
	test_two_threads();
	test_replaced();
	test_names();
	is_int(watch_counter(w, LOOP_LOST_EVENTS), 0, "no event was lost");
	is_int(watch_counter(w, LOOP_LOST_LOOPS), 0, "no loop was lost");
	is_int(watch_free_slots(w), 16, "every slot is free again");
	watch_end(w);
	return tap_done();
}

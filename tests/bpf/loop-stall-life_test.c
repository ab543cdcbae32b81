// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* loop-stall: threads and processes that come and go, tables that are full. */
#include "loop-watch.h"

#include <pthread.h>
#include <sys/wait.h>

#define SLOTS	     2
#define THRESHOLD_NS (200 * MS_NS)

static struct watch *w;

static void few_waits(void *arg)
{
	int epoll = epoll_loop();

	(void)arg;
	for (int i = 0; i < 2; i++)
		must(wait_on(epoll, 1) == 0);
	(void)close(epoll);
}

static void no_wait(void *arg)
{
	(void)arg;
	sleep_ns(MS_NS);
}

/* --- threads ---------------------------------------------------------------------------------- */

static void test_churn(void)
{
	size_t ended = watch_events(w, LOOP_EVENT_ENDED);
	int right = 0, unseen = 0;

	for (int i = 0; i < 50; i++) {
		const struct watched *t = watch_run(w, few_waits, NULL);

		right += t->is_seen && t->state.waits == 5 && t->state.iterations == 4 &&
			 t->state.is_ended && t->state.tgid == (uint32_t)getpid();
		unseen += !watch_run(w, no_wait, NULL)->is_seen;
	}
	is_int(right, 50, "one thread after the other: each is a loop of its own");
	is_int(unseen, 50, "those that do not wait are none");
	is_int(watch_free_slots(w), SLOTS, "every slot came back");
	is_int(watch_events(w, LOOP_EVENT_ENDED) - ended, 50, "the end of each loop was told");
}

static pthread_barrier_t all_wait;

static void waits_with_all(void *arg)
{
	int epoll = epoll_loop();

	(void)arg;
	(void)pthread_barrier_wait(&all_wait);
	must(wait_on(epoll, 1) == 0);
	(void)pthread_barrier_wait(&all_wait);
	(void)close(epoll);
}

/* More loops than slots. */
static void test_no_slot(void)
{
	uint64_t lost = watch_counter(w, LOOP_LOST_LOOPS);
	struct watch_thread *threads[SLOTS + 1];
	uint32_t tids[SLOTS + 1];
	int seen = 0;

	must(pthread_barrier_init(&all_wait, NULL, SLOTS + 1) == 0);
	for (int i = 0; i <= SLOTS; i++)
		threads[i] = watch_start(w, waits_with_all, NULL);
	for (int i = 0; i <= SLOTS; i++)
		tids[i] = watch_end_of(threads[i]);
	lost = watch_counter(w, LOOP_LOST_LOOPS) - lost;
	for (int i = 0; i <= SLOTS; i++)
		seen += watch_take(w, tids[i])->is_seen;
	is_int(seen, SLOTS, "as many loops as there are slots");
	is_int(lost, 4, "each wait of the other counts as lost");
	is_int(watch_run(w, few_waits, NULL)->state.waits, 5, "then slots are free again");
}

static void ends_inside(void *arg)
{
	(void)arg;
	(void)epoll_loop();
	pthread_exit(NULL);
}

static void test_ends_inside(void)
{
	struct watch_thread *t = watch_start(w, ends_inside, NULL);
	const struct watched *seen = watch_join(w, t);

	is_int(seen->state.waits, 3, "a thread that ends in an iteration: its waits");
	is_int(seen->state.iterations, 2, "and the iterations that were over");
	is_int(seen->stall_count, 0, "the last is no stall");
	is_int(watch_free_slots(w), SLOTS, "its slot came back");
}

/* --- processes -------------------------------------------------------------------------------- */

static void executes(void *arg)
{
	char *argv[] = { "true", NULL };

	few_waits(arg);
	(void)execvp(*argv, argv);
	must(false);
}

static void test_exec(void)
{
	size_t execs = watch_events(w, PROCESS_EXEC), ended = watch_events(w, LOOP_EVENT_ENDED);
	const struct watched *t = watch_join_child(w, watch_start_child(w, executes, NULL));

	is_int(t->state.waits, 5, "a process that executes another program: its waits");
	is_int(watch_events(w, PROCESS_EXEC) - execs, 1, "the exec was told");
	is_int(watch_events(w, LOOP_EVENT_ENDED) - ended, 1, "and the loop ended, once");
	is_int(watch_free_slots(w), SLOTS, "its slot came back");
}

static void test_fork(void)
{
	size_t forks = watch_events(w, PROCESS_FORK);
	uint64_t lost = watch_counter(w, LOOP_LOST_LOOPS);
	pid_t child = fork();
	int status;

	must(child >= 0);
	if (!child) {
		few_waits(NULL);
		_exit(0);
	}
	must(waitpid(child, &status, 0) == child && status == 0);
	is_int(watch_events(w, PROCESS_FORK) - forks, 1, "a child was told of");
	ok(!watch_take(w, (uint32_t)child)->is_seen, "but is not observed");
	is_int(watch_counter(w, LOOP_LOST_LOOPS), lost, "nor lost");
}

static void stops_watching(void *arg)
{
	int epoll = epoll_loop();

	(void)arg;
	watch_target(w, (uint32_t)getpid(), TARGET_STOPPED);
	for (int i = 0; i < 5; i++)
		must(wait_on(epoll, 1) == 0);
	watch_target(w, (uint32_t)getpid(), TARGET_RECORDS);
	(void)close(epoll);
}

static void test_stopped(void)
{
	const struct watched *t = watch_run(w, stops_watching, NULL);

	is_int(t->state.waits, 3, "waits while recording is off do not count");
	is_int(t->state.iterations, 2, "nor iterations");
}

/* --- events that find no room ----------------------------------------------------------------- */

static void many_stalls(void *arg)
{
	int epoll = epoll_loop();

	for (int i = 0; i < *(int *)arg; i++) {
		spin(2 * MS_NS);
		must(wait_on(epoll, 0) == 0);
	}
	(void)close(epoll);
}

static void test_small_ring(void)
{
	const struct watch_options options = { .threshold_ns = MS_NS,
					       .ring_bytes = 4096,
					       .is_without_stacks = true };
	int few = 10, many = 100;
	const struct watched *t;
	uint64_t stalls, lost;
	size_t told;

	w = watch_begin(&options);
	stalls = watch_run(w, many_stalls, &few)->state.stalls;
	told = watch_events(w, LOOP_EVENT_STALL);
	is_int(told, stalls, "few stalls find room");
	is_int(watch_counter(w, LOOP_LOST_EVENTS), 0, "and nothing is lost");
	t = watch_run(w, many_stalls, &many);
	lost = watch_counter(w, LOOP_LOST_EVENTS);
	ok(t->state.stalls >= 100, "many do not (%llu)", t->state.stalls);
	is_int(watch_events(w, LOOP_EVENT_STALL) + watch_events(w, LOOP_EVENT_ENDED) + lost,
	       stalls + t->state.stalls + 2, "each is told of, or counted as lost");
	ok(lost > 50, "most are lost (%llu)", (unsigned long long)lost);
	is_int(watch_free_slots(w), 16, "and so is no slot: the end is in the table");
	watch_end(w);
}

int main(void)
{
	const struct watch_options options = { .threshold_ns = THRESHOLD_NS, .slots = SLOTS };

	need_root();
	w = watch_begin(&options);
	test_churn();
	test_no_slot();
	test_ends_inside();
	test_exec();
	test_fork();
	test_stopped();
	is_int(watch_counter(w, LOOP_LOST_EVENTS), 0, "no event was lost");
	watch_end(w);
	test_small_ring();
	return tap_done();
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * loop-stall: looks at a loop that is late, at switch-outs and by the clock; and what is under way
 * when the tool comes.
 */
#include "loop-watch.h"

#include <sys/eventfd.h>
#include <sys/syscall.h>

#define THRESHOLD_NS (100 * MS_NS)
#define FREQUENCY_HZ 499
#define TRIES	     20
#define FN_BYTES     512 /* no function here is longer */

static struct watch *w;

static uint64_t stacks_taken(void)
{
	uint64_t n = 0;

	for (int i = 0; i < STACK_ENDS; i++)
		n += watch_counter(w, LOOP_STACKS + i);
	return n;
}

/* --- off the CPU ------------------------------------------------------------------------------ */

__attribute__((noipa)) static void sleeper(uint64_t ns)
{
	sleep_ns(ns);
	__asm__ volatile("");
}

static void sleeps(void *arg)
{
	int epoll = epoll_loop();

	(void)arg;
	for (int i = 0; i < 3; i++)
		sleeper(10 * MS_NS);
	must(wait_on(epoll, 1) == 0);
	(void)close(epoll);
}

static void test_off_cpu(void)
{
	const struct watched *t = watch_run(w, sleeps, NULL);

	is_int(t->sample_count, 3, "times asleep in an iteration");
	for (int i = 0; i < 3; i++) {
		const struct loop_sample_event *s = &t->samples[i];

		is_int(s->part, LOOP_SLEEP, "asleep %d: its part", i);
		is_int(s->syscall, SYS_clock_nanosleep, "asleep %d: its system call", i);
		ok(s->ns >= 9 * MS_NS && s->ns <= s->header.time_ns - s->began_ns,
		   "asleep %d: for %llu us", i, s->ns / 1000);
		ok(watch_has_frame(w, s->user, sleeper, FN_BYTES), "asleep %d: in its function", i);
		ok(s->kernel != STACK_NONE, "asleep %d: and in the kernel", i);
		is_int(s->began_ns, t->samples[0].began_ns, "asleep %d: of the same iteration", i);
	}
}

static void sleeps_briefly(void *arg)
{
	int epoll = epoll_loop();

	(void)arg;
	for (int i = 0; i < 10; i++)
		sleeper(1000);
	must(wait_on(epoll, 1) == 0);
	(void)close(epoll);
}

static uint64_t sleeps_known; /* to the thread */

static void sleeps_often(void *arg)
{
	int epoll = epoll_loop();

	(void)arg;
	sleeps_known = own_sleeps();
	for (int i = 0; i < 500; i++)
		sleeper(1000);
	sleeps_known = own_sleeps() - sleeps_known;
	must(wait_on(epoll, 1) == 0);
	(void)close(epoll);
}

static void test_tokens(void)
{
	uint64_t taken, skipped, began_ns, ns;
	size_t told = 1;

	for (int i = 0; i < TRIES && told; i++)
		told = watch_run(w, sleeps_briefly, NULL)->sample_count;
	is_int(told, 0, "short times asleep are not told of");
	taken = stacks_taken();
	skipped = watch_counter(w, LOOP_SKIPPED_STACKS);
	is_int(skipped, 0, "few stacks are all taken");
	began_ns = now_ns();
	(void)watch_run(w, sleeps_often, NULL);
	ns = now_ns() - began_ns;
	taken = stacks_taken() - taken;
	skipped = watch_counter(w, LOOP_SKIPPED_STACKS);
	is_int(taken + skipped, sleeps_known, "many: each is taken, or counted as skipped");
	ok(taken >= 50 && taken <= 52 + ns / MS_NS, "taken: 50, and one each millisecond (%llu)",
	   (unsigned long long)taken);
	is_int(watch_counter(w, LOOP_LOST_STACKS), 0, "and none is lost");
}

/* --- on the CPU ------------------------------------------------------------------------------- */

__attribute__((noipa)) static void spinner(uint64_t ns)
{
	uint64_t count = 0;

	for (uint64_t end_ns = now_ns() + ns; now_ns() < end_ns;)
		for (int i = 0; i < 100000; i++)
			__asm__ volatile("" : "+r"(count));
}

static void spins(void *arg)
{
	int epoll = epoll_loop();

	spinner(*(uint64_t *)arg);
	must(wait_on(epoll, 1) == 0);
	(void)close(epoll);
}

/* Before it is known as a loop. */
static void spins_young(void *arg)
{
	int epoll = epoll_of(-1);

	must(wait_on(epoll, 1) == 0);
	spinner(*(uint64_t *)arg);
	must(wait_on(epoll, 1) == 0);
	(void)close(epoll);
}

static void test_on_cpu(void)
{
	uint64_t ns = 3 * THRESHOLD_NS;
	const struct watched *t = watch_run(w, spins, &ns);
	size_t late = 0, running = 0, in_function = 0, own = 0;

	is_int(t->stall_count, 1, "an iteration that computes is a stall");
	ok(t->sample_count > 0, "which the clock looks at (%zu)", t->sample_count);
	for (size_t i = 0; i < t->sample_count; i++) {
		const struct loop_sample_event *s = &t->samples[i];

		late += s->header.time_ns > s->began_ns + THRESHOLD_NS / 2;
		own += s->began_ns == t->stalls[0].began_ns;
		running += s->part == LOOP_RUNNING;
		in_function += watch_has_frame(w, s->user, spinner, FN_BYTES);
	}
	is_int(late, t->sample_count, "only past half the threshold");
	is_int(own, t->sample_count, "of this stall");
	is_int(running, t->sample_count, "as it runs");
	/* the last may be behind it, on the way into the wait */
	ok(in_function + 1 >= t->sample_count, "in its function");
	ok(t->sample_count <= FREQUENCY_HZ * (t->stalls[0].header.time_ns - t->stalls[0].began_ns) /
					      1000000000 +
				      2,
	   "no faster than the clock");
	t = watch_run(w, spins_young, &ns);
	is_int(t->sample_count, 0, "what is no loop yet is not looked at");
	is_int(t->stall_count, 0, "nor a stall");
}

static void test_not_late(void)
{
	uint64_t ns = THRESHOLD_NS / 10;
	size_t samples = 1;

	for (int i = 0; i < TRIES && samples; i++)
		samples = watch_run(w, spins, &ns)->sample_count;
	is_int(samples, 0, "below half the threshold there is no look");
}

/* --- before the attach ------------------------------------------------------------------------ */

static int wake_fd, early_epoll;

__attribute__((noipa)) static void wait_early(void)
{
	must(wait_on(early_epoll, -1) == 1);
	__asm__ volatile("");
}

static void waits_early(void *arg)
{
	(void)arg;
	wait_early();
	for (int i = 0; i < 4; i++)
		must(wait_on(early_epoll, -1) == 1);
}

static void sleeps_early(void *arg)
{
	(void)arg;
	sleep_ns(400 * MS_NS);
	(void)wait_on(early_epoll, 0);
}

/* A thread that has waited since before the tool came. */
static void test_waiting_before(void)
{
	const struct watch_options options = { .threshold_ns = THRESHOLD_NS };
	struct watch_thread *early, *busy;
	const struct watched *t;
	struct loop_look look;
	uint64_t one = 1;

	wake_fd = eventfd(0, EFD_CLOEXEC);
	early_epoll = epoll_of(wake_fd);
	early = watch_start(NULL, waits_early, NULL);
	busy = watch_start(NULL, sleeps_early, NULL);
	(void)watch_tid(busy);
	(void)watch_tid(early);
	(void)usleep(50000);
	w = watch_begin(&options);
	must(watch_look(w, watch_tid(early), &look));
	is_int(look.tgid, getpid(), "a thread that waits already: its process");
	ok(look.syscall == SYS_epoll_wait || look.syscall == SYS_epoll_pwait, "its system call");
	is_int(look.args[0], early_epoll, "and what it waits on");
	is_int(look.args[2], 1, "and how many events it takes");
	is_int(look.task_state & 1, 1, "asleep");
	ok(look.kernel_depth > 2 && look.kernel[0] > 1ull << 63, "its stack in the kernel");
	ok(watch_look_has_frame(w, &look, wait_early, FN_BYTES), "and in its function");
	ok(!watch_state(w, watch_tid(busy)), "another thread, which does not wait, is no loop");
	must(watch_state(w, watch_tid(early)));
	is_int(watch_state(w, watch_tid(early))->is_waiting, 1, "the loop waits");
	must(watch_look(w, watch_tid(early), &look));
	is_int(watch_free_slots(w), 14, "a second look takes no second slot");
	must(write(wake_fd, &one, sizeof(one)) == sizeof(one));
	t = watch_join(w, early);
	is_int(t->state.waits, 5, "waits, the early one too");
	is_int(t->state.iterations, 4, "iterations");
	is_int(t->state.is_confirmed, 1, "a loop after one wait");
	is_int(t->state.fd, early_epoll, "on that descriptor");
	ok(t->state.idle_ns > 0 && t->state.idle_ns <= t->state.waiting_ns, "and idle in it");
	(void)watch_join(w, busy);
	watch_end(w);
	(void)close(wake_fd);
	(void)close(early_epoll);
}

static void main_is_busy(void *arg)
{
	int epoll = epoll_of(-1);

	(void)arg;
	sleep_ns(3 * THRESHOLD_NS);
	for (int i = 0; i < 5; i++)
		must(wait_on(epoll, 1) == 0);
}

/* The main thread of a process that is busy: so long at least. */
static void test_busy_before(void)
{
	pid_t child = watch_start_child(w, main_is_busy, NULL);
	uint64_t from_ns, to_ns;
	const struct watched *t;
	struct loop_look look;

	(void)usleep(50000);
	from_ns = now_ns();
	must(watch_look(w, (uint32_t)child, &look));
	to_ns = now_ns();
	is_int(look.syscall, SYS_clock_nanosleep, "a main thread that is busy: its system call");
	ok(look.kernel_depth > 2, "and stack in the kernel");
	is_int(watch_state(w, (uint32_t)child)->is_at_least, 1, "busy, at least since then");
	t = watch_join_child(w, child);
	is_int(t->state.waits, 5, "then it waits");
	is_int(t->state.iterations, 5, "iterations, that one too");
	must(t->stall_count >= 1);
	is_int(t->stall_count, 1, "which is a stall");
	is_int(t->stalls[0].is_at_least, 1, "at least");
	ok(t->stalls[0].began_ns >= from_ns && t->stalls[0].began_ns <= to_ns,
	   "since it was looked at");
	is_int(t->stalls[0].longest.syscall, SYS_clock_nanosleep, "in its system call");
	ok(t->stalls[0].part_ns[LOOP_SLEEP] > THRESHOLD_NS, "asleep in it");
}

int main(void)
{
	const struct watch_options options = { .threshold_ns = THRESHOLD_NS,
					       .frequency_hz = FREQUENCY_HZ };
	const struct watch_options without_clock = { .threshold_ns = THRESHOLD_NS };

	need_root();
	w = watch_begin(&without_clock);
	test_off_cpu();
	test_tokens();
	test_busy_before();
	watch_end(w);
	w = watch_begin(&options);
	test_on_cpu();
	test_not_late();
	watch_end(w);
	test_waiting_before();
	return tap_done();
}

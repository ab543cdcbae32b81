// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The event loop against the real kernel: descriptors, timers, signals, processes. */
#include "base/scope.h"
#include "host/clock.h"
#include "host/loop.h"
#include "tap.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

struct counter {
	struct loop *loop;
	int fd;
	int calls;
	int stop_at; /* the call that ends the loop */
	int result;  /* with this */
};

static int count_call(void *ctx)
{
	struct counter *c = ctx;

	c->calls++;
	return c->calls >= c->stop_at ? c->result : 0;
}

static int read_and_count(void *ctx)
{
	struct counter *c = ctx;
	uint64_t value;

	if (read(c->fd, &value, sizeof(value)) != sizeof(value))
		return -errno;
	return count_call(c);
}

static void test_results(void)
{
	static const struct {
		int result, status;
	} rows[] = { { 1, 0 }, { 7, 0 }, { -EIO, -EIO } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_release_(loop_freep) struct loop *loop = loop_new();
		_release_(closep) int fd = eventfd(1, EFD_CLOEXEC);
		struct counter c = { .fd = fd, .stop_at = 1, .result = rows[i].result };

		is_int(loop_add_fd(loop, fd, read_and_count, &c), 0, "descriptor added");
		is_int(loop_run(loop), rows[i].status, "callback result %d", rows[i].result);
		is_int(c.calls, 1, "called once");
		is_int(loop_signal(loop), 0, "no signal");
	}
}

static void test_every(void)
{
	_release_(loop_freep) struct loop *loop = loop_new();
	struct counter c = { .stop_at = 3, .result = 1 };
	uint64_t start = clock_monotonic_ns(), took;

	is_int(loop_every(loop, 0, count_call, &c), -EINVAL, "a period of 0 is refused");
	is_int(loop_every(loop, 10 * NS_PER_MS, count_call, &c), 0, "timer added");
	is_int(loop_run(loop), 0, "runs until the third tick");
	took = clock_monotonic_ns() - start;
	is_int(c.calls, 3, "three ticks");
	ok(took >= 29 * NS_PER_MS, "no tick came early");
}

static int sleep_and_count(void *ctx)
{
	(void)usleep(35000);
	return count_call(ctx);
}

static void test_merged_ticks(void)
{
	_release_(loop_freep) struct loop *loop = loop_new();
	struct counter c = { .stop_at = 1000, .result = 1 };

	(void)loop_every(loop, NS_PER_MS, sleep_and_count, &c);
	(void)loop_stop_after(loop, 100 * NS_PER_MS);
	is_int(loop_run(loop), 0, "ends by loop_stop_after");
	ok(c.calls >= 1 && c.calls <= 4, "ticks missed in a slow callback are merged");
}

static void test_stop_after(void)
{
	_release_(loop_freep) struct loop *loop = loop_new();
	uint64_t start = clock_monotonic_ns();

	is_int(loop_stop_after(loop, 20 * NS_PER_MS), 0, "end set");
	is_int(loop_run(loop), 0, "an end by time is no error");
	ok(clock_monotonic_ns() - start >= 20 * NS_PER_MS, "and not early");
	is_int(loop_stop_after(loop, 0), 0, "an end at once");
	is_int(loop_run(loop), 0, "ends at once");
}

static int remove_other(void *ctx)
{
	struct counter *c = ctx;

	c->calls++;
	return loop_remove_fd(c->loop, c->fd);
}

/* Two sources are ready; whichever is called first removes the other. */
static void test_remove_while_ready(void)
{
	_release_(loop_freep) struct loop *loop = loop_new();
	_release_(closep) int a = eventfd(1, EFD_CLOEXEC), b = eventfd(1, EFD_CLOEXEC);
	struct counter removes_b = { .loop = loop, .fd = b };
	struct counter removes_a = { .loop = loop, .fd = a };

	(void)loop_add_fd(loop, a, remove_other, &removes_b);
	(void)loop_add_fd(loop, b, remove_other, &removes_a);
	is_int(loop_add_fd(loop, a, remove_other, NULL), -EEXIST, "a descriptor is added once");
	(void)loop_stop_after(loop, 10 * NS_PER_MS);
	/* the survivor is called again and fails: the other is no longer there */
	is_int(loop_run(loop), -ENOENT, "removing what is not there is an error");
	ok((removes_b.calls == 0) != (removes_a.calls == 0), "the removed source is never called");
}

static int add_many(void *ctx)
{
	struct counter *c = ctx;

	for (int i = 0; i < 64; i++) {
		int err = loop_every(c->loop, NS_PER_S, count_call, c);

		if (err)
			return err;
	}
	return 1;
}

static void test_add_inside(void)
{
	_release_(loop_freep) struct loop *loop = loop_new();
	_release_(closep) int fd = eventfd(1, EFD_CLOEXEC);
	struct counter c = { .loop = loop };

	(void)loop_add_fd(loop, fd, add_many, &c);
	is_int(loop_run(loop), 0, "a callback may add so many sources that the table moves");
}

static void test_limit(void)
{
	_release_(loop_freep) struct loop *loop = loop_new();
	int fds[LOOP_MAX_SOURCES + 1], err = 0, added = 0;

	for (int i = 0; i <= LOOP_MAX_SOURCES; i++)
		fds[i] = eventfd(0, EFD_CLOEXEC);
	if (fds[LOOP_MAX_SOURCES] < 0) {
		skip("more sources than the limit", "the limit of open files is too low here");
	} else {
		while (added <= LOOP_MAX_SOURCES && err == 0) {
			err = loop_add_fd(loop, fds[added], count_call, NULL);
			added += err == 0;
		}
		is_int(added, LOOP_MAX_SOURCES, "so many sources");
		is_int(err, -E2BIG, "and not one more");
		is_int(loop_remove_fd(loop, fds[0]), 0, "one removed");
		is_int(loop_add_fd(loop, fds[LOOP_MAX_SOURCES], count_call, NULL), 0,
		       "makes room for one");
	}
	for (int i = 0; i <= LOOP_MAX_SOURCES; i++)
		closep(&fds[i]);
}

static void test_process_end(void)
{
	_release_(loop_freep) struct loop *loop = loop_new();
	_release_(closep) int fd = -1;
	struct counter c = { .stop_at = 1, .result = 1 };
	pid_t child = fork();

	if (child == 0) {
		(void)usleep(20000);
		_exit(0);
	}
	fd = (int)syscall(SYS_pidfd_open, child, 0);
	is_int(loop_add_fd(loop, fd, count_call, &c), 0, "pidfd added");
	(void)loop_stop_after(loop, 5 * NS_PER_S);
	is_int(loop_run(loop), 0, "ends");
	is_int(c.calls, 1, "because the process ended");
	(void)waitpid(child, NULL, 0);
}

/* Runs @body in a child; its wait status. */
static int status_of(int (*body)(int), int signo)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0)
		_exit(body(signo));
	(void)waitpid(child, &status, 0);
	return status;
}

static int first_signal_ends(int signo)
{
	_release_(loop_freep) struct loop *loop = loop_new();

	if (loop_take_signals(loop, NULL, NULL))
		return 100;
	(void)loop_stop_after(loop, 5 * NS_PER_S);
	(void)raise(signo); /* blocked: waits in the descriptor */
	if (loop_run(loop))
		return 101;
	return loop_signal(loop) == signo ? 0 : 102;
}

static int second_signal_kills(int signo)
{
	_release_(loop_freep) struct loop *loop = loop_new();

	(void)loop_take_signals(loop, NULL, NULL);
	(void)raise(signo);
	(void)loop_run(loop);
	(void)raise(signo);
	return 0;
}

static int time_end_restores(int signo)
{
	_release_(loop_freep) struct loop *loop = loop_new();

	(void)loop_take_signals(loop, NULL, NULL);
	(void)loop_stop_after(loop, 1);
	(void)loop_run(loop);
	(void)raise(signo);
	return 0;
}

static int usr1_calls(int signo)
{
	_release_(loop_freep) struct loop *loop = loop_new();
	struct counter c = { .stop_at = 1, .result = 1 };

	(void)loop_take_signals(loop, count_call, &c);
	(void)loop_stop_after(loop, 5 * NS_PER_S);
	(void)raise(signo);
	(void)loop_run(loop);
	(void)raise(signo); /* still not deadly */
	return c.calls == 1 && loop_signal(loop) == 0 ? 0 : 103;
}

static int usr1_is_ignored(int signo)
{
	_release_(loop_freep) struct loop *loop = loop_new();

	(void)loop_take_signals(loop, NULL, NULL);
	(void)loop_stop_after(loop, 20 * NS_PER_MS);
	(void)raise(signo);
	return loop_run(loop) == 0 && loop_signal(loop) == 0 ? 0 : 104;
}

static int nohup_is_respected(int signo)
{
	_release_(loop_freep) struct loop *loop = loop_new();

	(void)signal(SIGHUP, SIG_IGN);
	(void)loop_take_signals(loop, NULL, NULL);
	(void)loop_stop_after(loop, 20 * NS_PER_MS);
	(void)raise(signo);
	(void)loop_run(loop);
	(void)raise(signo);
	return loop_signal(loop) == 0 ? 0 : 105;
}

static int broken_pipe_is_an_error(int signo)
{
	_release_(loop_freep) struct loop *loop = loop_new();
	int fds[2];

	(void)signo;
	(void)loop_take_signals(loop, NULL, NULL);
	if (pipe(fds) < 0)
		return 106;
	(void)close(fds[0]);
	return write(fds[1], "x", 1) < 0 && errno == EPIPE ? 0 : 107;
}

static int one_more_signal(int signo)
{
	_release_(loop_freep) struct loop *loop = loop_new();
	struct counter c = { .stop_at = 2, .result = 1 };

	if (loop_take_signals(loop, NULL, NULL) || loop_on_signal(loop, signo, count_call, &c))
		return 108;
	(void)loop_stop_after(loop, 5 * NS_PER_S);
	for (int i = 0; i < 2; i++) {
		c.stop_at = i + 1;
		(void)raise(signo);
		if (loop_run(loop) || c.calls != i + 1 || loop_signal(loop))
			return 109;
	}
	return 0;
}

/* Blocked, both wait, and the lower number ends the process; else it is the first. */
static int raise_both(void *ctx)
{
	(void)ctx;
	(void)raise(SIGTERM);
	(void)raise(SIGINT);
	return -EIO;
}

static int end_with_signals(int signo)
{
	_release_(loop_freep) struct loop *loop = loop_new();

	(void)signo;
	(void)loop_take_signals(loop, NULL, NULL);
	loop_at_end(loop, raise_both, NULL);
	(void)loop_stop_after(loop, 1);
	(void)loop_run(loop);
	return 0;
}

static int end_is_told(int signo)
{
	_release_(loop_freep) struct loop *loop = loop_new();
	struct counter c = { .stop_at = 1, .result = -EIO };

	(void)signo;
	loop_at_end(loop, count_call, &c);
	(void)loop_stop_after(loop, 1);
	return loop_run(loop) == 0 && c.calls == 1 ? 0 : 110;
}

static void test_signals(void)
{
	static const int ending[] = { SIGINT, SIGTERM, SIGHUP };
	int killed;

	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
		int late = status_of(time_end_restores, ending[i]);

		killed = status_of(second_signal_kills, ending[i]);
		is_int(status_of(first_signal_ends, ending[i]), 0, "signal %d ends the loop",
		       ending[i]);
		ok(WIFSIGNALED(killed) && WTERMSIG(killed) == ending[i], "the second %d kills",
		   ending[i]);
		ok(WIFSIGNALED(late) && WTERMSIG(late) == ending[i],
		   "%d kills after an end by time", ending[i]);
	}
	is_int(status_of(usr1_calls, SIGUSR1), 0, "SIGUSR1 calls back");
	is_int(status_of(usr1_is_ignored, SIGUSR1), 0, "SIGUSR1 without callback does nothing");
	is_int(status_of(nohup_is_respected, SIGHUP), 0, "an ignored SIGHUP stays ignored");
	is_int(status_of(one_more_signal, SIGWINCH), 0, "one more signal calls back, each time");
	is_int(status_of(one_more_signal, SIGQUIT), 0, "a deadly one too");
	is_int(status_of(end_is_told, 0), 0, "its end is told, and the result is its own");
	killed = status_of(end_with_signals, 0);
	ok(WIFSIGNALED(killed) && WTERMSIG(killed) == SIGINT,
	   "before signals have their effect again");
	is_int(status_of(broken_pipe_is_an_error, 0), 0, "SIGPIPE is ignored");
}

int main(void)
{
	test_results();
	test_every();
	test_merged_ticks();
	test_stop_after();
	test_remove_while_ready();
	test_add_inside();
	test_limit();
	test_process_end();
	test_signals();
	return tap_done();
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * epoll over a small table of sources. One event is taken per epoll_wait: a callback may then add
 * and remove sources freely, and the kernel serves ready descriptors in turn.
 */
#include "host/loop.h"

#include "base/scope.h"
#include "base/vec.h"
#include "host/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

enum source_kind { SOURCE_NONE, SOURCE_FD, SOURCE_TIMER, SOURCE_SIGNALS, SOURCE_SIGNAL };

struct source {
	enum source_kind kind;
	int fd; /* ours, unless it is a SOURCE_FD */
	loop_fn fn;
	void *ctx;
};

struct source_list {
	struct source *at;
	size_t len, cap;
};

struct loop {
	int epoll_fd;
	struct source_list sources;
	bool has_signals;
	bool is_hup_ours;
	int signal;
	loop_fn at_end;
	void *at_end_ctx;
};

struct loop *loop_new(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0) {
		free(loop); /* keeps errno since glibc 2.33 */
		return NULL;
	}
	return loop;
}

/* Gives INT, TERM and HUP back their usual effect. */
static void release_signals(struct loop *loop)
{
	sigset_t ours;

	if (!loop->has_signals)
		return;
	loop->has_signals = false;
	(void)sigemptyset(&ours);
	(void)sigaddset(&ours, SIGINT);
	(void)sigaddset(&ours, SIGTERM);
	(void)sigaddset(&ours, SIGHUP);
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	if (loop->is_hup_ours)
		(void)signal(SIGHUP, SIG_DFL);
	(void)sigprocmask(SIG_UNBLOCK, &ours, NULL);
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	release_signals(loop);
	for (size_t i = 0; i < loop->sources.len; i++) {
		const struct source *s = &loop->sources.at[i];

		if (s->kind != SOURCE_NONE && s->kind != SOURCE_FD)
			(void)close(s->fd);
	}
	(void)close(loop->epoll_fd);
	free(loop->sources.at);
	free(loop);
}

void loop_freep(struct loop **loop)
{
	loop_free(*loop);
}

/* A free slot of the table, or NULL. */
static struct source *take_slot(struct loop *loop)
{
	struct source *slot;

	for (size_t i = 0; i < loop->sources.len; i++) {
		if (loop->sources.at[i].kind == SOURCE_NONE)
			return &loop->sources.at[i];
	}
	slot = vec_push(&loop->sources);
	if (slot)
		slot->kind = SOURCE_NONE;
	return slot;
}

static int add_source(struct loop *loop, struct source source)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct source *slot;

	slot = take_slot(loop);
	if (!slot)
		return -ENOMEM;
	event.data.u64 = (uint64_t)(slot - loop->sources.at);
	if (event.data.u64 >= LOOP_MAX_SOURCES)
		return -E2BIG;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, source.fd, &event) < 0)
		return -errno;
	*slot = source;
	return 0;
}

/* The same for a descriptor that becomes ours; it is closed when that fails. */
static int add_own_source(struct loop *loop, struct source source)
{
	int err = add_source(loop, source);

	if (err)
		(void)close(source.fd);
	return err;
}

int loop_add_fd(struct loop *loop, int fd, loop_fn fn, void *ctx)
{
	return add_source(loop,
			  (struct source){ .kind = SOURCE_FD, .fd = fd, .fn = fn, .ctx = ctx });
}

int loop_remove_fd(struct loop *loop, int fd)
{
	for (size_t i = 0; i < loop->sources.len; i++) {
		struct source *s = &loop->sources.at[i];

		if (s->kind != SOURCE_FD || s->fd != fd)
			continue;
		s->kind = SOURCE_NONE;
		return epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL) < 0 ? -errno : 0;
	}
	return -ENOENT;
}

static struct timespec timespec_of_ns(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / NS_PER_S),
				  .tv_nsec = (long)(ns % NS_PER_S) };
}

static int add_timer(struct loop *loop, const struct itimerspec *when, loop_fn fn, void *ctx)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	int err;

	if (fd < 0)
		return -errno;
	if (timerfd_settime(fd, 0, when, NULL) < 0) {
		err = -errno;
		(void)close(fd);
		return err;
	}
	return add_own_source(
		loop, (struct source){ .kind = SOURCE_TIMER, .fd = fd, .fn = fn, .ctx = ctx });
}

int loop_every(struct loop *loop, uint64_t period_ns, loop_fn fn, void *ctx)
{
	struct timespec period = timespec_of_ns(period_ns);

	if (period_ns == 0)
		return -EINVAL; /* a timerfd would take it as "never" */
	return add_timer(loop, &(struct itimerspec){ .it_value = period, .it_interval = period },
			 fn, ctx);
}

static int stop(void *ctx)
{
	(void)ctx;
	return 1;
}

int loop_stop_after(struct loop *loop, uint64_t after_ns)
{
	struct timespec after = timespec_of_ns(after_ns ? after_ns : 1);

	return add_timer(loop, &(struct itimerspec){ .it_value = after }, stop, NULL);
}

int loop_take_signals(struct loop *loop, loop_fn on_usr1, void *ctx)
{
	struct sigaction hup;
	sigset_t ours;
	int fd;

	if (sigaction(SIGHUP, NULL, &hup) < 0)
		return -errno;
	loop->is_hup_ours = hup.sa_handler != SIG_IGN; /* nohup */
	(void)sigemptyset(&ours);
	(void)sigaddset(&ours, SIGINT);
	(void)sigaddset(&ours, SIGTERM);
	(void)sigaddset(&ours, SIGUSR1);
	if (loop->is_hup_ours)
		(void)sigaddset(&ours, SIGHUP);
	fd = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (sigprocmask(SIG_BLOCK, &ours, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
		int err = -errno;

		(void)close(fd);
		return err;
	}
	loop->has_signals = true;
	return add_own_source(
		loop,
		(struct source){ .kind = SOURCE_SIGNALS, .fd = fd, .fn = on_usr1, .ctx = ctx });
}

int loop_on_signal(struct loop *loop, int signo, loop_fn fn, void *ctx)
{
	sigset_t one;
	int fd;

	(void)sigemptyset(&one);
	(void)sigaddset(&one, signo);
	fd = signalfd(-1, &one, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	(void)sigprocmask(SIG_BLOCK, &one, NULL); /* fails only for arguments that make no sense */
	return add_own_source(
		loop, (struct source){ .kind = SOURCE_SIGNAL, .fd = fd, .fn = fn, .ctx = ctx });
}

void loop_at_end(struct loop *loop, loop_fn fn, void *ctx)
{
	loop->at_end = fn;
	loop->at_end_ctx = ctx;
}

static int dispatch_signal(struct loop *loop, const struct source *s)
{
	struct signalfd_siginfo info;

	if (read(s->fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	if (info.ssi_signo == SIGUSR1)
		return s->fn ? s->fn(s->ctx) : 0;
	loop->signal = (int)info.ssi_signo;
	return 1;
}

/* @source is a copy: its slot may move or be given away while the callback runs. */
static int dispatch(struct loop *loop, struct source source)
{
	struct signalfd_siginfo info;
	uint64_t ticks;

	switch (source.kind) {
	case SOURCE_NONE:
		return 0;
	case SOURCE_SIGNALS:
		return dispatch_signal(loop, &source);
	case SOURCE_TIMER:
		if (read(source.fd, &ticks, sizeof(ticks)) != sizeof(ticks))
			return 0;
		return source.fn(source.ctx);
	case SOURCE_SIGNAL:
		if (read(source.fd, &info, sizeof(info)) != sizeof(info))
			return 0;
		return source.fn(source.ctx);
	case SOURCE_FD:
		return source.fn(source.ctx);
	}
	return 0;
}

int loop_run(struct loop *loop)
{
	int status = 0;

	while (status == 0) {
		struct epoll_event event;
		int ready = epoll_wait(loop->epoll_fd, &event, 1, -1);

		if (ready == 1)
			status = dispatch(loop, loop->sources.at[event.data.u64]);
		else if (ready < 0 && errno != EINTR)
			status = -errno;
	}
	if (loop->at_end)
		(void)loop->at_end(loop->at_end_ctx);
	release_signals(loop);
	return status > 0 ? 0 : status;
}

int loop_signal(const struct loop *loop)
{
	return loop->signal;
}

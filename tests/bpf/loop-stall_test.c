// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* loop-stall: waits, iterations and what is merged, counted exactly. */
#include "loop-watch.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

static int readable(void)
{
	int fd = eventfd(1, EFD_CLOEXEC);

	must(fd >= 0);
	return fd;
}

static int epoll_of(int fd)
{
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event e = { .events = EPOLLIN };

	must(ep >= 0);
	if (fd >= 0)
		must(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) == 0);
	return ep;
}

static void plain(void *arg)
{
	int ep = epoll_of(-1);
	struct epoll_event e;

	(void)arg;
	for (int i = 0; i < 20; i++)
		must(epoll_wait(ep, &e, 1, 1) == 0);
	(void)close(ep);
}

int main(void)
{
	const struct watch_options options = { 0 };
	const struct watched *t;
	struct watch *w;

	need_root();
	w = watch_begin(&options);
	(void)readable;
	t = watch_run(w, plain, NULL);
	is_int(t->state.waits, 20, "waits");
	is_int(t->state.iterations, 19, "iterations");
	is_int(t->state.is_confirmed, 1, "it is a loop");
	watch_end(w);
	return tap_done();
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* bpf/lib/events.bpf.h in the kernel: what is sent arrives in order, fullness is told, who wakes.
 */
#include "kernel.h"

#include "test/events.skel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>

#define BUFFER_BYTES  4096
#define ELEMENT_BYTES (8 + 16) /* the kernel's header and the event */
#define WAIT_MS	      20000    /* ends a test that hangs */
#define QUIET_US      300000   /* long enough to see a wake-up that should not be */

struct reader {
	struct ring_buffer *ring;
	uint64_t next; /* number that must come */
	uint64_t wrong;
};

static int on_event(void *ctx, void *data, size_t size)
{
	struct reader *r = ctx;
	const __u64 *event = data;

	if (size != 16 || event[0] != r->next || event[1] != ~r->next)
		r->wrong++;
	r->next++;
	return 0;
}

static bool send_one(struct events_bpf *skel, __u64 number, bool wakes_reader)
{
	skel->bss->number = number;
	skel->bss->wakes_reader = wakes_reader;
	return run(skel->progs.send);
}

/* Sends until one is refused. How many were not. */
static uint64_t fill(struct events_bpf *skel, uint64_t from)
{
	uint64_t sent = 0;

	while (sent < BUFFER_BYTES && send_one(skel, from + sent, false))
		sent++;
	return sent;
}

static void test_full(struct events_bpf *skel, struct reader *r)
{
	uint64_t sent = fill(skel, 0);

	/* one byte always stays free, so that full and empty differ */
	is_int(sent, (BUFFER_BYTES - 1) / ELEMENT_BYTES, "as many as fit are taken");
	ok(!send_one(skel, sent, false), "the next is refused");
	ok(!send_one(skel, sent, true), "also one that would wake the reader");
	is_int(ring_buffer__consume(r->ring), sent, "all that were taken arrive");
	is_int(r->wrong, 0, "whole and in order, the refused ones are not among them");
	is_int(fill(skel, sent), (BUFFER_BYTES - 1) / ELEMENT_BYTES, "then there is room again");
	(void)ring_buffer__consume(r->ring);
	is_int(r->wrong, 0, "nothing was mixed up");
}

struct sleeper {
	int fd;
	atomic_int woken; /* -1: still asleep */
};

static void *sleep_on_ring(void *ctx)
{
	struct sleeper *s = ctx;
	struct epoll_event event;

	atomic_store(&s->woken, epoll_wait(s->fd, &event, 1, WAIT_MS));
	return NULL;
}

static void test_wake(struct events_bpf *skel, struct reader *r)
{
	struct sleeper s = { .fd = ring_buffer__epoll_fd(r->ring), .woken = -1 };
	pthread_t thread;

	must(pthread_create(&thread, NULL, sleep_on_ring, &s) == 0);
	(void)usleep(QUIET_US);
	ok(send_one(skel, r->next, false), "a frequent event is sent");
	(void)usleep(QUIET_US);
	is_int(atomic_load(&s.woken), -1, "and does not wake the reader");
	ok(send_one(skel, r->next + 1, true), "a rare event is sent");
	must(pthread_join(thread, NULL) == 0);
	is_int(atomic_load(&s.woken), 1, "and wakes the reader");
	is_int(ring_buffer__consume(r->ring), 2, "who finds both");
	is_int(r->wrong, 0, "in order");
}

int main(void)
{
	struct reader r = { 0 };
	struct events_bpf *skel;

	need_root();
	skel = events_bpf__open();
	must(skel);
	must(bpf_map__set_max_entries(skel->maps.events, BUFFER_BYTES) == 0);
	must(events_bpf__load(skel) == 0);
	r.ring = ring_buffer__new(bpf_map__fd(skel->maps.events), on_event, &r, NULL);
	must(r.ring);
	test_full(skel, &r);
	test_wake(skel, &r);
	ring_buffer__free(r.ring);
	events_bpf__destroy(skel);
	return tap_done();
}

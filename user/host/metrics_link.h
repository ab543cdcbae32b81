/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Between the collector, which may load BPF, and the server, which anyone may talk to: a pair of
 * sockets (SOCK_SEQPACKET). The server says once that it serves, and from then on asks, by one
 * byte, when its page is older than a second; the collector answers each question once: by a sealed
 * memfd that holds the page in both formats, or by a byte: there is none. That is all that passes.
 * The collector believes nothing the server says: the worst a server can do is to be ended.
 */
#ifndef HOST_METRICS_LINK_H
#define HOST_METRICS_LINK_H

#include "report/exposition.h"

#include <stdbool.h>
#include <stddef.h>

#define METRICS_LINK_AGE_NS   1000000000u /* a page may be so old, and is not made again before */
#define METRICS_LINK_TEXT_MAX (16u << 20) /* bytes of one text */

/* Both ends, nonblocking and close-on-exec. 0 or -errno. */
int metrics_link_new(int ret_fds[2]);

/* --- the collector's end -------------------------------------------------------------------- */

/*
 * What the page holds now: adds its families to @s, and says by *@ret_is_ready whether everything
 * is attached (/readyz). Another value than 0: there is no page, the scrape gets a 503.
 */
typedef int (*metrics_link_fill_fn)(void *ctx, struct series *s, bool *ret_is_ready);

struct metrics_desk {
	int fd; /* borrowed */
	metrics_link_fill_fn fill;
	void *ctx;
	size_t max_series;
	uint64_t last_ns; /* when this server was given a page; 0: not yet */
};

/*
 * For when @desk->fd is readable: answers the question that is there. 0, also when no page could be
 * made; -EPIPE: the server has ended; -EBADMSG: it says what no server of ours says, or asks again
 * within the second: end it.
 */
int metrics_link_answer(struct metrics_desk *desk);

/* Waits for the server's word that it serves. 0, -EPIPE, -ETIMEDOUT, -EBADMSG. */
int metrics_link_wait(int fd, int timeout_ms);

/* --- the server's end ----------------------------------------------------------------------- */

/* A page, mapped for reading; ended by metrics_link_page_done. */
struct metrics_page {
	void *at;
	size_t size;
	const char *texts[EXPOSITION_FORMATS]; /* not NUL-terminated */
	size_t lens[EXPOSITION_FORMATS];
	bool is_ready;
};

/* 0 or -errno; -EPIPE: the collector has ended. */
int metrics_link_greet(int fd);
int metrics_link_ask(int fd);

/* 1 and a page; 0: no answer is there yet; -ENODATA: there is no page; -EPIPE; -EBADMSG: not a page
 * (an unsealed file, offsets outside of it, ...); or another -errno. */
int metrics_link_receive(int fd, struct metrics_page *ret_page);
void metrics_link_page_done(struct metrics_page *page);

#endif

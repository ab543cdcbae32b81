/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The one event loop: epoll over descriptors, timers (timerfd), signals (signalfd) and processes
 * (pidfd). No signal handler, no thread, no polling.
 */
#ifndef HOST_LOOP_H
#define HOST_LOOP_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#define LOOP_MAX_SOURCES 1024

struct loop;

/* What a source calls. 0 goes on; a positive value ends loop_run with 0; a negative errno ends it
 * with that. */
typedef int (*loop_fn)(void *ctx);

/* NULL when out of memory or descriptors (errno says). */
struct loop *loop_new(void);
void loop_free(struct loop *loop);
void loop_freep(struct loop **loop);

/*
 * Calls @fn when @fd is readable. @fd is borrowed and must stay open until loop_remove_fd or
 * loop_free. 0, -EEXIST (it is there already), -E2BIG (LOOP_MAX_SOURCES), or another errno. Adding
 * and removing from inside a callback is fine.
 */
int loop_add_fd(struct loop *loop, int fd, loop_fn fn, void *ctx);
int loop_remove_fd(struct loop *loop, int fd);

/* Calls @fn every @period_ns (CLOCK_MONOTONIC); missed ticks are merged into one. */
int loop_every(struct loop *loop, uint64_t period_ns, loop_fn fn, void *ctx);

/* Ends loop_run @after_ns from now. */
int loop_stop_after(struct loop *loop, uint64_t after_ns);

/*
 * Blocks SIGINT, SIGTERM, SIGHUP and SIGUSR1 for this process and takes them by descriptor. The
 * first of INT, TERM, HUP ends loop_run; SIGUSR1 calls @on_usr1 (NULL: ignored). SIGPIPE is
 * ignored. After the first end, a second INT/TERM/HUP kills the process as usual (status 128+n):
 * loop_run restores those three signals' default action and mask before it returns. A SIGHUP that
 * is ignored at the start (nohup) stays ignored. 0 or -errno.
 */
int loop_take_signals(struct loop *loop, loop_fn on_usr1, void *ctx);

/* Takes one more signal by descriptor, for as long as the loop lives, and calls @fn when it comes.
 */
int loop_on_signal(struct loop *loop, int signo, loop_fn fn, void *ctx);

/*
 * @fn is called (one at most) when loop_run ends, before the signals get back their usual effect:
 * for what a second Ctrl-C must not find undone. Its result is ignored.
 */
void loop_at_end(struct loop *loop, loop_fn fn, void *ctx);

/* Runs until something ends it. 0 or the negative errno a callback gave. */
int loop_run(struct loop *loop);

/* The signal that ended the loop, 0 when something else did. */
int loop_signal(const struct loop *loop);

#endif

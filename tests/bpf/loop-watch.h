/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * loop-stall's programs as the tool attaches them, over threads of the test's own that behave in
 * known ways: what the kernel side found of each.
 */
#ifndef TESTS_BPF_LOOP_WATCH_H
#define TESTS_BPF_LOOP_WATCH_H

#include "kernel.h"

#include "abi/loop-stall.h"
#include "probe/stacks.h"

#include "loop-stall.skel.h"

#include <stdint.h>

#define MS_NS 1000000ull

struct watch_options {
	uint64_t threshold_ns;	/* 0: 20 ms */
	uint32_t slots;		/* 0: 16 */
	uint32_t ring_bytes;	/* 0: 1 MiB */
	uint64_t frequency_hz;	/* of the clock, 0: none */
	bool is_without_split;	/* on_switch and on_wakeup are not there */
	bool is_without_stacks; /* at switch-outs */
};

/* A thread that ended, and what was seen of it. */
struct watched {
	uint32_t tid;
	bool is_seen; /* it had a slot; else the rest is zero */
	struct loop_state state;
	struct loop_hist hists[LOOP_HISTS];
	struct loop_stall_event stalls[64];
	size_t stall_count; /* may be more than are kept */
	struct loop_sample_event samples[256];
	size_t sample_count; /* the same */
};

struct watch;

/* This process is observed from now on. A failure ends the test. */
struct watch *watch_begin(const struct watch_options *options);
void watch_end(struct watch *w);

struct loop_stall_bpf *watch_skeleton(struct watch *w);

/*
 * Runs @fn in a thread until it ends; its slot is given back. @ret: all that is known of it, valid
 * until the next one.
 */
const struct watched *watch_run(struct watch *w, void (*fn)(void *), void *arg);

/* The same in steps: a thread begins; later it is waited for. */
struct watch_thread;
struct watch_thread *watch_start(struct watch *w, void (*fn)(void *), void *arg);
uint32_t watch_tid(const struct watch_thread *t); /* it has begun */
const struct watched *watch_join(struct watch *w, struct watch_thread *t);

/* Waits for the end of a thread, whose number it returns; its slot stays its own. */
uint32_t watch_end_of(struct watch_thread *t);

/* The same in a process of its own: it begins; the test may stop it, or wait for its end. */
pid_t watch_start_child(struct watch *w, void (*fn)(void *), void *arg);
const struct watched *watch_join_child(struct watch *w, pid_t child);

/* The state of thread @tid of any process as it is now; NULL: it has no slot. */
const struct loop_state *watch_state(struct watch *w, uint32_t tid);

/* Waits until the kernel side says that thread @tid has ended, and takes what is known of it. */
const struct watched *watch_take(struct watch *w, uint32_t tid);

/* Slots that are nobody's. */
size_t watch_free_slots(struct watch *w);

/* Another process is observed too, or as before when @is_stopped is 0. */
void watch_target(struct watch *w, uint32_t tgid, enum target_recording recording);

/* Sum of a counter over all CPUs, of the processes observed. */
uint64_t watch_counter(struct watch *w, enum loop_counter which);

/* How many events of @kind came up to now, of whichever process. */
size_t watch_events(struct watch *w, uint32_t kind);

/* The iterator runs over all threads; what it tells of @tid. False: nothing. */
bool watch_look(struct watch *w, uint32_t tid, struct loop_look *ret);

/* Is an address within @size bytes from @fn in the user stack @id, or in that of @look? */
bool watch_has_frame(struct watch *w, uint64_t id, const void *fn, size_t size);
bool watch_look_has_frame(struct watch *w, const struct loop_look *look, const void *fn,
			  size_t size);

/* --- what threads under test do --------------------------------------------------------------- */

#define LOOP_IS_YOUNG 3 /* waits until a thread is a loop */

/* An eventfd, always readable; an epoll instance, with @fd in it when not -1. */
int readable_fd(void);
int epoll_of(int fd);

/* Waits on @epoll, one event at most. What the call returns. */
int wait_on(int epoll, int timeout_ms);

/* An instance that the current thread has waited on for a loop, and its iteration is under way. */
int epoll_loop(void);

void sleep_ns(uint64_t ns);

/* How often the current thread has gone to sleep; under load a short timeout passes before that. */
uint64_t own_sleeps(void);

/* Memory that children share with the test. */
void *shared_memory(size_t size);

uint64_t now_ns(void);

/* Computes until @ns have passed. */
void spin(uint64_t ns);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Ways to hold up an event loop. Each function holds the calling thread up for @ns of
 * CLOCK_MONOTONIC and a little more: it ends after the first step that is over by then. All return
 * 0 or a negative errno.
 *
 * *ret_slept_ns: so long it was asleep for sure, when nobody took the CPU from it meanwhile. It can
 * have been a little more. 0: not known.
 */
#ifndef STALLS_STALLS_H
#define STALLS_STALLS_H

#include <stdint.h>

/* For each loop of the server, before it runs; @directory: where files are made. */
int stalls_start(unsigned int loop, const char *directory);
/* Ends the threads of all loops; nothing when none were started. */
void stalls_stop(void);

/* asleep.c: nanosleep; another epoll instance; a child that sleeps, and is waited for */
int stall_sleeping(unsigned int loop, uint64_t ns, uint64_t *ret_slept_ns);
int stall_in_nested_wait(unsigned int loop, uint64_t ns, uint64_t *ret_slept_ns);
int stall_for_child(unsigned int loop, uint64_t ns, uint64_t *ret_slept_ns);

/* lock.c: a mutex that the thread "lock-holder" has */
int lock_start(unsigned int loop);
void lock_stop(unsigned int loop);
int stall_for_lock(unsigned int loop, uint64_t ns, uint64_t *ret_slept_ns);

/* resolve.c: getaddrinfo, by a name server of ours (the thread "name-server") that is in no hurry
 */
int resolve_start(unsigned int loop);
void resolve_stop(unsigned int loop);
int stall_resolving(unsigned int loop, uint64_t ns, uint64_t *ret_slept_ns);

/* disk.c: a file read that is in no cache; the same through memory; what was written synced */
int disk_start(unsigned int loop, const char *directory);
int stall_reading(unsigned int loop, uint64_t ns, uint64_t *ret_slept_ns);
int stall_reading_mapped(unsigned int loop, uint64_t ns, uint64_t *ret_slept_ns);
int stall_syncing(unsigned int loop, uint64_t ns, uint64_t *ret_slept_ns);

/* memory.c: pages touched for the first time, again and again */
int stall_faulting(unsigned int loop, uint64_t ns, uint64_t *ret_slept_ns);

/* pool.c: the innocent thread "pool": it waits in a futex, works a little, and is no loop */
int pool_start(void);
void pool_stop(void);

#endif

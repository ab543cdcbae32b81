/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A process that stands still for a moment, with all its threads, so that its memory can be read as
 * it is at one time. By ptrace and not by SIGSTOP: nobody but us sees it (no SIGCHLD for its
 * parent, no job control), and when we die in between, by whatever, the kernel lets it go on.
 */
#ifndef HOST_STANDSTILL_H
#define HOST_STANDSTILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Zeroed at birth, ended by standstill_end. */
struct standstill {
	struct standing_thread {
		pid_t tid;
		int signal; /* it was about to take, and is given back */
		bool is_still;
	} * at;
	size_t len, cap;
};

/*
 * Stops all threads of @pid. 0; -EPERM: it is not ours to trace, or somebody else traces it;
 * -ESRCH: it has ended; -ETIME: a thread did not stop within half a second; -ENOMEM. On
 * failure it runs on: what was begun is ended, a thread that did not stop when this process ends at
 * the latest.
 */
int standstill_begin(pid_t pid, struct standstill *ret);

#define STANDSTILL_REGISTERS 40 /* at most, of a thread */

/*
 * The registers of thread @i as words, and which of them is its stack pointer. Their number, or
 * -errno (-ESRCH: that thread has ended).
 */
int standstill_registers(const struct standstill *s, size_t i,
			 uint64_t ret_words[STANDSTILL_REGISTERS], uint64_t *ret_stack);

/* Lets it go on. */
void standstill_end(struct standstill *s);

#endif

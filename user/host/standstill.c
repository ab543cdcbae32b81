// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Seizes each thread, asks all of them to stop, then waits: they stop side by side. */
#include "host/standstill.h"

#include "base/scope.h"
#include "base/vec.h"
#include "host/clock.h"
#include "host/procfs.h"

#include <assert.h>
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>

#define WAIT_NS	   (500 * NS_PER_MS)
#define LOOK_NS	   30000
#define ROUNDS_MAX 16 /* threads that begin meanwhile */

static bool has_thread(const struct standstill *s, pid_t tid)
{
	for (size_t i = 0; i < s->len; i++)
		if (s->at[i].tid == tid)
			return true;
	return false;
}

/* 0 also for a thread that has ended. */
static int seize(struct standstill *s, pid_t tid)
{
	struct standing_thread *t;

	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL))
		return errno == ESRCH ? 0 : -errno;
	t = vec_push(s);
	if (!t) {
		(void)ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
		return -ENOMEM;
	}
	*t = (struct standing_thread){ .tid = tid };
	if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) && errno != ESRCH)
		return -errno;
	return 0;
}

/* *ret_count: of those that were new. */
static int seize_new(pid_t pid, struct standstill *s, size_t *ret_count)
{
	_release_(pid_list_done) struct pid_list threads = { 0 };
	size_t before = s->len;
	int err = procfs_threads(pid, &threads);

	for (size_t i = 0; i < threads.len && !err; i++)
		if (!has_thread(s, threads.at[i]))
			err = seize(s, threads.at[i]);
	*ret_count = s->len - before;
	return err;
}

/* Has the thread stopped, or ended? */
static bool look(struct standing_thread *t)
{
	int status;
	pid_t tid = waitpid(t->tid, &status, __WALL | WNOHANG);

	if (tid == 0)
		return false;
	t->is_still = true;
	if (tid < 0 || !WIFSTOPPED(status))
		t->tid = 0; /* it has ended */
	else if (!(status >> 16))
		t->signal = WSTOPSIG(status); /* in place of our stop */
	return true;
}

/* Each in turn: that a process has ended is told when all of its other threads are known to. */
static int wait_all(struct standstill *s)
{
	uint64_t until_ns = clock_monotonic_ns() + WAIT_NS;

	for (;;) {
		size_t waits = 0;

		for (size_t i = 0; i < s->len; i++)
			waits += !s->at[i].is_still && !look(&s->at[i]);
		if (!waits)
			return 0;
		if (clock_monotonic_ns() > until_ns)
			return -ETIME;
		(void)nanosleep(&(struct timespec){ .tv_nsec = LOOK_NS }, NULL);
	}
}

int standstill_begin(pid_t pid, struct standstill *ret)
{
	size_t count = 1;
	int err = 0;

	/* a thread that has not stopped yet may begin others */
	for (int round = 0; round < ROUNDS_MAX && count && !err; round++) {
		err = seize_new(pid, ret, &count);
		if (!err)
			err = wait_all(ret);
	}
	if (!err && count)
		err = -ETIME;
	if (!err && (!ret->len || !ret->at[0].tid))
		err = -ESRCH;
	if (err)
		standstill_end(ret);
	return err;
}

int standstill_registers(const struct standstill *s, size_t i,
			 uint64_t ret_words[STANDSTILL_REGISTERS], uint64_t *ret_stack)
{
	struct user_regs_struct registers;
	struct iovec io = { &registers, sizeof(registers) };

	static_assert(sizeof(registers) <= STANDSTILL_REGISTERS * sizeof(uint64_t), "room for all");
	if (!s->at[i].tid)
		return -ESRCH;
	if (ptrace(PTRACE_GETREGSET, s->at[i].tid, (void *)(uintptr_t)NT_PRSTATUS, &io))
		return -errno;
#ifdef __aarch64__
	*ret_stack = registers.sp;
#else
	*ret_stack = registers.rsp;
#endif
	memcpy(ret_words, &registers, sizeof(registers));
	return (int)(sizeof(registers) / sizeof(uint64_t));
}

/* One that was killed meanwhile has to be waited for, or its parent could not. */
static void let_go(struct standing_thread *t)
{
	if (!t->is_still || !t->tid)
		return;
	if (ptrace(PTRACE_DETACH, t->tid, NULL, (void *)(uintptr_t)t->signal))
		t->is_still = false;
	else
		t->tid = 0;
}

void standstill_end(struct standstill *s)
{
	for (size_t i = 0; i < s->len; i++)
		let_go(&s->at[i]);
	(void)wait_all(s); /* one that has not stopped cannot be let go */
	for (size_t i = 0; i < s->len; i++)
		let_go(&s->at[i]);
	free(s->at);
	*s = (struct standstill){ 0 };
}

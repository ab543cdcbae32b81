// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Starts a command traced, lets its loader work, and stops it by a breakpoint at the program's
 * entry point, which the kernel tells in the auxiliary vector.
 */
#include "host/spawn.h"

#include "base/scope.h"
#include "host/fd.h"
#include "host/identity.h"
#include "host/procfs.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#define AUXV_MAX 65536

#if defined(__x86_64__)
#define BREAK_CODE   "\xcc" /* int3 */
#define BREAK_MOVES  1	    /* the trap is reported behind the instruction */
#define USER_PC(reg) ((reg).rip)
#elif defined(__aarch64__)
#define BREAK_CODE   "\x00\x00\x20\xd4" /* brk #0 */
#define BREAK_MOVES  0
#define USER_PC(reg) ((reg).pc)
#else
#error "spawn: no breakpoint instruction known for this architecture"
#endif
#define BREAK_LEN (sizeof(BREAK_CODE) - 1)

struct held {
	pid_t pid;
	uint64_t entry;
	long code; /* the word at the entry point that the breakpoint is in */
};

static void default_signals(void)
{
	const struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &action, NULL); /* KILL, STOP and glibc's own refuse */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Standard descriptors that are a terminal become /dev/null. */
static int leave_terminal(void)
{
	_release_(closep) int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (nothing < 0)
		return -errno;
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (isatty(fd) && dup2(nothing, fd) < 0)
			return -errno;
	return 0;
}

/* In the child; comes back only to say why not. */
static int become_command(char *const argv[], const struct identity *user)
{
	int err;

	/* At exec, so that a failure can still be told. */
	if (close_range(3, ~0u, CLOSE_RANGE_CLOEXEC))
		return -errno;
	default_signals();
	err = identity_become(user);
	if (err)
		return err;
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) || raise(SIGSTOP))
		return -errno;
	(void)execvp(argv[0], argv);
	return -errno;
}

static int wait_for(pid_t pid, int *ret_status)
{
	while (waitpid(pid, ret_status, __WALL) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFSTOPPED(*ret_status) ? 0 : -ECHILD;
}

static int read_entry(pid_t pid, uint64_t *ret_entry)
{
	_release_(freep) char *auxv = NULL;
	_release_(closep) int fd = procfs_open(pid, "auxv");
	Elf64_auxv_t item;
	size_t len;
	int err;

	if (fd < 0)
		return fd;
	err = procfs_read(fd, AUXV_MAX, &auxv, &len);
	if (err)
		return err;
	for (size_t at = 0; at + sizeof(item) <= len; at += sizeof(item)) {
		memcpy(&item, auxv + at, sizeof(item));
		if (item.a_type == AT_ENTRY) {
			*ret_entry = item.a_un.a_val;
			return 0;
		}
	}
	return -EOPNOTSUPP; /* a 32-bit program: its vector has other items */
}

static void *word_of(const struct held *h)
{
	return (void *)(uintptr_t)(h->entry & ~(uint64_t)(sizeof(long) - 1));
}

/* The program is the one exec just made: a breakpoint in an earlier one went with it. */
static int set_breakpoint(struct held *h)
{
	int err = read_entry(h->pid, &h->entry);
	long word;

	if (err)
		return err;
	errno = 0;
	h->code = ptrace(PTRACE_PEEKTEXT, h->pid, word_of(h), NULL);
	if (errno)
		return -errno;
	word = h->code;
	memcpy((char *)&word + h->entry % sizeof(long), BREAK_CODE, BREAK_LEN);
	return ptrace(PTRACE_POKETEXT, h->pid, word_of(h), (void *)word) ? -errno : 0;
}

/* Whether the stop is our breakpoint; then code and program counter are as if it never was. */
static int take_breakpoint(const struct held *h, bool *ret_taken)
{
	struct user_regs_struct regs;
	struct iovec io = { .iov_base = &regs, .iov_len = sizeof(regs) };

	if (ptrace(PTRACE_GETREGSET, h->pid, (void *)(uintptr_t)NT_PRSTATUS, &io))
		return -errno;
	*ret_taken = h->entry && USER_PC(regs) == h->entry + BREAK_MOVES;
	if (!*ret_taken)
		return 0;
	USER_PC(regs) = h->entry;
	if (ptrace(PTRACE_POKETEXT, h->pid, word_of(h), (void *)h->code) ||
	    ptrace(PTRACE_SETREGSET, h->pid, (void *)(uintptr_t)NT_PRSTATUS, &io))
		return -errno;
	return 0;
}

/* What a stop means: @ret_sig goes to the program, or it has reached its entry point. */
static int handle_stop(struct held *h, int status, int *ret_sig, bool *ret_is_there)
{
	int sig = WSTOPSIG(status);
	bool is_there = false;
	int err = 0;

	if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8)) {
		err = set_breakpoint(h);
		sig = 0;
	} else if (sig == SIGTRAP) {
		err = take_breakpoint(h, &is_there);
	} else if (sig == SIGSTOP && !h->entry) {
		sig = 0; /* the child's own, before exec */
	}
	*ret_sig = sig;
	*ret_is_there = is_there;
	return err;
}

static int run_to_entry(struct held *h)
{
	bool is_there = false;
	int sig, status, err;

	err = wait_for(h->pid, &status);
	/* Should this tool die now, no half-started command stays behind. */
	if (!err && ptrace(PTRACE_SETOPTIONS, h->pid, NULL,
			   (void *)(PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)))
		return -errno;
	while (!err) {
		err = handle_stop(h, status, &sig, &is_there);
		if (err || is_there)
			break;
		/* When it was killed meanwhile, waiting says so. */
		if (ptrace(PTRACE_CONT, h->pid, NULL, (void *)(uintptr_t)sig) && errno != ESRCH)
			return -errno;
		err = wait_for(h->pid, &status);
	}
	return err;
}

/* The errno the child could not start by, when it told one. */
static int told_error(int fd)
{
	int err;
	ssize_t n = read(fd, &err, sizeof(err));

	return n == (ssize_t)sizeof(err) ? err : 0;
}

static void end_child(pid_t pid)
{
	(void)kill(pid, SIGKILL); /* may be dead and waited for already */
	(void)waitpid(pid, NULL, __WALL);
}

int spawn_held(char *const argv[], bool leaves_terminal, pid_t *ret_pid)
{
	_release_(identity_done) struct identity user = { 0 };
	_release_(closep) int tell_fd = -1, hear_fd = -1;
	struct held h = { 0 };
	int pipe_fds[2], err = identity_of_operator(&user);

	if (err)
		return err;
	if (pipe2(pipe_fds, O_CLOEXEC))
		return -errno;
	hear_fd = pipe_fds[0];
	tell_fd = pipe_fds[1];
	h.pid = fork();
	if (h.pid < 0)
		return -errno;
	if (h.pid == 0) {
		err = leaves_terminal ? leave_terminal() : 0;
		if (!err)
			err = become_command(argv, &user);
		(void)fd_write_all(tell_fd, &err, sizeof(err)); /* else the status tells */
		_exit(127);
	}
	closep(&tell_fd);
	tell_fd = -1;
	err = run_to_entry(&h);
	if (!err) {
		*ret_pid = h.pid;
		return 0;
	}
	if (err == -ECHILD) {
		int told = told_error(hear_fd);

		return told ? told : -ECHILD;
	}
	end_child(h.pid);
	return err;
}

int spawn_release(pid_t pid)
{
	/* Detaching also ends EXITKILL: from here on the command outlives this tool. */
	return ptrace(PTRACE_DETACH, pid, NULL, NULL) ? -errno : 0;
}

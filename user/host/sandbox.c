// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Descriptors, user, limits, and last the list of system calls, which allows none of the others. */
#include "host/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#ifndef __SANITIZE_ADDRESS__
#include <seccomp.h>
#endif

#define UNPRIVILEGED_ID 65534 /* the kernel's overflow id, "nobody" */

static int compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Every descriptor but those: a BPF link kept here would outlive a killed parent. */
static bool close_others(const struct sandbox *s)
{
	unsigned int from = 0;
	int sorted[8];

	if (s->kept_count > sizeof(sorted) / sizeof(*sorted))
		return false;
	for (size_t i = 0; i < s->kept_count; i++)
		sorted[i] = s->kept_fds[i];
	qsort(sorted, s->kept_count, sizeof(*sorted), compare_fds);
	for (size_t i = 0; i < s->kept_count; i++) {
		unsigned int fd = (unsigned int)sorted[i];

		if (fd > from && close_range(from, fd - 1, 0))
			return false;
		from = fd + 1;
	}
	return close_range(from, ~0u, 0) == 0;
}

static bool drop_privileges(void)
{
	if (geteuid() == 0 &&
	    (setgroups(0, NULL) || setresgid(UNPRIVILEGED_ID, UNPRIVILEGED_ID, UNPRIVILEGED_ID) ||
	     setresuid(UNPRIVILEGED_ID, UNPRIVILEGED_ID, UNPRIVILEGED_ID)))
		return false;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

static bool limit(int resource, uint64_t value)
{
	struct rlimit both = { value, value };

	return setrlimit((__rlimit_resource_t)resource, &both) == 0;
}

static bool set_limits(const struct sandbox *s)
{
#ifndef __SANITIZE_ADDRESS__ /* whose shadow memory is larger than any limit */
	if (!limit(RLIMIT_DATA, s->max_memory_bytes))
		return false;
#endif
	/* No descriptor below 0: nothing can be opened any more. */
	return limit(RLIMIT_CPU, s->max_cpu_s) && limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) &&
	       limit(RLIMIT_NOFILE, 0);
}

#ifdef __SANITIZE_ADDRESS__
static bool restrict_calls(void)
{
	return true;
}
#else
/* What libdw, liblzma and the C library use to read, allocate, write and end. */
static bool allow_calls(scmp_filter_ctx filter)
{
	static const int calls[] = {
		SCMP_SYS(read),		SCMP_SYS(pread64),	 SCMP_SYS(lseek),
		SCMP_SYS(fstat),	SCMP_SYS(write),	 SCMP_SYS(munmap),
		SCMP_SYS(brk),		SCMP_SYS(mremap),	 SCMP_SYS(madvise),
		SCMP_SYS(futex),	SCMP_SYS(clock_gettime), SCMP_SYS(getrandom),
		SCMP_SYS(exit_group),	SCMP_SYS(sysinfo), /* qsort */
		SCMP_SYS(rt_sigreturn),
	};
	/* libelf asks whether its descriptor is one, stdio how it was opened. */
	const struct scmp_arg_cmp asks_fd[] = { SCMP_A1(SCMP_CMP_EQ, F_GETFD),
						SCMP_A1(SCMP_CMP_EQ, F_GETFL) };
	const struct scmp_arg_cmp no_code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0))
			return false;
	for (size_t i = 0; i < sizeof(asks_fd) / sizeof(*asks_fd); i++)
		if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, asks_fd[i]))
			return false;
	return !seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_code) &&
	       !seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_code);
}

/* libdw asks where its file lies, to look beside it for others; it is told nothing. */
static bool refuse_paths(scmp_filter_ctx filter)
{
	static const int calls[] = { SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(lstat),
				     SCMP_SYS(stat), SCMP_SYS(getcwd) };
	/* How glibc asks for what a descriptor is. */
	const struct scmp_arg_cmp by_fd = SCMP_A3(SCMP_CMP_EQ, AT_EMPTY_PATH);
	const struct scmp_arg_cmp by_path = SCMP_A3(SCMP_CMP_NE, AT_EMPTY_PATH);

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), calls[i], 0))
			return false;
	return !seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1, by_fd) &&
	       !seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(newfstatat), 1, by_path);
}

static bool restrict_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	bool is_done = filter &&
		       !seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) &&
		       allow_calls(filter) && refuse_paths(filter) && !seccomp_load(filter);

	seccomp_release(filter);
	return is_done;
}
#endif

bool sandbox_enter(const struct sandbox *s)
{
	if (!close_others(s) || !drop_privileges())
		return false;
	/* After the change of user, which clears it; then the parent may already be gone. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != s->parent)
		return false;
	return set_limits(s) && restrict_calls();
}

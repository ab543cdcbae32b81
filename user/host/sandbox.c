// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Descriptors, user, capabilities, limits, and last the list of system calls, which allows none of
 * the others. */
#include "host/sandbox.h"

#include "base/scope.h"
#include "host/procfs.h"
#include "symbol/procmaps.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
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

bool sandbox_keep_fds(const int *fds, size_t count)
{
	unsigned int from = 0;
	int sorted[8];

	if (count > sizeof(sorted) / sizeof(*sorted))
		return false;
	for (size_t i = 0; i < count; i++)
		sorted[i] = fds[i];
	qsort(sorted, count, sizeof(*sorted), compare_fds);
	for (size_t i = 0; i < count; i++) {
		unsigned int fd = (unsigned int)sorted[i];

		if (fd > from && close_range(from, fd - 1, 0))
			return false;
		from = fd + 1;
	}
	return close_range(from, ~0u, 0) == 0;
}

/* What a process that is watched wrote is in rings that are mapped, and programs read their
 * settings from what is mapped: a child has all of it, and for writing too. */
static bool unmap_kernel_objects(void)
{
	_release_(closep) int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	_release_(freep) char *text = NULL;
	_release_(procmaps_done) struct procmaps maps = { 0 };
	uint64_t bad_at;
	size_t len;

	if (fd < 0 || procfs_read(fd, PROCFS_MAX_FILE, &text, &len) ||
	    procmaps_parse((struct bytes){ (const uint8_t *)text, len }, &maps, &bad_at))
		return false;
	for (size_t i = 0; i < maps.len; i++) {
		const struct mapping *m = &maps.at[i];

		if (strncmp(m->path, "anon_inode:", 11) == 0 &&
		    munmap((void *)(uintptr_t)m->start, m->end - m->start))
			return false;
	}
	return true;
}

/* Capabilities are also had without being root: a service is given some (AmbientCapabilities). */
static bool drop_privileges(void)
{
	if (geteuid() == 0 &&
	    (setgroups(0, NULL) || setresgid(UNPRIVILEGED_ID, UNPRIVILEGED_ID, UNPRIVILEGED_ID) ||
	     setresuid(UNPRIVILEGED_ID, UNPRIVILEGED_ID, UNPRIVILEGED_ID)))
		return false;
	capng_clear(CAPNG_SELECT_ALL);
	return capng_apply(CAPNG_SELECT_CAPS) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
	       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
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
	/* With no descriptor below 0 nothing can be opened any more. */
	return (!s->max_cpu_s || limit(RLIMIT_CPU, s->max_cpu_s)) && limit(RLIMIT_CORE, 0) &&
	       limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NOFILE, s->max_fds);
}

#ifdef __SANITIZE_ADDRESS__
static bool restrict_calls(enum sandbox_role role)
{
	(void)role;
	return true;
}
#else
struct call_list {
	const int *at;
	size_t len;
};

#define CALLS(...)                                                                                 \
	{                                                                                          \
		(const int[]){ __VA_ARGS__ }, sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int)   \
	}

/* What the C library needs to read, allocate, write and end. */
static const struct call_list calls_of_all =
	CALLS(SCMP_SYS(read), SCMP_SYS(fstat), SCMP_SYS(write), SCMP_SYS(munmap), SCMP_SYS(brk),
	      SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(futex), SCMP_SYS(clock_gettime),
	      SCMP_SYS(getrandom), SCMP_SYS(exit_group), SCMP_SYS(sysinfo), /* qsort */
	      SCMP_SYS(rt_sigreturn));

/* libdw, liblzma. */
static const struct call_list calls_of_reader = CALLS(SCMP_SYS(pread64), SCMP_SYS(lseek));

/* libmicrohttpd and GnuTLS, on connections that are there; no socket is made, bound or connected.
 */
static const struct call_list calls_of_server =
	CALLS(SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl), SCMP_SYS(accept4),
	      SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(sendto), SCMP_SYS(sendmsg),
	      SCMP_SYS(writev), SCMP_SYS(shutdown), SCMP_SYS(close), SCMP_SYS(setsockopt),
	      SCMP_SYS(getsockopt), SCMP_SYS(getpid), SCMP_SYS(gettimeofday), SCMP_SYS(time),
	      SCMP_SYS(poll));

static bool allow_list(scmp_filter_ctx filter, const struct call_list *list)
{
	for (size_t i = 0; i < list->len; i++)
		if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, list->at[i], 0))
			return false;
	return true;
}

/* libelf asks whether its descriptor is one, stdio how it was opened; a server what is sealed. */
static bool allow_questions(scmp_filter_ctx filter)
{
	const int questions[] = { F_GETFD, F_GETFL, F_GET_SEALS };

	for (size_t i = 0; i < sizeof(questions) / sizeof(*questions); i++)
		if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
				     SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)questions[i])))
			return false;
	return true;
}

static bool allow_memory(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp no_code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);

	return !seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_code) &&
	       !seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_code);
}

/* libdw asks where its file lies, to look beside it for others; it is told nothing. */
static bool refuse_paths(scmp_filter_ctx filter)
{
	static const int calls[] = { SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(lstat),
				     SCMP_SYS(stat), SCMP_SYS(getcwd) };

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), calls[i], 0))
			return false;
	return true;
}

/* How glibc asks for what a descriptor is; by path it is told nothing. */
static bool allow_stat(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp by_fd = SCMP_A3(SCMP_CMP_EQ, AT_EMPTY_PATH);
	const struct scmp_arg_cmp by_path = SCMP_A3(SCMP_CMP_NE, AT_EMPTY_PATH);

	return !seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1, by_fd) &&
	       !seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(newfstatat), 1, by_path);
}

static bool allow_role(scmp_filter_ctx filter, enum sandbox_role role)
{
	if (role == SANDBOX_SERVER)
		return allow_list(filter, &calls_of_server);
	return allow_list(filter, &calls_of_reader) && refuse_paths(filter);
}

static bool restrict_calls(enum sandbox_role role)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	bool is_done = filter &&
		       !seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) &&
		       allow_list(filter, &calls_of_all) && allow_questions(filter) &&
		       allow_memory(filter) && allow_stat(filter) && allow_role(filter, role) &&
		       !seccomp_load(filter);

	seccomp_release(filter);
	return is_done;
}
#endif

bool sandbox_enter(const struct sandbox *s)
{
	if (s->kept_fds && !sandbox_keep_fds(s->kept_fds, s->kept_count))
		return false;
	if ((s->role == SANDBOX_SERVER && !unmap_kernel_objects()) || !drop_privileges())
		return false;
	/* After the change of user, which clears it; then the parent may already be gone. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != s->parent)
		return false;
	return set_limits(s) && restrict_calls(s->role);
}

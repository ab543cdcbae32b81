// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a child in each sandbox is killed for, and what it can still do. */
#include "host/sandbox.h"

#include "tap.h"

#include <fcntl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_FDS 32

static void do_nothing(void)
{
}

static void do_open(void)
{
	(void)open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static void do_exec(void)
{
	(void)execl("/bin/true", "true", NULL);
}

static void do_fork(void)
{
	(void)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static void do_socket(void)
{
	(void)socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static void do_connect(void)
{
	(void)connect(0, NULL, 0);
}

static void do_bind(void)
{
	(void)bind(0, NULL, 0);
}

static void do_kill(void)
{
	(void)kill(getppid(), 0);
}

static void do_ptrace(void)
{
	(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void do_bpf(void)
{
	(void)syscall(SYS_bpf, 0, NULL, 0);
}

static void do_code(void)
{
	(void)mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		   0);
}

static void do_setuid(void)
{
	(void)syscall(SYS_setuid, 0);
}

static void do_limit(void)
{
	(void)prlimit(0, RLIMIT_NOFILE, &(struct rlimit){ 100, 100 }, NULL);
}

static void do_dup(void)
{
	(void)fcntl(2, F_DUPFD_CLOEXEC, 0);
}

static void do_accept(void)
{
	(void)accept4(-1, NULL, NULL, SOCK_CLOEXEC);
}

static void do_memory(void)
{
	void *p = malloc(1 << 20);

	if (!p)
		_exit(3);
	free(p);
}

static void do_much_memory(void)
{
	_exit(malloc(1ul << 30) ? 3 : 0);
}

static const struct {
	const char *what;
	void (*call)(void);
	bool reader_may, server_may;
} cases[] = {
	{ "nothing", do_nothing, true, true },
	{ "some memory", do_memory, true, true },
	{ "a gigabyte, which it does not get", do_much_memory, true, true },
	{ "opening a file", do_open, false, false },
	{ "executing a program", do_exec, false, false },
	{ "a process", do_fork, false, false },
	{ "a socket", do_socket, false, false },
	{ "a connection to somewhere", do_connect, false, false },
	{ "an address", do_bind, false, false },
	{ "a signal", do_kill, false, false },
	{ "tracing", do_ptrace, false, false },
	{ "BPF", do_bpf, false, false },
	{ "new code", do_code, false, false },
	{ "another user", do_setuid, false, false },
	{ "more descriptors", do_limit, false, false },
	{ "a copy of a descriptor", do_dup, false, false },
	{ "a connection from somewhere", do_accept, false, true },
};

/* 0, or the signal that ended it, or -1 - its exit status. */
static int end_of(enum sandbox_role role, void (*call)(void))
{
	const int kept[] = { STDERR_FILENO };
	const struct sandbox s = { .role = role,
				   .kept_fds = kept,
				   .kept_count = 1,
				   .parent = getpid(),
				   .max_memory_bytes = 256 << 20,
				   .max_fds = role == SANDBOX_SERVER ? MAX_FDS : 0 };
	pid_t pid = fork();
	int status;

	must(pid >= 0);
	if (pid == 0) {
		if (!sandbox_enter(&s))
			_exit(2);
		call();
		_exit(0);
	}
	must(waitpid(pid, &status, 0) == pid);
	if (WIFSIGNALED(status))
		return WTERMSIG(status);
	return WEXITSTATUS(status) ? -1 - WEXITSTATUS(status) : 0;
}

static volatile const char *ring; /* of perf, mapped before the fork */

static void do_read_ring(void)
{
	(void)*ring;
}

static void test_mappings(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_SW_DUMMY,
					.exclude_kernel = 1 };
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0) {
		skip("a ring that is mapped", "perf events are not allowed here");
		return;
	}
	ring = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(ring != MAP_FAILED);
	is_int(end_of(SANDBOX_SERVER, do_read_ring), SIGSEGV,
	       "a server has nothing of what its parent had mapped of the kernel");
	(void)close(fd);
}

int main(void)
{
#ifdef __SANITIZE_ADDRESS__
	skip("what is forbidden", "AddressSanitizer needs what the sandbox takes");
	return tap_done();
#endif
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		is_int(end_of(SANDBOX_READER, cases[i].call), cases[i].reader_may ? 0 : SIGSYS,
		       "a reader: %s", cases[i].what);
		is_int(end_of(SANDBOX_SERVER, cases[i].call), cases[i].server_may ? 0 : SIGSYS,
		       "a server: %s", cases[i].what);
	}
	test_mappings();
	return tap_done();
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A child with a filter that refuses the uprobe system calls, and a return probe on it. */
#include "probe/seccomp.h"

#include "base/scope.h"
#include "host/log.h"
#include "probe/features.h"
#include "probe/self_probe.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define NR_URETPROBE 335 /* arch/x86/entry/syscalls/syscall_64.tbl, 6.11 */
#define NR_UPROBE    336 /* the same, 6.18 */

/* Kills this process when it makes one of the two calls. */
static int forbid_uprobe_calls(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NR_URETPROBE, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NR_UPROBE, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(*code), .filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* Waits for the word of its parent, then returns from the probed function under the filter. */
static _Noreturn void child_main(int go_fd)
{
	void *(*volatile call)(void *) = self_probed;
	char go;

	if (read(go_fd, &go, 1) != 1 || forbid_uprobe_calls())
		_exit(2);
	(void)call(NULL);
	_exit(0);
}

/* Did the child come back from the probed function? */
static bool child_survives(pid_t pid, int go_fd)
{
	_release_(self_probe_done) struct self_probe p;
	bool is_probed = self_probe_open(&p, pid, SELF_RETURN) == 0;
	int status = -1;

	if (is_probed && write(go_fd, "g", 1) != 1)
		is_probed = false;
	(void)close(go_fd); /* without the word it ends, too */
	(void)waitpid(pid, &status, 0);
	return is_probed && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool try_return_probe(void)
{
	int go[2];
	pid_t pid;

	if (pipe(go))
		return false;
	pid = fork();
	if (pid == 0) {
		(void)close(go[1]);
		child_main(go[0]);
	}
	(void)close(go[0]);
	if (pid < 0) {
		(void)close(go[1]);
		return false;
	}
	return child_survives(pid, go[1]);
}

bool seccomp_return_probe_is_safe(void)
{
	static int known = -1; /* the kernel does not change under us */

	if (known < 0) {
		/* kernels without uprobe_multi are older than the system call */
		known = !features_have_uprobe_multi() || try_return_probe();
		log_info("return probes under a system-call filter: %s", known ? "safe" : "fatal");
	}
	return known;
}

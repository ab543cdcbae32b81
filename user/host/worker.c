// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The child and its sandbox; the parent, which waits for it and for signals. */
#include "host/worker.h"

#include "host/cli.h"
#include "host/log.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY		65534 /* the kernel's overflow id */
#define EXIT_NO_SANDBOX 126

static bool drop_root(void)
{
	return setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
	       setresuid(NOBODY, NOBODY, NOBODY) == 0;
}

static bool enter_sandbox(pid_t parent, bool keep_root)
{
	const struct rlimit none = { 0, 0 };

	if (geteuid() == 0 && !keep_root && !drop_root())
		return false;
	/* After the change of user, which clears it; then the parent may already be gone. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		return false;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && setrlimit(RLIMIT_CORE, &none) == 0 &&
	       setrlimit(RLIMIT_NOFILE, &none) == 0;
}

/* Its exit status; @caught is the signal that we were sent meanwhile, or 0. */
static int status_of(int status, int caught)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);

	if (caught && WIFSIGNALED(status))
		return 128 + caught;
	return code == EXIT_NO_SANDBOX ? WORKER_NO_SANDBOX : code;
}

static int wait_for(pid_t child, const sigset_t *signals)
{
	int status = 0, caught = 0;

	for (;;) {
		int got = sigwaitinfo(signals, NULL);

		if (got == SIGCHLD && waitpid(child, &status, WNOHANG) == child)
			return status_of(status, caught);
		if (got > 0 && got != SIGCHLD) {
			caught = got;
			(void)kill(child, SIGKILL); /* it has nothing to put in order */
		}
	}
}

int worker_run(int (*work)(void *ctx), void *ctx, bool keep_root)
{
	pid_t parent = getpid(), child;
	sigset_t signals, before;
	int status;

	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGHUP);
	(void)sigaddset(&signals, SIGCHLD);
	(void)signal(SIGCHLD, SIG_DFL); /* ignored, it would take the status with it */
	if (sigprocmask(SIG_BLOCK, &signals, &before))
		return -errno;
	child = fork();
	if (child == 0) {
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
		_exit(enter_sandbox(parent, keep_root) ? work(ctx) : EXIT_NO_SANDBOX);
	}
	status = child < 0 ? -errno : wait_for(child, &signals);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return status;
}

int worker_conclude(int status)
{
	if (status == WORKER_NO_SANDBOX) {
		log_error("cannot become nobody to read the input");
		log_hint(
			"run it as an ordinary user, or with --as-root when the input can be trusted");
		return EXIT_PERMISSION;
	}
	if (status < 0) {
		(void)log_errno(status, "cannot start");
		return EXIT_FAILED;
	}
	if (status == 128 + SIGPIPE) /* nobody reads any more (| head): no error, but the end */
		return EXIT_DONE;
	if (status == 128 + SIGKILL || status == 128 + SIGSEGV || status == 128 + SIGABRT) {
		log_error("reading the input was ended by signal %d", status - 128);
		return EXIT_FAILED;
	}
	return status;
}

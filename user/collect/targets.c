// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Names to processes, children, commands held before their first instruction. */
#include "collect/targets.h"

#include "base/scope.h"
#include "host/log.h"
#include "host/procfs.h"
#include "host/spawn.h"

#include <errno.h>
#include <string.h>

#define MAX_NAME_MATCHES 16

int targets_say_not_opened(pid_t pid, int err, pid_t tgid)
{
	if (err == -EEXIST) {
		log_error("%d is a thread of process %d", pid, tgid);
		log_hint("use -p %d", tgid);
		return EXIT_NO_TARGET;
	}
	if (err == -ESRCH) {
		log_error("no process %d", pid);
		return EXIT_NO_TARGET;
	}
	if (err == -EPERM || err == -EACCES) {
		(void)log_errno(err, "process %d", pid);
		log_hint("run it with sudo");
		return EXIT_PERMISSION;
	}
	(void)log_errno(err, "cannot watch process %d", pid);
	return EXIT_FAILED;
}

int targets_pass_over(pid_t pid, int err)
{
	log_info("process %d is not watched: %s", pid, strerror(-err));
	switch (-err) {
	case ESRCH:
	case EEXIST:
	case ENOEXEC:
		return EXIT_NO_TARGET;
	case EPERM:
	case EACCES:
		return EXIT_PERMISSION;
	case ENODATA:
	case EOPNOTSUPP:
		return EXIT_UNSUPPORTED;
	default:
		return EXIT_FAILED;
	}
}

/* Takes hold of one process, and with -s of those below it. An exit status. */
static int add_process(const struct cli_common *c, const struct targets_sink *sink, pid_t pid)
{
	_release_(pid_list_done) struct pid_list below = { 0 };
	int status = sink->add(sink->ctx, pid);

	if (status || !c->follow_children)
		return status;
	if (procfs_descendants(pid, &below))
		return EXIT_DONE; /* new ones are still followed */
	for (size_t i = 0; i < below.len && !status; i++)
		status = sink->add_descendant(sink->ctx, below.at[i]);
	return status;
}

static int add_named(const struct cli_common *c, const struct targets_sink *sink)
{
	_release_(pid_list_done) struct pid_list pids = { 0 };
	int err = procfs_find_by_name(c->name, &pids);
	int status = EXIT_DONE;

	if (err) {
		(void)log_errno(err, "cannot look for processes named %s", c->name);
		return EXIT_FAILED;
	}
	if (!pids.len) {
		log_error("no process named %s", c->name);
		return EXIT_NO_TARGET;
	}
	if (pids.len > MAX_NAME_MATCHES) {
		log_error("%zu processes are named %s", pids.len, c->name);
		log_hint("choose with -p PID[,PID...]");
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < pids.len && !status; i++)
		status = add_process(c, sink, pids.at[i]);
	return status;
}

static int add_command(const struct cli_common *c, const struct targets_sink *sink)
{
	char **command = c->command;
	pid_t pid = 0;
	int err = spawn_held(command, c->has_screen, &pid);
	int status;

	if (err == -EOPNOTSUPP) {
		log_error("%s is not a 64-bit program of this machine", command[0]);
		return EXIT_UNSUPPORTED;
	}
	if (err) {
		(void)log_errno(err, "cannot run %s", command[0]);
		return err == -ENOENT || err == -EACCES ? EXIT_NO_TARGET : EXIT_FAILED;
	}
	status = sink->add(sink->ctx, pid);
	err = spawn_release(pid); /* it runs in any case: it was asked for */
	if (!status && err) {
		(void)log_errno(err, "cannot let %s run", command[0]);
		return EXIT_FAILED;
	}
	return status;
}

int targets_add(const struct cli_common *c, const struct targets_sink *sink)
{
	int status = EXIT_DONE;

	if (c->is_everything)
		return EXIT_DONE;
	if (c->command)
		return add_command(c, sink);
	if (c->name)
		return add_named(c, sink);
	for (size_t i = 0; i < c->pid_count && !status; i++)
		status = add_process(c, sink, c->pids[i]);
	return status;
}

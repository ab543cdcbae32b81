// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Rules, the socket, and the child that is given it: what it does is in host/metrics_http.c. */
#include "host/metrics_server.h"

#include "base/scope.h"
#include "host/clock.h"
#include "host/listen_address.h"
#include "host/log.h"
#include "host/metrics_http.h"
#include "host/metrics_link.h"
#include "host/procfs.h"
#include "host/sandbox.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define CHILD_MEMORY_BYTES (64ull << 20) /* more than what it is born with */
#define CHILD_FDS	   64
#define START_MS	   10000

/* What a start is made of. */
struct plan {
	struct listen_address address;
	struct web_config web;
	bool has_web;
};

static void plan_done(struct plan *plan)
{
	web_config_done(&plan->web);
}

static int check_remote(const struct metrics_server_options *o, const char *address,
			const struct plan *plan)
{
	bool is_protected = plan->has_web && web_config_protects(&plan->web);

	if (listen_address_is_loopback(&plan->address) || (is_protected && o->allow_remote))
		return 0;
	if (is_protected)
		log_error("cannot listen on %s: it is reached from other machines; say so by "
			  "--web.allow-remote",
			  address);
	else
		log_error("cannot listen on %s: it is reached from other machines; that takes "
			  "--web.config.file with TLS or a password, and --web.allow-remote",
			  address);
	return -EINVAL;
}

static int make_plan(const struct metrics_server_options *o, struct plan *ret_plan)
{
	const char *address = o->address ? o->address : METRICS_SERVER_ADDRESS;
	_release_(plan_done) struct plan plan = { 0 };
	int err = listen_address_parse(address, &plan.address);

	if (err) {
		log_error("cannot listen on \"%s\": not an address and port "
			  "(127.0.0.1:9435, [::1]:9435, :9435)",
			  address);
		return err;
	}
	if (o->web_config) {
		err = web_config_read(o->web_config, &plan.web);
		if (err)
			return err;
		plan.has_web = true;
	}
	err = check_remote(o, address, &plan);
	if (err)
		return err;
	*ret_plan = plan;
	plan = (struct plan){ 0 };
	return 0;
}

int metrics_server_check(const struct metrics_server_options *o)
{
	_release_(plan_done) struct plan plan = { 0 };

	return make_plan(o, &plan);
}

/* --- the child ----------------------------------------------------------------------------------
 */

/* A terminal's Ctrl-C and a service's stop go to all processes: the collector ends us. */
static void ignore_signals(void)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGPIPE };
	sigset_t none;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		(void)signal(ignored[i], SIG_IGN);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int run_child(const struct plan *plan, int listen_fd, int link_fd, pid_t parent)
{
	const int kept[] = { STDERR_FILENO, listen_fd, link_fd };
	const struct metrics_http_options options = {
		.listen_fd = listen_fd,
		.link_fd = link_fd,
		.web = plan->has_web ? &plan->web : NULL,
		.is_loopback = listen_address_is_loopback(&plan->address),
	};
	const struct sandbox sandbox = {
		.role = SANDBOX_SERVER,
		.parent = parent,
		.max_memory_bytes = procfs_own_data_bytes() + CHILD_MEMORY_BYTES,
		.max_fds = CHILD_FDS,
	};
	struct metrics_http *http;

	ignore_signals();
	(void)prctl(PR_SET_NAME, "vitals-server");
	if (!sandbox_keep_fds(kept, sizeof(kept) / sizeof(*kept)))
		return EXIT_FAILURE;
	http = metrics_http_new(&options);
	if (!http)
		return EXIT_FAILURE;
	if (!sandbox_enter(&sandbox)) {
		log_error("what listens cannot give up its rights: it needs to become nobody "
			  "(CAP_SETUID, CAP_SETGID) and a kernel with seccomp");
		return EXIT_FAILURE;
	}
	if (metrics_link_greet(link_fd))
		return EXIT_FAILURE;
	return metrics_http_run(http) ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void end_child(struct metrics_server *server)
{
	if (server->pid > 0) {
		/* It has nothing to put in order. Without CAP_KILL it ends by the link, or with us.
		 */
		int flags = kill(server->pid, SIGKILL) ? WNOHANG : 0;

		(void)close(server->link);
		while (waitpid(server->pid, NULL, flags) < 0 && errno == EINTR)
			;
	}
	server->pid = 0;
}

static int start_child(const struct plan *plan, struct metrics_server *server)
{
	pid_t parent = getpid();
	int link[2], err;

	err = metrics_link_new(link);
	if (err)
		return log_errno(err, "cannot start what listens");
	server->pid = fork();
	if (server->pid == 0)
		_exit(run_child(plan, server->listen_fd, link[1], parent));
	err = server->pid < 0 ? -errno : 0;
	(void)close(link[1]);
	if (err) {
		(void)close(link[0]);
		server->pid = 0;
		return log_errno(err, "cannot start what listens");
	}
	server->link = link[0];
	err = metrics_link_wait(server->link, START_MS);
	if (err) {
		log_error("what listens did not start");
		end_child(server);
	}
	return err;
}

/* --- the collector's side -----------------------------------------------------------------------
 */

int metrics_server_start(const struct metrics_server_options *o, struct metrics_server *ret_server)
{
	_release_(plan_done) struct plan plan = { 0 };
	struct metrics_server server = { 0 };
	int err = make_plan(o, &plan);

	if (err)
		return err;
	server.listen_fd = listen_address_open(&plan.address, &server.port);
	if (server.listen_fd < 0)
		return log_errno(server.listen_fd, "cannot listen on %s",
				 o->address ? o->address : METRICS_SERVER_ADDRESS);
	err = start_child(&plan, &server);
	if (err)
		(void)close(server.listen_fd);
	else
		*ret_server = server;
	return err;
}

int metrics_server_restart(const struct metrics_server_options *o, struct metrics_server *server)
{
	_release_(plan_done) struct plan plan = { 0 };
	uint64_t *oldest_ns = &server->restarted_ns[server->restarts % METRICS_SERVER_RESTARTS];
	uint64_t now_ns = clock_monotonic_ns();
	int err;

	end_child(server);
	if (server->restarts >= METRICS_SERVER_RESTARTS && now_ns - *oldest_ns < 60 * NS_PER_S) {
		log_error("what listens has ended %d times within a minute",
			  METRICS_SERVER_RESTARTS + 1);
		return -EUSERS;
	}
	*oldest_ns = now_ns;
	server->restarts++;
	err = make_plan(o, &plan);
	return err ? err : start_child(&plan, server);
}

void metrics_server_stop(struct metrics_server *server)
{
	end_child(server);
	if (server->listen_fd > 0)
		(void)close(server->listen_fd);
	*server = (struct metrics_server){ 0 };
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is seen of this process, which knows the truth. */
#include "host/process_look.h"

#include "base/scope.h"
#include "host/procfs.h"
#include "tap.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void test_look(void)
{
	_release_(freep) struct process_look *look = NULL;
	struct target_rule by_name = { .comm = "process_look_test" };

	must(prctl(PR_SET_NAME, "a name\n") == 0);
	must(process_look(getpid(), &look) == 0);
	is_text(look->traits.comm, "a name", "what it calls itself, up to a line's end");
	ok(strstr(look->traits.line, "process_look_test") != NULL, "its command line");
	ok(look->traits.line[strlen(look->traits.line) - 1] != ' ', "without a blank at the end");
	ok(look->traits.cgroup_count >= 1 && look->traits.cgroups[0][0] == '/', "its cgroups");
	ok(target_rule_matches(&by_name, &look->traits), "a rule finds it by its program");
}

static void test_gone(void)
{
	struct process_look *look = NULL;
	struct vitals_facts facts;
	struct sockets sockets = { 0 };
	struct cgroup none = { 0 };
	pid_t pid = fork();
	siginfo_t info;

	must(pid >= 0);
	if (pid == 0)
		_exit(0);
	must(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
	is_int(process_look(pid, &look), -ESRCH, "a zombie is not there");
	must(waitpid(pid, NULL, 0) == pid);
	is_int(process_look(pid, &look), -ESRCH, "nor one that has gone");
	is_int(process_facts(pid, &none, &sockets, &facts), -ESRCH, "it has no figures");
	is_int(process_look(2, &look), getpid() == 2 ? 0 : -ESRCH,
	       "a thread of the kernel is nobody's target");
	sockets_done(&sockets);
}

/* Both ends of a connection; *ret_listen too. */
static void connect_both(int *ret_listen, int *ret_client, int *ret_server)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);

	*ret_listen = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	*ret_client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(bind(*ret_listen, (struct sockaddr *)&address, len) == 0);
	must(listen(*ret_listen, 1) == 0);
	must(getsockname(*ret_listen, (struct sockaddr *)&address, &len) == 0);
	must(connect(*ret_client, (struct sockaddr *)&address, len) == 0);
	*ret_server = accept4(*ret_listen, NULL, NULL, SOCK_CLOEXEC);
	must(*ret_server >= 0);
}

static void test_facts(void)
{
	_release_(sockets_done) struct sockets sockets = { 0 };
	struct vitals_facts before, after;
	struct cgroup none = { 0 };
	int listening, client, server;

	must(process_facts(getpid(), &none, &sockets, &before) == 0);
	while (clock() < CLOCKS_PER_SEC / 5)
		;
	connect_both(&listening, &client, &server);
	sockets.read_ns = 0; /* it is old */
	must(process_facts(getpid(), &none, &sockets, &after) == 0);
	is_int(after.open_fds - before.open_fds, 3, "three descriptors more");
	is_int(after.connections - before.connections, 2, "two ends of a connection");
	ok(after.user_ns + after.system_ns >= 150000000, "CPU time");
	is_int(after.threads, 1, "one thread");
	ok(after.max_fds > 3, "a limit of descriptors");
	ok(!after.has_throttled, "no cgroup, no throttling");
	ok(after.minor_faults > 0, "page faults");
	ok(process_resident_bytes(getpid()) > 100000, "resident memory");
	(void)close(listening);
	(void)close(client);
	(void)close(server);
}

static void test_start(void)
{
	struct process_stat st;
	time_t now = time(NULL);
	uint64_t began_s;

	must(procfs_stat(getpid(), &st) == 0);
	began_s = process_start_ns(st.start_ticks) / 1000000000;
	ok(began_s + 120 > (uint64_t)now && began_s <= (uint64_t)now + 1, "it has begun just now");
}

int main(void)
{
	test_look();
	test_gone();
	test_facts();
	test_start();
	return tap_done();
}

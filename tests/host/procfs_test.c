// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* procfs: what it says of processes this test made itself. */
#include "fixture.h"
#include "tap.h"

#include "host/procfs.h"

#include <pthread.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>

static bool has(const struct pid_list *list, pid_t pid)
{
	for (size_t i = 0; i < list->len; i++) {
		if (list->at[i] == pid)
			return true;
	}
	return false;
}

/* exec closes our pipe a moment before the new command line is in place. */
static void wait_for_command_line(pid_t pid)
{
	size_t len = 0;

	while (len == 0) {
		_release_(closep) int fd = procfs_open(pid, "cmdline");
		_release_(freep) char *text = NULL;

		must(fd >= 0 && procfs_read(fd, PROCFS_MAX_FILE, &text, &len) == 0);
		sleep_ms(len ? 0 : 1);
	}
}

/* A child with this command line and, when not NULL, this comm. It is there when this returns. */
static pid_t start_named(const char *program, const char *const argv[], const char *comm)
{
	int gone[2];
	char c;
	pid_t pid;

	must(pipe2(gone, O_CLOEXEC) == 0);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		if (comm) {
			(void)prctl(PR_SET_NAME, comm, 0, 0, 0);
			(void)close(gone[1]);
			idle();
		}
		(void)execv(program, (char *const *)argv);
		_exit(127);
	}
	(void)close(gone[1]);
	must(read(gone[0], &c, 1) == 0); /* closed by exec or by hand */
	(void)close(gone[0]);
	if (!comm)
		wait_for_command_line(pid);
	return pid;
}

static void reads_files(void)
{
	_release_(closep) int fd = procfs_open(getpid(), "maps");
	_release_(freep) char *data = NULL, *again = NULL;
	size_t len = 0, again_len = 0;

	ok(fd >= 0, "opens a file of a process");
	is_int(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC, "not for programs started later");
	is_int(procfs_read(fd, PROCFS_MAX_FILE, &data, &len), 0, "reads the whole of it");
	ok(len > 4096 / 8 && strlen(data) == len, "as text");
	ok(strstr(data, "[stack]") != NULL, "to the end");
	is_int(procfs_read(fd, PROCFS_MAX_FILE, &again, &again_len), 0, "and again");
	ok(again_len >= len, "from its start");
	freep((void *)&again);
	again = NULL;
	is_int(procfs_read(fd, 100, &again, &again_len), -E2BIG, "a limit is kept");
	ok(again == NULL, "and leaves the output alone");
	is_int(procfs_open(INT_MAX, "maps"), -ESRCH, "no such process");
}

static void limit_is_exact(void)
{
	_release_(closep) int fd = -1;
	_release_(freep) char *data = NULL;
	size_t len = 0;

	write_file(in_scratch("ten"), "0123456789", 0600);
	fd = open(in_scratch("ten"), O_RDONLY | O_CLOEXEC);
	must(fd >= 0);
	is_int(procfs_read(fd, 9, &data, &len), -E2BIG, "ten bytes are more than nine");
	is_int(procfs_read(fd, 10, &data, &len), 0, "and not more than ten");
	is_text(data, "0123456789", "all of them");
}

static void *idle_thread(void *arg)
{
	*(pid_t *)arg = gettid();
	idle();
}

static void note_signal(int signo)
{
	(void)signo;
}

static void stat_of_self(void)
{
	struct process_stat st = { 0 }, of_thread = { 0 };
	pid_t tid = 0;
	pthread_t thread;

	is_int(procfs_stat(getpid(), &st), 0, "this process");
	is_int(st.pid, getpid(), "pid");
	is_int(st.tgid, getpid(), "tgid");
	is_int(st.ns_pid, getpid(), "the same in its own namespace");
	is_int(st.ppid, getppid(), "parent");
	is_int(st.euid, geteuid(), "effective user");
	is_int(st.tracer, 0, "no tracer");
	is_int(st.state, 'R', "it runs");
	ok(st.start_ticks > 0, "start time");
	ok(st.anon_rss_bytes > 0 && st.anon_rss_bytes <= st.peak_rss_bytes, "anonymous memory");
	must(signal(SIGUSR2, note_signal) != SIG_ERR && signal(SIGUSR1, SIG_DFL) != SIG_ERR);
	is_int(procfs_stat(getpid(), &st), 0, "once more");
	ok(st.caught_signals >> (SIGUSR2 - 1) & 1 && !(st.caught_signals >> (SIGUSR1 - 1) & 1),
	   "it has a handler for one signal, and none for another");
	must(signal(SIGUSR2, SIG_DFL) != SIG_ERR);
	must(pthread_create(&thread, NULL, idle_thread, &tid) == 0);
	while (__atomic_load_n(&tid, __ATOMIC_ACQUIRE) == 0)
		sleep_ms(1);
	is_int(procfs_stat(tid, &of_thread), 0, "a thread");
	is_int(of_thread.tgid, getpid(), "tells its process");
	is_int(procfs_stat(0, &st), -ESRCH, "pid 0");
	is_int(procfs_stat(-1, &st), -ESRCH, "pid -1");
	is_int(procfs_stat(INT_MAX, &st), -ESRCH, "a pid that cannot be");
}

static void stat_of_hostile_name(void)
{
	static const char comm[] = ") R 1 \033[2J\n(";
	pid_t pid = start_named(NULL, NULL, comm);
	struct process_stat st = { 0 };

	is_int(procfs_stat(pid, &st), 0, "a process whose name looks like the rest of the line");
	is_int(st.ppid, getpid(), "has its true parent");
	ok(strchr(st.comm, '\033') == NULL && strchr(st.comm, '\n') == NULL, "a clean name");
	ok(strncmp(st.comm, ") R 1 \\x1b[2J", 12) == 0, "that still shows what it was: %s",
	   st.comm);
	end_child(pid);
}

static void stat_of_traced_and_dead(void)
{
	struct process_stat st = { 0 };
	pid_t pid = fork();

	must(pid >= 0);
	if (pid == 0) {
		(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		(void)raise(SIGSTOP);
		_exit(0);
	}
	must(waitpid(pid, NULL, 0) == pid);
	is_int(procfs_stat(pid, &st), 0, "a traced process");
	is_int(st.tracer, getpid(), "its tracer");
	is_int(st.state, 't', "its state");
	(void)ptrace(PTRACE_CONT, pid, NULL, NULL);
	must(waitid(P_PID, (id_t)pid, NULL, WEXITED | WNOWAIT) == 0);
	is_int(procfs_stat(pid, &st), 0, "a zombie can be read");
	is_int(st.state, 'Z', "and says so");
	must(waitpid(pid, NULL, 0) == pid);
	is_int(procfs_stat(pid, &st), -ESRCH, "one waited for is gone");
}

static bool is_found(const char *name, pid_t pid, int *ret_count)
{
	struct pid_list list = { 0 };
	bool found;

	must(procfs_find_by_name(name, &list) == 0);
	found = has(&list, pid);
	*ret_count = (int)list.len;
	free(list.at);
	return found;
}

static void finds_by_name(void)
{
	static const struct {
		const char *argv[4];
		const char *comm, *name;
		bool found;
		const char *what;
	} cases[] = {
		{ { "/bin/sleep" }, "hostfix-one", "hostfix-one", true, "comm" },
		{ { "/opt/x/hostfix-two", "60" },
		  NULL,
		  "hostfix-two",
		  true,
		  "argv[0]'s base name" },
		{ { "sleep", "60", "61.5s" }, NULL, "61.5s", false, "argv[2]" },
		{ { "sleep", "60" }, NULL, "60", true, "argv[1]" },
		{ { "/hostfix-dir/sleep", "60" },
		  NULL,
		  "hostfix-dir",
		  false,
		  "a directory's name" },
		{ { "sleep", "60" }, NULL, "slee", false, "a part of it" },
		{ { "sleep", "60" }, NULL, "", false, "the empty name" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pid_t pid = start_named("/bin/sleep", cases[i].argv, cases[i].comm);
		int count;

		is_int(is_found(cases[i].name, pid, &count), cases[i].found, "by %s",
		       cases[i].what);
		end_child(pid);
	}
}

static void leaves_out_itself(void)
{
	struct process_stat self = { 0 }, parent = { 0 };
	pid_t zombie = fork();
	int count;

	if (zombie == 0) {
		(void)prctl(PR_SET_NAME, "hostfix-dead", 0, 0, 0);
		_exit(0);
	}
	must(zombie > 0 && waitid(P_PID, (id_t)zombie, NULL, WEXITED | WNOWAIT) == 0);
	must(procfs_stat(getpid(), &self) == 0 && procfs_stat(getppid(), &parent) == 0);
	ok(!is_found(self.comm, getpid(), &count), "not this process");
	ok(!is_found(parent.comm, getppid(), &count), "not its parent");
	ok(!is_found("hostfix-dead", zombie, &count) && count == 0, "not a zombie");
	ok(!is_found("no such name anywhere", 1, &count) && count == 0, "none at all");
	end_child(zombie);
}

static void *forking_thread(void *arg)
{
	*(pid_t *)arg = start_idle_child();
	idle();
}

/* child -> grandchild, and a second one made by a thread of the child */
static void finds_descendants(void)
{
	struct pid_list list = { 0 };
	pid_t child, made[2] = { 0 };
	int fds[2];

	must(pipe2(fds, O_CLOEXEC) == 0);
	child = fork();
	must(child >= 0);
	if (child == 0) {
		pthread_t thread;
		pid_t pids[2] = { start_idle_child(), 0 };

		(void)pthread_create(&thread, NULL, forking_thread, &pids[1]);
		while (__atomic_load_n(&pids[1], __ATOMIC_ACQUIRE) == 0)
			sleep_ms(1);
		if (write(fds[1], pids, sizeof(pids)) != sizeof(pids))
			_exit(1);
		idle();
	}
	must(read(fds[0], made, sizeof(made)) == sizeof(made));
	is_int(procfs_descendants(child, &list), 0, "descendants of a process");
	is_int(list.len, 2, "are two");
	ok(has(&list, made[0]), "the child of the process");
	ok(has(&list, made[1]), "the child of its thread");
	free(list.at);
	list = (struct pid_list){ 0 };
	is_int(procfs_descendants(getpid(), &list), 0, "descendants over two generations");
	ok(has(&list, child) && has(&list, made[0]) && has(&list, made[1]), "are all three");
	ok(!has(&list, getpid()), "and not itself");
	free(list.at);
	(void)kill(made[0], SIGKILL);
	(void)kill(made[1], SIGKILL);
	end_child(child);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void own_memory(void)
{
	const size_t size = 32u << 20;
	uint64_t before = procfs_own_rss_bytes();
	char *block = malloc(size);

	must(block);
	memset(block, 1, size);
	__asm__ volatile("" : : "r"(block) : "memory");
	ok(before > 0, "resident memory is known");
	ok(procfs_own_rss_bytes() >= before + size / 2, "and grows with what is used");
	free(block);
}

/* Faults, threads, the peak: of this process they grow. */
static void counters_of_self(void)
{
	struct process_stat before = { 0 }, after = { 0 };
	size_t len = 64u << 20;
	char *block;

	is_int(procfs_stat(getpid(), &before), 0, "its counters");
	block = malloc(len);
	must(block);
	memset(block, 1, len);
	__asm__ volatile("" ::"r"(block) : "memory"); /* it is not left out */
	is_int(procfs_stat(getpid(), &after), 0, "again");
	ok(block[len - 1] == 1, "the block is used");
	free(block);
	ok(after.minor_faults > before.minor_faults, "pages were touched");
	ok(after.peak_rss_bytes >= len, "and are in the peak: %ju",
	   (uintmax_t)after.peak_rss_bytes);
	is_int(after.threads, 1, "one thread");
}

/* Of a child that waits: a place in its stack. */
static void stack_of_child(void)
{
	_release_(pid_list_done) struct pid_list threads = { 0 };
	pid_t child = fork();
	uint64_t sp = 0, here = (uintptr_t)&threads;
	int err = -ENODATA;

	must(child >= 0);
	if (child == 0)
		idle();
	for (int i = 0; i < 500 && err == -ENODATA; i++) {
		err = procfs_stack_pointer(child, child, &sp);
		sleep_ms(err ? 10 : 0);
	}
	is_int(err, 0, "the stack pointer of one that waits");
	ok(sp > here - (1u << 20) && sp < here + (1u << 20), "lies in its stack");
	is_int(procfs_threads(child, &threads), 0, "its threads");
	ok(threads.len == 1 && threads.at[0] == child, "is one");
	must(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
	is_int(procfs_stack_pointer(child, child, &sp), -ESRCH, "when it is gone");
	is_int(procfs_threads(child, &threads), -ESRCH, "and its threads");
}

int main(void)
{
	make_scratch();
	reads_files();
	limit_is_exact();
	finds_by_name();
	leaves_out_itself();
	finds_descendants();
	stat_of_hostile_name();
	stat_of_traced_and_dead();
	own_memory();
	counters_of_self();
	stack_of_child();
	stat_of_self(); /* last: it leaves a thread */
	return tap_done();
}

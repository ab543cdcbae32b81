// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* target: holding processes, and never leaving their root (rules S4, S7, S8). */
#include "fixture.h"
#include "tap.h"

#include "host/target.h"

#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#define NO_ROOT "needs root"
#define LIMIT	(1u << 20)

static bool is_root(void)
{
	return geteuid() == 0;
}

static void holds_a_process(void)
{
	pid_t pid = start_idle_child();
	struct target t = { 0 };

	is_int(target_open(&t, pid, NULL), 0, "a process is taken hold of");
	is_int(t.pid, pid, "pid");
	is_text(t.comm, "target_test", "comm");
	ok(strstr(t.exe, "target_test") != NULL, "executable: %s", t.exe);
	ok(t.start_ticks > 0, "start time");
	is_int(fcntl(t.pidfd, F_GETFD) & fcntl(t.root_fd, F_GETFD) & fcntl(t.proc_fd, F_GETFD),
	       FD_CLOEXEC, "its descriptors stay with this program");
	ok(target_is_same(&t), "it is the same");
	(void)kill(pid, SIGKILL);
	must(waitid(P_PID, (id_t)pid, NULL, WEXITED | WNOWAIT) == 0);
	ok(!target_is_same(&t), "not when it has ended");
	end_child(pid);
	ok(!target_is_same(&t), "nor when it is gone");
	target_done(&t);
	ok(t.pid == 0 && t.pidfd == -1, "ended once");
	target_done(&t);
	target_done(NULL);
	target_done(&(struct target){ 0 });
	ok(fcntl(0, F_GETFD) >= 0, "ending a zeroed one closes nothing");
}

static void refuses_what_is_none(void)
{
	struct target t = { 0 };
	pid_t zombie = fork();

	if (zombie == 0)
		_exit(0);
	must(zombie > 0 && waitid(P_PID, (id_t)zombie, NULL, WEXITED | WNOWAIT) == 0);
	is_int(target_open(&t, zombie, NULL), -ESRCH, "a zombie");
	must(waitpid(zombie, NULL, 0) == zombie);
	is_int(target_open(&t, zombie, NULL), -ESRCH, "a pid no longer used");
	is_int(target_open(&t, 0, NULL), -ESRCH, "pid 0");
	is_int(target_open(&t, -5, NULL), -ESRCH, "a negative pid");
	is_int(target_open(&t, INT_MAX, NULL), -ESRCH, "a pid that cannot be");
	is_int(t.pid, 0, "the output is untouched");
}

static void *idle_thread(void *arg)
{
	__atomic_store_n((pid_t *)arg, gettid(), __ATOMIC_RELEASE);
	idle();
}

static void tells_threads(void)
{
	struct target t = { 0 };
	pid_t tid = 0, tgid = 0;
	pthread_t thread;

	must(pthread_create(&thread, NULL, idle_thread, &tid) == 0);
	while (__atomic_load_n(&tid, __ATOMIC_ACQUIRE) == 0)
		sleep_ms(1);
	is_int(target_open(&t, tid, &tgid), -EEXIST, "a thread is not a process");
	is_int(tgid, getpid(), "its process is told");
	is_int(target_open(&t, tid, NULL), -EEXIST, "or not, if nobody asks");
}

/* A child with exactly this pid, free at the moment. */
static pid_t start_with_pid(pid_t pid)
{
	struct clone_args args = {
		.exit_signal = SIGCHLD,
		.set_tid = (uint64_t)(uintptr_t)&pid,
		.set_tid_size = 1,
	};
	pid_t child = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

	if (child == 0)
		idle();
	return child;
}

static void survives_pid_reuse(void)
{
	struct target t = { 0 }, again = { 0 };
	struct procmaps maps = { 0 };
	pid_t first = start_idle_child(), second;
	char byte;

	if (!is_root()) {
		end_child(first);
		skip("a reused pid is not the same process", NO_ROOT);
		return;
	}
	must(target_open(&t, first, NULL) == 0);
	end_child(first);
	second = start_with_pid(first);
	must(second == first);
	ok(!target_is_same(&t), "a reused pid is not the same process");
	is_int(target_maps(&t, &maps), -ESRCH, "its maps are not the other's");
	is_int(target_read_memory(&t, (uintptr_t)&byte, &byte, 1), -ESRCH, "nor its memory");
	is_int(target_open(&again, second, NULL), 0, "the new process can be taken hold of");
	ok(target_is_same(&again), "and is itself");
	target_done(&t);
	target_done(&again);
	end_child(second);
}

static void reads_memory(void)
{
	static char secret[] = "read from another process";
	char *hole = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char buf[sizeof(secret)] = "";
	struct target t = { 0 };
	pid_t pid;

	must(hole != MAP_FAILED && munmap(hole + 4096, 4096) == 0);
	pid = start_idle_child();
	must(target_open(&t, pid, NULL) == 0);
	is_int(target_read_memory(&t, (uintptr_t)secret, buf, sizeof(buf)), 0, "memory is read");
	is_text(buf, secret, "as it is");
	is_int(target_read_memory(&t, 0, buf, 1), -EFAULT, "nothing at 0");
	is_int(target_read_memory(&t, (uintptr_t)hole + 4090, buf, 12), -EFAULT,
	       "half is not enough");
	end_child(pid);
	is_int(target_read_memory(&t, (uintptr_t)secret, buf, sizeof(buf)), -ESRCH, "gone is gone");
	target_done(&t);
	(void)munmap(hole, 4096);
}

static bool is_mapped_file(int fd, const struct mapping *m)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == m->inode;
}

static void opens_mappings(void)
{
	struct procmaps maps = { 0 };
	struct target t = { 0 };
	pid_t pid = start_idle_child();
	int files = 0, opened = 0, anonymous = 0;
	_release_(closep) int late = -1;
	const struct mapping *m;

	must(target_open(&t, pid, NULL) == 0);
	is_int(target_maps(&t, &maps), 0, "maps are read");
	for (size_t i = 0; i < maps.len; i++) {
		_release_(closep) int fd = target_open_mapping(&t, &maps.at[i]);

		files += maps.at[i].inode != 0;
		opened += is_mapped_file(fd, &maps.at[i]);
		anonymous += maps.at[i].inode == 0 && fd == -ENODATA;
	}
	ok(files >= 8, "there are files behind them: %d", files);
	is_int(opened, files, "every one is opened");
	is_int(anonymous, (int)maps.len - files, "the others have none");
	end_child(pid);
	m = procmaps_find(&maps, (uintptr_t)opens_mappings);
	must(m);
	late = target_open_mapping(&t, m);
	ok(is_mapped_file(late, m), "by its path even when the process has ended");
	procmaps_done(&maps);
	is_int(target_maps(&t, &maps), -ESRCH, "nor its maps");
	target_done(&t);
}

/* map_files cannot answer (no such range): what the two other ways make of it. */
static void opens_mappings_by_path(void)
{
	struct mapping m = { .start = 0x1000, .end = 0x2000 };
	const char *mine = in_scratch("mapped"), *other = in_scratch("other");
	struct target t = { 0 };
	pid_t pid = start_idle_child();
	struct stat st;
	int fd;

	write_file(mine, "mapped", 0644);
	write_file(other, "other", 0644);
	must(target_open(&t, pid, NULL) == 0 && stat(mine, &st) == 0);
	m.inode = st.st_ino;
	m.dev_major = major(st.st_dev);
	m.dev_minor = minor(st.st_dev);
	m.path = (char *)mine;
	fd = target_open_mapping(&t, &m);
	ok(is_mapped_file(fd, &m), "by its path, when device and inode agree");
	closep(&fd);
	m.path = (char *)other;
	is_int(target_open_mapping(&t, &m), -ESTALE, "not another file of that path");
	m.path = (char *)in_scratch("missing");
	is_int(target_open_mapping(&t, &m), -ENOENT, "nor none");
	must(stat("/proc/self/exe", &st) == 0);
	m.inode = st.st_ino;
	m.dev_major = major(st.st_dev);
	m.dev_minor = minor(st.st_dev);
	fd = target_open_mapping(&t, &m);
	ok(is_mapped_file(fd, &m), "the executable without any path");
	closep(&fd);
	end_child(pid);
	target_done(&t);
}

static void make_odd_files(void)
{
	int fd;

	write_file(in_scratch("plain"), "plain", 0644);
	write_file(in_scratch("limit"), "", 0644);
	must(truncate(in_scratch("limit"), LIMIT) == 0);
	fd = open(in_scratch("sparse"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	must(fd >= 0 && ftruncate(fd, 1ll << 40) == 0 && close(fd) == 0);
	must(mkfifo(in_scratch("fifo"), 0644) == 0);
	must(mkdir(in_scratch("dir"), 0755) == 0);
	must(symlink("/dev/zero", in_scratch("zero")) == 0);
	must(symlink("plain", in_scratch("link")) == 0);
	must(symlink("dir", in_scratch("dirlink")) == 0);
	write_file(in_scratch("dir/inner"), "inner", 0644);
}

static void odd_files(void)
{
	static const struct {
		const char *name;
		int want;
	} cases[] = {
		{ "plain", 0 },		 { "limit", 0 },      { "dirlink/inner", 0 },
		{ "sparse", -E2BIG },	 { "fifo", -EINVAL }, { "dir", -EINVAL },
		{ "zero", -ELOOP },	 { "link", -ELOOP },  { "none", -ENOENT },
		{ "plain/x", -ENOTDIR },
	};
	struct target t = { 0 };

	make_odd_files();
	must(target_open(&t, getpid(), NULL) == 0);
	(void)alarm(5); /* a FIFO opened the wrong way waits for ever */
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int below = target_open_path(&t, in_scratch("%s", cases[i].name), LIMIT);
		int host = host_open_regular(in_scratch("%s", cases[i].name), LIMIT);

		is_int(below < 0 ? below : 0, cases[i].want, "%s, target's", cases[i].name);
		is_int(host < 0 ? host : 0, cases[i].want, "%s, host's", cases[i].name);
		if (below >= 0)
			is_int(fcntl(below, F_GETFD), FD_CLOEXEC, "%s is not inherited",
			       cases[i].name);
		closep(&below);
		closep(&host);
	}
	is_int(target_open_path(&t, "/dev/zero", LIMIT), -EINVAL, "a device");
	is_int(host_open_regular("/dev/tty", LIMIT), -EINVAL, "a terminal");
	(void)alarm(0);
	target_done(&t);
}

#define CANARY "host canary"

static void fill_jail(void)
{
	char host_path[PATH_MAX], climb[PATH_MAX];

	write_file(in_scratch("canary"), CANARY, 0644);
	must(mkdir(in_scratch("jail"), 0755) == 0 && mkdir(in_scratch("jail/tmp"), 0755) == 0);
	must(mkdir(in_scratch("jail/proc"), 0755) == 0);
	must(snprintf(host_path, sizeof(host_path), "%s", in_scratch("canary")) > 0);
	must(snprintf(climb, sizeof(climb), "../../../../../../../../..%s", host_path) > 0);
	must(symlink(host_path, in_scratch("jail/tmp/absolute")) == 0);
	must(symlink(climb, in_scratch("jail/tmp/climb")) == 0);
	must(symlink("/proc/self/root", in_scratch("jail/tmp/magic")) == 0);
	must(symlink("/", in_scratch("jail/tmp/slash")) == 0);
	must(symlink(scratch, in_scratch("jail/tmp/parent")) == 0);
	must(mount("proc", in_scratch("jail/proc"), "proc", 0, NULL) == 0);
	write_file(in_scratch("jail/tmp/real"), "in the jail", 0644);
}

static pid_t start_in_jail(void)
{
	int fds[2];
	char c;
	pid_t pid;

	must(pipe2(fds, O_CLOEXEC) == 0);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		if (chroot(in_scratch("jail")) || chdir("/"))
			_exit(1);
		(void)close(fds[1]);
		idle();
	}
	(void)close(fds[1]);
	must(read(fds[0], &c, 1) == 0);
	(void)close(fds[0]);
	return pid;
}

/* No link in there leads to the canary; what is really in there is read. */
static void open_from_jail(const struct target *t)
{
	char climb[PATH_MAX], absolute[PATH_MAX], through[PATH_MAX], text[64];
	_release_(closep) int real = target_open_path(t, "/tmp/slash/tmp/real", LIMIT);
	const char *const paths[] = {
		"/tmp/absolute",
		"/tmp/climb",
		"/tmp/magic/etc/passwd",
		climb,
		absolute,
		through,
		"/tmp/parent/canary",
		"/proc/self/root/etc/passwd",
	};

	must(snprintf(climb, sizeof(climb), "/tmp/../../../../..%s/canary", scratch) > 0);
	must(snprintf(absolute, sizeof(absolute), "%s/canary", scratch) > 0);
	must(snprintf(through, sizeof(through), "/tmp/slash/..%s/canary", scratch) > 0);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		_release_(closep) int fd = target_open_path(t, paths[i], LIMIT);

		ok(fd == -ENOENT || fd == -ELOOP, "way %zu out of the jail is refused (%d)", i, fd);
	}
	ok(real >= 0 && read(real, text, sizeof(text)) == 11 &&
		   memcmp(text, "in the jail", 11) == 0,
	   "a link inside the jail leads to the jail's own file");
}

static void root_escape(void)
{
	_release_(closep) int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char event[4096];
	struct target t = { 0 };
	pid_t pid;

	if (!is_root()) {
		skip("no path leaves a target's root", NO_ROOT);
		return;
	}
	must(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	fill_jail();
	pid = start_in_jail();
	must(target_open(&t, pid, NULL) == 0);
	must(watch >= 0 && inotify_add_watch(watch, in_scratch("canary"), IN_OPEN | IN_ACCESS) > 0);
	open_from_jail(&t);
	is_int(read(watch, event, sizeof(event)), -1, "the canary was never opened");
	closep(&(int){ host_open_regular(in_scratch("canary"), LIMIT) });
	ok(read(watch, event, sizeof(event)) > 0, "and the watch on it works");
	target_done(&t);
	end_child(pid);
	must(umount2(in_scratch("jail/proc"), MNT_DETACH) == 0);
}

/* A magic link with something behind it: the jail of this one is the whole machine. */
static void refuses_magic_links(void)
{
	char path[PATH_MAX];
	struct target t = { 0 };

	write_file(in_scratch("passwd"), "x", 0644);
	must(target_open(&t, getpid(), NULL) == 0);
	must(snprintf(path, sizeof(path), "/proc/self/root%s/passwd", scratch) > 0);
	is_int(target_open_path(&t, path, LIMIT), -ELOOP, "not through /proc/self/root");
	is_int(target_open_path(&t, "/proc/self/exe", 1u << 30), -ELOOP, "not to /proc/self/exe");
	target_done(&t);
}

static void refuses_others_processes(void)
{
	struct target t = { 0 };
	pid_t pid;
	int status;

	if (!is_root()) {
		is_int(target_open(&t, 1, NULL), -EACCES, "another user's process");
		return;
	}
	pid = fork();
	if (pid == 0) {
		int err = setresuid(65534, 65534, 65534) ? 0 : target_open(&t, 1, NULL);

		_exit(err == -EACCES || err == -EPERM ? 0 : 1);
	}
	must(pid > 0 && waitpid(pid, &status, 0) == pid);
	is_int(status, 0, "another user's process");
}

int main(void)
{
	make_scratch();
	holds_a_process();
	refuses_what_is_none();
	survives_pid_reuse();
	reads_memory();
	opens_mappings();
	opens_mappings_by_path();
	odd_files();
	root_escape();
	refuses_magic_links();
	refuses_others_processes();
	tells_threads(); /* last: it leaves a thread */
	return tap_done();
}

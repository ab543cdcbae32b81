// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* loop-stall: what the time of a stall is divided into. */
#include "loop-truth.h"

#include "base/scope.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#define LATE_NS (10 * MS_NS) /* the other began so much before this one waits for it, at most */

static struct watch *w;

static void stalls(void *stall)
{
	truth_stalls(stall);
}

/* --- asleep ----------------------------------------------------------------------------------- */

static void sleeps(void)
{
	sleep_ns(TRUTH_STALL_NS);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t locked;

static void *hold_lock(void *arg)
{
	(void)arg;
	must(pthread_mutex_lock(&lock) == 0);
	(void)pthread_barrier_wait(&locked);
	sleep_ns(TRUTH_STALL_NS + LATE_NS);
	must(pthread_mutex_unlock(&lock) == 0);
	return NULL;
}

/* Another thread has the lock already, for so long that even a late start waits. */
static void waits_for_lock(void)
{
	pthread_t other;

	must(pthread_barrier_init(&locked, NULL, 2) == 0);
	must(pthread_create(&other, NULL, hold_lock, NULL) == 0);
	(void)pthread_barrier_wait(&locked);
	must(pthread_mutex_lock(&lock) == 0);
	must(pthread_mutex_unlock(&lock) == 0);
	must(pthread_join(other, NULL) == 0);
}

static void waits_for_child(void)
{
	pid_t child = fork();
	int status;

	must(child >= 0);
	if (!child) {
		sleep_ns(TRUTH_STALL_NS + LATE_NS);
		_exit(0);
	}
	must(waitpid(child, &status, 0) == child && status == 0);
}

/* The parent sleeps in vfork itself, where no signal reaches it. */
static void vforks(void)
{
	static const struct timespec stall = { .tv_nsec = TRUTH_STALL_NS };
	pid_t child = vfork();
	int status;

	if (!child) {
		(void)syscall(SYS_nanosleep, &stall, NULL);
		_exit(0);
	}
	must(child > 0 && waitpid(child, &status, 0) == child && status == 0);
}

static void stops(void)
{
	must(raise(SIGSTOP) == 0);
}

static const struct {
	const char *what;
	void (*stall)(void);
	int number;
} sleeping[] = {
	{ "nanosleep", sleeps, SYS_clock_nanosleep },
	{ "a lock that another thread holds", waits_for_lock, SYS_futex },
	{ "a child process", waits_for_child, SYS_wait4 },
	{ "vfork", vforks, SYS_vfork },
};

static void test_sleeping(void)
{
	for (size_t i = 0; i < sizeof(sleeping) / sizeof(*sleeping); i++) {
		void (*stall)(void) = sleeping[i].stall;
		const struct watched *t = watch_run(w, stalls, (void *)&stall);

		check_all(t, LOOP_SLEEP, sleeping[i].what);
		check_median(t, LOOP_SLEEP, sleeping[i].what);
		check_longest(t, 0, LOOP_SLEEP, sleeping[i].number, sleeping[i].what);
	}
}

static void test_stopped(void)
{
	void (*stall)(void) = stops;
	pid_t child = watch_start_child(w, stalls, (void *)&stall);
	const struct watched *t;
	int status;

	for (int i = 0; i < TRUTH_ROUNDS; i++) {
		must(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
		sleep_ns(TRUTH_STALL_NS);
		must(kill(child, SIGCONT) == 0);
	}
	t = watch_join_child(w, child);
	check_all(t, LOOP_STOPPED, "stopped by a signal");
	check_median(t, LOOP_STOPPED, "stopped by a signal");
}

/* --- computing -------------------------------------------------------------------------------- */

static void computes(void)
{
	uint64_t end_ns = cpu_ns() + TRUTH_STALL_NS;

	while (cpu_ns() < end_ns)
		;
}

/* Median of @part, or of @and with it, less what the thread did not have of the CPU. */
static int64_t queue_off_ns(const struct watched *t)
{
	int64_t off_ns[TRUTH_ROUNDS] = { 0 };

	for (int i = 0; i < TRUTH_ROUNDS; i++) {
		const struct loop_stall_event *e = stall_of(t, i);
		uint64_t ns = truth->at[i].ended_ns - truth->at[i].began_ns;

		if (e)
			off_ns[i] =
				(int64_t)(e->part_ns[LOOP_RUN_QUEUE] + e->part_ns[LOOP_THROTTLED] -
					  (ns - truth->at[i].cpu_ns));
	}
	return median(off_ns);
}

static void check_computing(const struct watched *t, const char *what)
{
	uint64_t other_ns = 0, queue_ns = 0, ns = 0;

	check_all(t, LOOP_RUNNING, what);
	for (int i = 0; i < TRUTH_ROUNDS; i++) {
		const struct loop_stall_event *e = stall_of(t, i);

		if (!e)
			return;
		queue_ns += e->part_ns[LOOP_RUN_QUEUE] + e->part_ns[LOOP_THROTTLED];
		other_ns += e->header.time_ns - e->began_ns - e->part_ns[LOOP_RUNNING];
		ns += e->header.time_ns - e->began_ns;
	}
	is_int(other_ns, queue_ns, "%s: runs, or could run, and nothing else", what);
	/* the thread's clock leaves out what the host took, which counts as running here */
	ok(queue_off_ns(t) <= (int64_t)TRUTH_STALL_NS / 20,
	   "%s: no more in the run queue than it did not run (%lld us)", what,
	   (long long)queue_off_ns(t) / 1000);
	printf("# %s: %llu of %llu us waiting for a CPU\n", what,
	       (unsigned long long)queue_ns / 1000, (unsigned long long)ns / 1000);
}

static volatile bool is_over;

static void *compete(void *arg)
{
	(void)arg;
	while (!is_over)
		;
	return NULL;
}

/* From now on this thread, and what it starts, are on one CPU. */
static void pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	must(sched_setaffinity(0, sizeof(set), &set) == 0);
}

static void compete_and_stall(void *arg)
{
	pthread_t other;

	pin();
	is_over = false;
	must(pthread_create(&other, NULL, compete, NULL) == 0);
	stalls(arg);
	is_over = true;
	must(pthread_join(other, NULL) == 0);
}

static void test_computing(void)
{
	void (*stall)(void) = computes;
	const struct watched *t = watch_run(w, stalls, (void *)&stall);
	int64_t queue_ns[TRUTH_ROUNDS] = { 0 };

	check_computing(t, "computing");
	t = watch_run(w, compete_and_stall, (void *)&stall);
	check_computing(t, "computing beside another thread");
	for (int i = 0; i < TRUTH_ROUNDS; i++)
		queue_ns[i] = stall_of(t, i) ? stall_of(t, i)->part_ns[LOOP_RUN_QUEUE] : 0;
	ok(median(queue_ns) >= (int64_t)TRUTH_STALL_NS / 3, "waits for the CPU (%lld us)",
	   (long long)median(queue_ns) / 1000);
}

/* --- a quota ---------------------------------------------------------------------------------- */

static char group[128];

static bool write_text(const char *name, const char *text)
{
	_release_(closep) int fd = -1;
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", group, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* A group with a fifth of a CPU, of whichever version of cgroups is there. */
static bool make_group(void)
{
	(void)snprintf(group, sizeof(group), "/sys/fs/cgroup");
	(void)write_text("cgroup.subtree_control", "+cpu");
	(void)snprintf(group, sizeof(group), "/sys/fs/cgroup/cpu/loop-stall-%d", getpid());
	if (mkdir(group, 0755))
		(void)snprintf(group, sizeof(group), "/sys/fs/cgroup/loop-stall-%d", getpid());
	(void)mkdir(group, 0755);
	return write_text("cpu.max", "10000 50000") || (write_text("cpu.cfs_period_us", "50000") &&
							write_text("cpu.cfs_quota_us", "10000"));
}

static void stall_within_quota(void *arg)
{
	must(write_text("cgroup.procs", "0"));
	stalls(arg);
}

static void test_throttled(void)
{
	void (*stall)(void) = computes;
	int64_t throttled_ns[TRUTH_ROUNDS] = { 0 };
	const struct watched *t;

	if (!make_group()) {
		skip("a quota of CPU time", "no cgroup with a quota can be made");
		(void)rmdir(group);
		return;
	}
	t = watch_join_child(w, watch_start_child(w, stall_within_quota, (void *)&stall));
	check_computing(t, "within a quota");
	for (int i = 0; i < TRUTH_ROUNDS; i++)
		throttled_ns[i] = stall_of(t, i) ? stall_of(t, i)->part_ns[LOOP_THROTTLED] : 0;
	/* 60 ms at 10 in each 50: five times 40 at least, less where a period was not used up */
	ok(median(throttled_ns) >= (int64_t)TRUTH_STALL_NS, "is throttled (%lld us)",
	   (long long)median(throttled_ns) / 1000);
	must(rmdir(group) == 0);
}

int main(void)
{
	const struct watch_options options = { .threshold_ns = TRUTH_THRESHOLD_NS };

	need_root();
	truth_begin();
	w = watch_begin(&options);
	test_sleeping();
	test_stopped();
	test_computing();
	test_throttled();
	watch_end(w);
	return tap_done();
}

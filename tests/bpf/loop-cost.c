// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What loop-stall's programs cost: one kind of work at a time, of this process, which is observed,
 * or of another one. Prints a JSON line: runs and ns per run of each program that ran.
 * usage: loop-cost KIND COUNT
 */
#include "loop-watch.h"

#include <sched.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

static size_t count;

/* A loop under load: each poll finds something. */
static void polls(void *arg)
{
	int fd = readable_fd(), epoll = epoll_of(fd);

	(void)arg;
	for (size_t i = 0; i < count; i++)
		must(wait_on(epoll, 0) == 1);
}

static int forth, back;

static void wait_and_answer(int in, int out)
{
	int epoll = epoll_of(in);
	uint64_t one = 1;

	for (size_t i = 0; i < count; i++) {
		must(wait_on(epoll, -1) == 1);
		must(read(in, &one, sizeof(one)) == sizeof(one));
		must(write(out, &one, sizeof(one)) == sizeof(one));
	}
}

static void answer(void *arg)
{
	(void)arg;
	wait_and_answer(forth, back);
}

/* Two that wait for each other, on one CPU: each iteration is a wait, a wake-up and two switches.
 */
static void make_pair(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	must(sched_setaffinity(0, sizeof(set), &set) == 0);
	forth = eventfd(0, EFD_CLOEXEC);
	back = eventfd(1, EFD_CLOEXEC);
	must(forth >= 0 && back >= 0);
}

static void waits(void *arg)
{
	struct watch_thread *other;

	(void)arg;
	make_pair();
	other = watch_start(NULL, answer, NULL);
	wait_and_answer(back, forth);
	(void)watch_end_of(other);
}

/* Blocks within iterations: a stack of each, as far as tokens go. */
static void blocks(void *arg)
{
	int epoll = epoll_loop();

	(void)arg;
	for (size_t i = 0; i < count; i++) {
		sleep_ns(1200000);
		if (i % 10 == 0)
			must(wait_on(epoll, 0) == 0);
	}
}

/* An iteration that is always late. */
static void computes(void *arg)
{
	(void)epoll_loop();
	(void)arg;
	spin(count * MS_NS);
}

static void as_other(void (*fn)(void *))
{
	pid_t child = fork();
	int status;

	must(child >= 0);
	if (!child) {
		fn(NULL);
		_exit(0);
	}
	must(waitpid(child, &status, 0) == child && status == 0);
}

static void others_polls(void *arg)
{
	(void)arg;
	as_other(polls);
}

static void others_waits(void *arg)
{
	(void)arg;
	as_other(waits);
}

static const struct {
	const char *name;
	void (*fn)(void *);
} kinds[] = {
	{ "polls", polls },
	{ "waits", waits },
	{ "blocks", blocks },
	{ "computes", computes },
	{ "others-polls", others_polls },
	{ "others-waits", others_waits },
};

static void print_programs(struct watch *w)
{
	const char *separator = "{";
	struct bpf_program *prog;

	bpf_object__for_each_program (prog, watch_skeleton(w)->obj) {
		struct bpf_prog_info info = { 0 };
		__u32 size = sizeof(info);

		if (bpf_program__fd(prog) < 0)
			continue;
		must(bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &size) == 0);
		if (!info.run_cnt)
			continue;
		printf("%s\"%s\": {\"runs\": %llu, \"ns\": %.1f}", separator,
		       bpf_program__name(prog), info.run_cnt,
		       (double)info.run_time_ns / (double)info.run_cnt);
		separator = ", ";
	}
	puts("}");
}

int main(int argc, char **argv)
{
	const struct watch_options options = {
		.slots = 256, .threshold_ns = 20 * MS_NS, .frequency_hz = 99, .ring_bytes = 4 << 20
	};
	struct watch *w;
	size_t kind = 0;

	must(argc == 3);
	while (kind < sizeof(kinds) / sizeof(*kinds) && strcmp(kinds[kind].name, argv[1]) != 0)
		kind++;
	must(kind < sizeof(kinds) / sizeof(*kinds));
	count = strtoul(argv[2], NULL, 10);
	must(count);
	w = watch_begin(&options);
	must(bpf_enable_stats(BPF_STATS_RUN_TIME) >= 0); /* until this process ends */
	(void)watch_end_of(watch_start(w, kinds[kind].fn, NULL));
	print_programs(w);
	watch_end(w);
	return 0;
}

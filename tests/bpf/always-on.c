// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What it costs to be watched for weeks: the collectors as vitals-exporter runs them, or what
 *system calls cost a process that nobody watches. For scripts/bench_always_on.py. usage: always-on
 *-p PID [loop|split] [gc] [memory]	until Ctrl-C, then a JSON line
 *	  always-on calls COUNT				a JSON line
 */
#include "collect/gc_trace.h"
#include "collect/loop_stall.h"
#include "collect/mem_watch.h"

#include "base/scope.h"
#include "host/clock.h"
#include "host/log.h"
#include "host/procfs.h"
#include "kernel.h"

#include <sys/epoll.h>
#include <sys/syscall.h>

static const struct loop_stall_options with_split = { .threshold_ns = 20 * NS_PER_MS,
						      .has_split = true,
						      .is_endless = true,
						      .max_loops = LOOPS_MAX,
						      .max_events_bytes = 1 << 20 };
static const struct loop_stall_options without_split = { .threshold_ns = 20 * NS_PER_MS,
							 .is_endless = true,
							 .max_loops = LOOPS_MAX,
							 .max_events_bytes = 1 << 20 };
static const struct gc_trace_options gc_options = { .is_endless = true,
						    .max_events_bytes = 1 << 20 };
static const struct mem_watch_options memory_options = { .interval_ns = 5 * NS_PER_S,
							 .max_samples = 720,
							 .is_endless = true };

static uint64_t iterations, collections, looks;

static int on_collection(void *ctx, const struct gcs *g, const struct gc_collection *c)
{
	(void)ctx, (void)g, (void)c;
	collections++;
	return 0;
}

static int on_sample(void *ctx, const struct memory *m, const struct memory_process *p)
{
	(void)ctx, (void)m, (void)p;
	looks++;
	return 0;
}

static int has(char **words, const char *word)
{
	while (*words && strcmp(*words, word) != 0)
		words++;
	return *words != NULL;
}

static void count_iterations(struct loop_stall *stalls)
{
	struct loops value;

	must(loop_stall_take(stalls, false, &value) == 0);
	for (size_t i = 0; i < value.loop_count; i++)
		iterations += value.loops[i].total.iterations;
}

static void watch(pid_t pid, char **words)
{
	static const struct gc_trace_sink gc_sink = { .on_collection = on_collection };
	static const struct mem_watch_sink memory_sink = { .on_sample = on_sample };
	_release_(loop_freep) struct loop *loop = loop_new();
	_release_(loop_stall_freep) struct loop_stall *stalls = NULL;
	_release_(gc_trace_freep) struct gc_trace *gc = NULL;
	_release_(mem_watch_freep) struct mem_watch *memory = NULL;
	bool is_split = has(words, "split");

	must(loop && loop_take_signals(loop, NULL, NULL) == 0);
	if (is_split || has(words, "loop"))
		must(loop_stall_open(is_split ? &with_split : &without_split, loop, &stalls) == 0 &&
		     loop_stall_start(stalls, NULL) == 0 && loop_stall_add(stalls, pid) == 0);
	if (has(words, "gc"))
		must(gc_trace_open(&gc_options, loop, &gc) == 0 &&
		     gc_trace_start(gc, &gc_sink) == 0 && gc_trace_add(gc, pid) == 0);
	if (has(words, "memory"))
		must(mem_watch_open(&memory_options, loop, &memory) == 0 &&
		     mem_watch_start(memory, &memory_sink) == 0 && mem_watch_add(memory, pid) == 0);
	(void)fprintf(stderr, "always-on: watching\n");
	must(loop_run(loop) == 0);
	if (stalls)
		count_iterations(stalls);
	printf("{\"iterations\": %llu, \"collections\": %llu, \"looks\": %llu, "
	       "\"own_cpu_ns\": %llu, \"rss_bytes\": %llu}\n",
	       (unsigned long long)iterations, (unsigned long long)collections,
	       (unsigned long long)looks, (unsigned long long)clock_process_cpu_ns(),
	       (unsigned long long)procfs_own_rss_bytes());
}

/* --- calls of others -------------------------------------------------------------------------- */

static double ns_of_calls(long count)
{
	uint64_t began_ns = clock_process_cpu_ns();

	for (long i = 0; i < count; i++)
		(void)syscall(SYS_getppid);
	return (double)(clock_process_cpu_ns() - began_ns) / (double)count;
}

static double ns_of_waits(long count)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	uint64_t began_ns = clock_process_cpu_ns();
	struct epoll_event e;

	must(epoll >= 0);
	for (long i = 0; i < count; i++)
		must(epoll_wait(epoll, &e, 1, 0) == 0);
	return (double)(clock_process_cpu_ns() - began_ns) / (double)count;
}

int main(int argc, char **argv)
{
	need_root();
	log_init("always-on", LOG_WARN);
	if (argc > 2 && strcmp(argv[1], "calls") == 0) {
		long count = strtol(argv[2], NULL, 10);

		printf("{\"call_ns\": %.1f, \"wait_ns\": %.1f}\n", ns_of_calls(count),
		       ns_of_waits(count));
		return 0;
	}
	must(argc > 2);
	watch((pid_t)strtol(argv[2], NULL, 10), argv + 3);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* bpf/lib/counters.bpf.h in the kernel: rows are apart, sums span the CPUs, no addition is lost. */
#include "kernel.h"

#include "abi/target.h"
#include "probe/tables.h"
#include "test/counters.skel.h"

#include <pthread.h>
#include <sched.h>

#define COUNTER_COUNT 3
#define ROUNDS	      50
#define ADDITIONS     20000 /* a round */

static int add(struct counters_bpf *skel, __u32 slot, __u32 which, __u64 amount)
{
	skel->bss->slot = slot;
	skel->bss->which = which;
	skel->bss->amount = amount;
	skel->bss->times = 1;
	return run(skel->progs.add);
}

static void is_row(struct counters_bpf *skel, __u32 slot, const uint64_t *want, const char *what)
{
	uint64_t got[COUNTER_COUNT] = { 0 };

	must(table_sum_percpu(bpf_map__fd(skel->maps.counters), slot, got, COUNTER_COUNT) == 0);
	if (!ok(memcmp(got, want, sizeof(got)) == 0, "%s", what))
		printf("# got %llu %llu %llu\n", (unsigned long long)got[0],
		       (unsigned long long)got[1], (unsigned long long)got[2]);
}

static void test_rows(struct counters_bpf *skel)
{
	is_row(skel, 0, (uint64_t[]){ 0, 0, 0 }, "a fresh row");
	is_int(add(skel, 0, 1, 5), 0, "slot 0 exists");
	is_int(add(skel, 0, 1, 2), 0, "and again");
	is_int(add(skel, 1, 2, 1ull << 40), 0, "slot 1 exists");
	is_int(add(skel, TARGETS_MAX - 1, 0, 9), 0, "the last slot exists");
	is_int(add(skel, TARGETS_MAX, 0, 1), -1, "there is none behind it");
	is_row(skel, 0, (uint64_t[]){ 0, 7, 0 }, "only the one that was asked for");
	is_row(skel, 1, (uint64_t[]){ 0, 0, 1ull << 40 }, "beyond 32 bits");
	is_row(skel, 2, (uint64_t[]){ 0, 0, 0 }, "another process's row");
	is_row(skel, TARGETS_MAX - 1, (uint64_t[]){ 9, 0, 0 }, "the last row");
	(void)add(skel, 1, 2, -(1ull << 40));
	is_row(skel, 1, (uint64_t[]){ 0, 0, 0 }, "what was added can be taken back");
}

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	must(sched_setaffinity(0, sizeof(set), &set) == 0);
}

struct row {
	__u64 at[COUNTER_COUNT];
};

/* What the row of @slot on @cpu has in counter 0. */
static __u64 on_cpu(struct counters_bpf *skel, __u32 slot, int cpu)
{
	struct row *rows = calloc((size_t)libbpf_num_possible_cpus(), sizeof(*rows));
	__u64 value;

	must(rows);
	must(bpf_map_lookup_elem(bpf_map__fd(skel->maps.counters), &slot, rows) == 0);
	value = rows[cpu].at[0];
	free(rows);
	return value;
}

static void test_sum(struct counters_bpf *skel)
{
	cpu_set_t before;
	uint64_t want = 0;

	must(sched_getaffinity(0, sizeof(before), &before) == 0);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &before))
			continue;
		stay_on(cpu);
		(void)add(skel, 3, 0, (__u64)cpu + 1);
		is_int(on_cpu(skel, 3, cpu), cpu + 1, "CPU %d has its own row", cpu);
		want += (uint64_t)cpu + 1;
	}
	must(sched_setaffinity(0, sizeof(before), &before) == 0);
	is_row(skel, 3, (uint64_t[]){ want, 0, 0 }, "the sum over the CPUs");
}

struct adder {
	struct counters_bpf *skel;
	pthread_barrier_t *start;
	int cpu;
};

static void *add_many(void *ctx)
{
	struct adder *a = ctx;

	stay_on(a->cpu);
	(void)pthread_barrier_wait(a->start);
	for (int i = 0; i < ROUNDS; i++)
		(void)run(a->skel->progs.add_on_cpu_0);
	return NULL;
}

static void test_atomic(struct counters_bpf *skel)
{
	static const char what[] = "no addition is lost when two threads add to one row";
	pthread_barrier_t start;
	struct adder adders[] = { { skel, &start, 0 }, { skel, &start, 1 } };
	pthread_t threads[2];

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		skip(what, "one CPU: they would rarely meet");
		return;
	}
	skel->bss->slot = 4;
	skel->bss->which = 1;
	skel->bss->amount = 1;
	skel->bss->times = ADDITIONS;
	must(pthread_barrier_init(&start, NULL, 2) == 0);
	for (int i = 0; i < 2; i++)
		must(pthread_create(&threads[i], NULL, add_many, &adders[i]) == 0);
	for (int i = 0; i < 2; i++)
		must(pthread_join(threads[i], NULL) == 0);
	is_row(skel, 4, (uint64_t[]){ 0, 2ull * ROUNDS * ADDITIONS, 0 }, what);
}

int main(void)
{
	struct counters_bpf *skel;

	need_root();
	skel = counters_bpf__open_and_load();
	must(skel);
	test_rows(skel);
	test_sum(skel);
	test_atomic(skel);
	counters_bpf__destroy(skel);
	return tap_done();
}

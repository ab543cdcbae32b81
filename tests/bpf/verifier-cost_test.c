// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * How many instructions the verifier walks for each program of the tools, against the baseline of
 * this kernel and compiler (tests/kernels/verifier-cost.csv): a program that grows by more than a
 * tenth, or is refused, fails. The lines "# measured" are what scripts/verifier-cost.sh records.
 */
#include "kernel.h"

#include "base/scope.h"
#include "probe/features.h"

#include "cpu-sample.skel.h"
#include "gc-trace.skel.h"
#include "loop-stall.skel.h"
#include "memleak-trace.skel.h"
#include "test/verifier-cost.skel.h"
#include "vitals-exporter.skel.h"

#include <sys/utsname.h>

#define BASELINE    "tests/kernels/verifier-cost.csv"
#define GROWTH_PCT  10
#define LOG_BYTES   4096 /* statistics only */
#define LEVEL_STATS 4	 /* of the verifier's log */
#define MAX_COSTS   96

struct cost {
	const char *object;
	char program[64];
	int processed; /* instructions, -1: refused */
};

/* Which lines of the baseline are ours. */
struct surroundings {
	char kernel[32];
	unsigned int clang;
};

static void learn_surroundings(struct surroundings *s)
{
	struct verifier_cost_bpf *skel = verifier_cost_bpf__open();
	struct utsname u;
	size_t len;

	must(skel && uname(&u) == 0);
	s->clang = skel->rodata->clang_major;
	verifier_cost_bpf__destroy(skel);
	/* "6.12.3-x" is 6.12 */
	len = strcspn(u.release, ".");
	len += 1 + strspn(u.release + len + 1, "0123456789");
	must(len < sizeof(s->kernel));
	(void)snprintf(s->kernel, sizeof(s->kernel), "%.*s", (int)len, u.release);
}

static int processed_of(const char *log)
{
	const char *at = strstr(log, "processed ");
	int n = -1;

	if (at &&
	    sscanf(at, "processed %d insns", &n) != 1) /* NOLINT(cert-err34-c): the kernel's */
		n = -1;
	return n;
}

static void quiet(struct bpf_object *obj, char (*logs)[LOG_BYTES])
{
	struct bpf_program *prog;
	size_t i = 0;

	bpf_object__for_each_program (prog, obj) {
		must(i < MAX_COSTS);
		must(bpf_program__set_log_level(prog, LEVEL_STATS) == 0);
		must(bpf_program__set_log_buf(prog, logs[i++], LOG_BYTES) == 0);
	}
}

/* Those of functions of the kernel are off by default. */
static void switch_on(struct bpf_object *obj)
{
	bool has_functions = features_have_function("__x64_sys_epoll_pwait");
	struct bpf_program *prog;

	bpf_object__for_each_program (prog, obj)
		if (!bpf_program__autoload(prog))
			must(bpf_program__set_autoload(prog, has_functions) == 0);
	if (!has_functions)
		puts("# functions cannot be probed here: their programs are not loaded");
}

/* Loads @obj, of the tool @name. How many programs of it. */
static size_t measure(const char *name, struct bpf_object *obj, struct cost *costs)
{
	static char logs[MAX_COSTS][LOG_BYTES];
	struct bpf_program *prog;
	size_t count = 0, i = 0;
	bool is_loaded;

	quiet(obj, logs);
	is_loaded = bpf_object__load(obj) == 0;
	bpf_object__for_each_program (prog, obj) {
		const char *log = logs[i++];

		if (!bpf_program__autoload(prog))
			continue;
		costs[count].object = name;
		(void)snprintf(costs[count].program, sizeof(costs[count].program), "%s",
			       bpf_program__name(prog));
		costs[count].processed = is_loaded ? processed_of(log) : -1;
		if (!is_loaded)
			printf("# %s\n", log);
		count++;
	}
	return count;
}

/* Everything is switched on, so that nothing is pruned as dead code. */
static size_t measure_memleak_trace(struct cost *costs)
{
	struct memleak_trace_bpf *skel = memleak_trace_bpf__open();
	size_t count;

	must(skel);
	skel->rodata->follows_children = true;
	count = measure("memleak-trace", skel->obj, costs);
	memleak_trace_bpf__destroy(skel);
	return count;
}

static size_t measure_cpu_sample(struct cost *costs)
{
	struct cpu_sample_bpf *skel = cpu_sample_bpf__open();
	size_t count;

	must(skel);
	skel->rodata->follows_children = true;
	skel->rodata->by_thread = true;
	count = measure("cpu-sample", skel->obj, costs);
	cpu_sample_bpf__destroy(skel);
	return count;
}

static size_t measure_gc_trace(struct cost *costs)
{
	struct gc_trace_bpf *skel = gc_trace_bpf__open();
	size_t count;

	must(skel);
	skel->rodata->has_stacks = true;
	skel->rodata->follows_children = true;
	count = measure("gc-trace", skel->obj, costs);
	gc_trace_bpf__destroy(skel);
	return count;
}

static size_t measure_loop_stall(struct cost *costs)
{
	struct loop_stall_bpf *skel = loop_stall_bpf__open();
	size_t count;

	must(skel);
	skel->rodata->follows_children = true;
	switch_on(skel->obj);
	count = measure("loop-stall", skel->obj, costs);
	loop_stall_bpf__destroy(skel);
	return count;
}

static size_t measure_vitals_exporter(struct cost *costs)
{
	struct vitals_exporter_bpf *skel = vitals_exporter_bpf__open();
	size_t count;

	must(skel);
	count = measure("vitals-exporter", skel->obj, costs);
	vitals_exporter_bpf__destroy(skel);
	return count;
}

/* What the baseline has for the program; -1: nothing. */
static int baseline_of(FILE *csv, const struct surroundings *s, const struct cost *cost)
{
	char line[256], wanted[192];
	size_t len = (size_t)snprintf(wanted, sizeof(wanted), "%s,%u,%s,%s,", s->kernel, s->clang,
				      cost->object, cost->program);
	int n;

	rewind(csv);
	while (fgets(line, sizeof(line), csv))
		if (strncmp(line, wanted, len) == 0 && sscanf(line + len, "%d", &n) == 1)
			return n;
	return -1;
}

static void compare(const struct surroundings *s, const struct cost *cost, int was)
{
	int is = cost->processed;

	printf("# measured %s,%u,%s,%s,%d\n", s->kernel, s->clang, cost->object, cost->program, is);
	ok(is > 0, "%s is accepted", cost->program);
	if (was < 0)
		printf("# no baseline for %s on %s with clang %u\n", cost->program, s->kernel,
		       s->clang);
	else
		ok(is * 100ll <= was * (100ll + GROWTH_PCT), "%s has not grown much (%d, was %d)",
		   cost->program, is, was);
}

int main(void)
{
	_release_(fclosep) FILE *csv = NULL;
	struct cost costs[3 * MAX_COSTS];
	struct surroundings s;
	size_t count;

	need_root();
	csv = fopen(BASELINE, "re");
	must(csv);
	learn_surroundings(&s);
	count = measure_memleak_trace(costs);
	count += measure_cpu_sample(costs + count);
	count += measure_gc_trace(costs + count);
	count += measure_loop_stall(costs + count);
	count += measure_vitals_exporter(costs + count);
	for (size_t i = 0; i < count; i++)
		compare(&s, &costs[i], baseline_of(csv, &s, &costs[i]));
	return tap_done();
}

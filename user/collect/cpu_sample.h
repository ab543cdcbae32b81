/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The collecting side of cpu-sample: its BPF programs, its clocks, the processes, and the value
 * they fill (profile/profile.h). Life: open, add processes, start, let the loop run, stop, report.
 */
#ifndef COLLECT_CPU_SAMPLE_H
#define COLLECT_CPU_SAMPLE_H

#include "collect/stack_method.h"
#include "host/loop.h"
#include "profile/profile.h"

enum cpu_sample_mode {
	CPU_SAMPLE_ON_CPU,
	CPU_SAMPLE_OFF_CPU,
	CPU_SAMPLE_WALL, /* both */
};

enum cpu_sample_event {
	CPU_SAMPLE_CLOCK,  /* the kernel's clock, software */
	CPU_SAMPLE_CYCLES, /* of the hardware; the clock where there is none */
};

struct cpu_sample_options {
	enum stack_method stacks;
	enum cpu_sample_mode mode;
	enum cpu_sample_event event;
	bool is_system_wide, by_thread, follow_children;
	bool has_user, has_kernel;
	bool has_js_tiers; /* names of JavaScript functions tell the tier of their code */
	bool is_live;	   /* the loop goes on when all processes have ended */
	pid_t only_tid;	   /* 0: all threads */
	uint64_t frequency_hz;
	uint64_t min_wait_ns;
	uint32_t max_stacks;
	double max_loss_pct;
};

struct cpu_sample;

/* Loads the programs. 0 or -errno after saying why. Both are borrowed for the life of it. */
int cpu_sample_open(const struct cpu_sample_options *options, struct loop *loop,
		    struct cpu_sample **ret);
void cpu_sample_free(struct cpu_sample *c);
void cpu_sample_freep(struct cpu_sample **c);

/* Watches process @pid. An exit status; what went wrong is said. */
int cpu_sample_add(struct cpu_sample *c, pid_t pid);
/* The same for a process below one asked for: that it has ended is no error. */
int cpu_sample_add_descendant(struct cpu_sample *c, pid_t pid);

/* Is @tid a thread of a process that is sampled? */
bool cpu_sample_has_thread(const struct cpu_sample *c, pid_t tid);

/* The clocks begin. 0 or -errno after saying why. */
int cpu_sample_start(struct cpu_sample *c);

/* The clocks end; what was counted stays. */
void cpu_sample_stop(struct cpu_sample *c);

/* "node (PID 42)", "3 processes, first nginx (PID 7)", "all processes". Owned by @c. */
const char *cpu_sample_describe(struct cpu_sample *c);

/* Samples (or waits) so far, and those lost. */
void cpu_sample_counts(const struct cpu_sample *c, uint64_t *ret_taken, uint64_t *ret_lost);

/*
 * What was counted since the start, with names. Strings of @ret_meta are owned by @c. 0 or -errno
 * after saying why.
 */
int cpu_sample_profile(struct cpu_sample *c, struct profile_meta *ret_meta,
		       struct profile **ret_profile);

#endif

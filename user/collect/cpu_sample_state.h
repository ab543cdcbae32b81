/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Private to collect/cpu_sample*.c: what they share. */
#ifndef COLLECT_CPU_SAMPLE_STATE_H
#define COLLECT_CPU_SAMPLE_STATE_H

#include "abi/cpu-sample.h"
#include "collect/cpu_sample.h"
#include "collect/stack_names.h"

#include "host/clock.h"
#include "host/jit_map.h"
#include "host/kernel_symbols.h"
#include "host/target.h"
#include "probe/clock_events.h"
#include "probe/process_code.h"
#include "probe/stacks.h"

#include "cpu-sample.skel.h"

#include <bpf/libbpf.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* What a process executes from one exec to the next. */
struct program {
	uint32_t exec;	     /* as in sample_key */
	pid_t names;	     /* of its addresses in struct symbols: the process's, or set aside */
	struct jit_map *jit; /* NULL: none */
	dev_t device;	     /* of its executable, 0 with inode: not known */
	ino_t inode;
	char comm[64]; /* cleaned */
};

/* One process: asked for, or met with -a. */
struct sampled {
	pid_t pid; /* the key */
	struct cpu_sample *owner;
	struct target target;
	struct program now;
	struct {
		struct program *at;
		size_t len, cap;
	} earlier; /* at most EARLIER_MAX */
	uint32_t slot;
	bool is_open; /* the target is held */
	bool is_ended;
	bool is_looked_at; /* its mappings were read once */
	UT_hash_handle hh;
};

/* What the kernel side has counted, by key. */
struct sample_list {
	struct sample {
		struct sample_key key;
		struct sample_value value;
	} * at;
	size_t len, cap;
};

struct cpu_sample {
	const struct cpu_sample_options *options;
	enum stack_method stacks;
	struct loop *loop;
	struct cpu_sample_bpf *skel;
	struct ring_buffer *ring;
	struct symbols *symbols;
	struct kernel_symbols *kernel; /* NULL with -U */
	struct unwind_tables *unwind;  /* NULL with STACKS_FP */
	struct js_names *js;	       /* the same */
	struct js_counts js_counts;    /* of the profile filled last */
	struct clock_events events;
	struct sampled *processes;
	size_t open_count; /* of them, targets held */
	pid_t set_aside;   /* numbers given to earlier programs: down from -1 */
	struct stack_names names;
	uint32_t slots;
	uint64_t started_ns, stopped_ns, started_realtime_ns;
	uint64_t refreshed_ns;
	unsigned int missed_children;
	char description[256];
	char note[384];
};

/* cpu_sample_programs.c */
/* Its mappings, for names and for walking its stacks. 0 or -errno. */
int sampled_refresh(struct sampled *s);
/* The program of which @exec is, NULL: none that was ever seen. */
const struct program *sampled_program(const struct sampled *s, uint32_t exec);
/* Another process has its number. */
void sampled_begin_anew(struct sampled *s);
void programs_done(struct sampled *s);

/* cpu_sample_processes.c */
void sampled_free(struct sampled *s);
struct sampled *cpu_sample_find(struct cpu_sample *c, pid_t pid);
/* How many of those asked for still run. */
size_t cpu_sample_running(const struct cpu_sample *c);
/* With -a: all processes that there are, so that their first stacks are whole. */
void cpu_sample_meet_all(struct cpu_sample *c);
/* What was forked below the others before forks were told of. */
void cpu_sample_meet_children(struct cpu_sample *c);
int cpu_sample_process_event(struct cpu_sample *c, const struct process_event *event);
/* Looks again at the mappings of all that run. */
int cpu_sample_housekeeping(void *c);

/* cpu_sample_names.c */
/* What the kernel side has counted, sorted, each key once. 0 or -errno. */
int cpu_sample_read(const struct cpu_sample *c, struct sample_list *ret);
/* Adds to @ret, and finishes it, what is in @now and not yet in @before. 0 or -errno. */
int cpu_sample_fill(struct cpu_sample *c, const struct sample_list *now,
		    const struct sample_list *before, struct profile *ret);
void sample_list_done(struct sample_list *list);

/* cpu_sample.c */
/* What goes with a profile of the time from @since_ns on. 0 or -errno. */
int cpu_sample_meta(struct cpu_sample *c, uint64_t since_ns, struct profile_meta *ret);

#endif

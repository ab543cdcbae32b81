/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What an always-on watch adds up: the readings of loops, heaps, memory and /proc of many processes
 * that come and go, to counters, histograms and gauges per group of processes. Counters never go
 * down: what a process had counted when it ended stays in the sums of its group. Times are given,
 * none is read here.
 */
#ifndef PROFILE_VITALS_H
#define PROFILE_VITALS_H

#include "profile/gc.h"
#include "profile/loops.h"
#include "profile/memory.h"
#include "profile/series.h"

/* Groups with their own name; what comes later is counted as VITALS_OTHER. */
#define VITALS_GROUPS_MAX 128
#define VITALS_OTHER	  "other"

/* Names of loops in a group besides "main" and "worker"; later ones are VITALS_OTHER too. */
#define VITALS_LOOPS_MAX 16

/* What can be switched off where it costs too much, in the order in which it is. */
enum vitals_part {
	VITALS_ALLOC,  /* probes on malloc and free */
	VITALS_SPLIT,  /* of stalls into their causes, by switches of threads */
	VITALS_GC,     /* probes on V8's collector */
	VITALS_MEMORY, /* looks at memory are further apart */
	VITALS_LOOPS,
	VITALS_PARTS,
};
extern const char *const vitals_part_names[VITALS_PARTS];

struct vitals;
struct vitals_group;   /* owned by struct vitals, for as long as that lives */
struct vitals_process; /* owned by it too, until vitals_sweep after vitals_end */

/* NULL: out of memory. */
struct vitals *vitals_new(void);
void vitals_free(struct vitals *v);
void vitals_freep(struct vitals **v);

/* The group of that name, made when there is none; shown from now on. NULL: out of memory. */
struct vitals_group *vitals_group(struct vitals *v, const char *name);
const char *vitals_group_name(const struct vitals_group *g);

struct vitals_birth {
	pid_t pid;
	uint64_t began_ns; /* CLOCK_REALTIME; 0 not known */
	bool is_new;	   /* it was seen to begin: what it has counted since then is the group's */
};

/* A process comes to @g. NULL: out of memory. */
struct vitals_process *vitals_begin(struct vitals *v, struct vitals_group *g,
				    const struct vitals_birth *birth);

/*
 * It has ended, or is not watched any more. It is still found, for the last readings that are on
 * their way, until vitals_sweep at VITALS_LINGER_NS after @now_ns.
 */
void vitals_end(struct vitals_process *p, uint64_t now_ns);
#define VITALS_LINGER_NS 3000000000ull
void vitals_sweep(struct vitals *v, uint64_t now_ns);

/* The one of that number that runs, else the one that ended last; NULL. */
struct vitals_process *vitals_find(const struct vitals *v, pid_t pid);
struct vitals_group *vitals_group_of(const struct vitals_process *p);

/* What /proc says of a process. */
struct vitals_facts {
	uint64_t user_ns, system_ns; /* CPU time since it began */
	uint64_t run_queue_ns;	     /* of all threads: ready, and not running */
	bool has_run_queue;
	uint64_t cgroup; /* what tells its cgroup from others, 0 none: the next line counts once */
	uint64_t throttled_ns;
	bool has_throttled;
	uint64_t minor_faults, major_faults;
	uint32_t threads, open_fds, max_fds;
	uint32_t connections; /* TCP, established */
	bool has_fds, has_connections;
};

/* Readings, each as it is now: what it grew by since the last one is added. */
void vitals_take_facts(struct vitals_process *p, const struct vitals_facts *f);
int vitals_take_loop(struct vitals_process *p, const struct loop_info *l);
int vitals_take_heap(struct vitals_process *p, const struct gc_heap *h);
/* @m: all that was looked at; tells too whether it grows, which takes time: not at each page. */
void vitals_take_memory(struct vitals_process *p, const struct memory_process *m);

/* What it has allocated since it is watched, and not freed. */
void vitals_take_outstanding(struct vitals_process *p, uint64_t bytes, uint64_t blocks);

/* Single things, each told once. */
int vitals_take_stall(struct vitals_process *p, const struct loop_info *l, const struct stall *s);
void vitals_take_collection(struct vitals_process *p, const struct gc_collection *c);

/* Iterations and collections of @p so far, for what watching it costs. */
void vitals_work(const struct vitals_process *p, uint64_t *ret_iterations,
		 uint64_t *ret_collections);

void vitals_set_degraded(struct vitals_group *g, enum vitals_part part, bool is_degraded);

/* The watch itself. Strings are borrowed. */
struct vitals_loss {
	const char *stage;
	uint64_t count;
};

struct vitals_map {
	const char *name;
	uint64_t entries, max_entries;
};

struct vitals_program {
	const char *name;
	uint64_t run_ns, runs;
};

struct vitals_cost {
	const char *role; /* "collector", "server" */
	uint64_t cpu_ns, resident_bytes, open_fds;
};

struct vitals_self {
	const char *version, *libbpf, *kernel;
	const struct vitals_loss *losses;
	size_t loss_count;
	const struct vitals_map *maps;
	size_t map_count;
	const struct vitals_program *programs; /* none: the kernel does not count them */
	size_t program_count;
	const struct vitals_cost *costs;
	size_t cost_count;
	uint64_t dropped_series; /* of the pages so far */
	uint64_t dropped_targets, server_restarts;
};

/* Everything as families of numbers, groups by the order in which they came. 0 or -ENOMEM. */
int vitals_series(const struct vitals *v, const struct vitals_self *self, struct series *s);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The processes that a sampling tool observes: held by their targets, with what names and walks
 * their stacks, told to the kernel side (maps of lib/filter, lib/process, lib/process_stack).
 */
#ifndef COLLECT_PROCESSES_H
#define COLLECT_PROCESSES_H

#include "abi/target.h"
#include "collect/stack_names.h"
#include "host/jit_map.h"
#include "host/loop.h"
#include "host/target.h"
#include "probe/process_code.h"
#include "probe/uprobes.h"

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct process {
	pid_t pid; /* the key */
	struct processes *set;
	struct target target;
	struct jit_map *jit; /* NULL: none */
	uint32_t slot;	     /* of its counters */
	uint64_t begun_ns, refreshed_ns;
	bool is_open; /* the target is held */
	bool is_ended;
	bool is_probed; /* the owner's: what it attaches to each is in place; false again after an
			   exec */
	struct uprobe_links probes;	      /* what it attached */
	uint64_t probed_device, probed_inode; /* in which file, processes_probes_are_new */
	UT_hash_handle hh;
};

/* Everything above the line is the owner's, set before the first process. */
struct processes {
	struct stack_names *names;
	struct unwind_tables *unwind; /* NULL: the kernel walks, by frame pointers */
	struct loop *loop;
	int targets_fd, code_fd, asked_fd; /* maps */
	bool is_live;			   /* the loop goes on when all have ended */
	bool has_stacks;		   /* else nothing is read that only names and walks need */
	/*
	 * Processes come and go for weeks. One that has ended stays until processes_let_go_ended;
	 * one that executes another program goes, and is begun anew. Slots are used again.
	 */
	bool is_endless;
	/* It goes: its probes are gone, its slot is free for another after this. May be NULL. */
	void (*on_gone)(void *ctx, struct process *p);
	void *ctx;
	/* ----- */
	struct process *all;
	uint32_t slots; /* so many were in use at a time */
	uint32_t free_slots[TARGETS_MAX], free_count;
	unsigned int missed_children;
	uint64_t refreshed_ns;
	char description[256];
};

/* Of the processes only. */
void processes_done(struct processes *p);

/* As struct targets_sink wants them (collect/targets.h), @ctx: struct processes. */
int processes_add(void *ctx, pid_t pid);
int processes_add_descendant(void *ctx, pid_t pid);

/*
 * Adds what is below those that are there: once forks are told of, for what was forked since the
 * processes were added.
 */
void processes_meet_children(struct processes *p);

/* What names the code of @pid. */
struct stack_code processes_code(const struct processes *p, pid_t pid);
struct process *processes_find(const struct processes *p, pid_t pid);
size_t processes_running(const struct processes *p);

/*
 * Is the file open as @fd another than the one that @s's probes are in? Then it is that from now
 * on. Probes stay through an exec: where a process executed before its fork was told of, or
 * executes what it is already, they are in place, and a second time they would see everything
 * twice.
 */
bool processes_probes_are_new(struct process *s, int fd);

/* Fork, exec, end, and mappings that were not known. */
void processes_on_event(struct processes *p, const struct process_event *event);

/* The mappings of @pid, and its JIT map, now: code was met that is not known. Not again within 50
 * ms. */
void processes_refresh_one(struct processes *p, pid_t pid);

/* Looks again at the mappings of all that run; @is_due: only when a second has passed. */
void processes_refresh(struct processes *p, bool is_due);

/* Nothing is recorded of any from now on. */
void processes_freeze(const struct processes *p);

/* Removes the probes of all, at the same time. */
void processes_detach(const struct processes *p);

/* Lets go of one, which may run on; without such a process nothing is done. */
void processes_remove(struct processes *p, pid_t pid);
/* Lets go of those that have ended: when all is taken that they left. */
void processes_let_go_ended(struct processes *p);

/* "node (PID 42)", "3 processes, first nginx (PID 7)". Owned by @p. */
const char *processes_describe(struct processes *p);

#endif

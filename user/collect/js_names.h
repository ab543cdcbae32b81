/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names of JavaScript functions, of all processes of a tool: read from the processes' memory soon
 * after the kernel side has met a stack, before V8's collector throws functions away. What was read
 * stays, also when the process has ended.
 */
#ifndef COLLECT_JS_NAMES_H
#define COLLECT_JS_NAMES_H

#include "host/loop.h"
#include "host/target.h"
#include "profile/stack_counts.h"
#include "symbol/frame.h"
#include "symbol/v8.h"

struct js_maps { /* descriptors, borrowed */
	int js, fresh, stacks;
};

/* Those of a skeleton whose programs include lib/stacks.bpf.h. */
#define JS_MAPS(skel)                                                                              \
	((struct js_maps){ .js = bpf_map__fd((skel)->maps.unwind_js),                              \
			   .fresh = bpf_map__fd((skel)->maps.stacks_fresh),                        \
			   .stacks = bpf_map__fd((skel)->maps.stacks) })

struct js_names;

/*
 * @loop (borrowed): what is new is read at once, from the first process with V8 on.
 * @has_tiers: a function's name tells the tier of its code: "handle [turbofan]". NULL when out of
 * memory.
 */
struct js_names *js_names_new(const struct js_maps *maps, struct loop *loop, bool has_tiers);
void js_names_free(struct js_names *j);

/*
 * @maps were read of @t just now: is there V8 in it? @t is borrowed until js_names_forget or
 * js_names_set_aside. 0 or -errno. Takes NULL for @j.
 */
int js_names_refresh(struct js_names *j, const struct target *t, const struct procmaps *maps);

/* The process has ended, or is let go of: nothing more is read of it. Takes NULL for @j. */
void js_names_forget(struct js_names *j, pid_t pid);

/* It executed another program, and nobody asks for the names of the one before. Takes NULL. */
void js_names_drop(struct js_names *j, pid_t pid);

/* It executed another program: its names are from now on those of @as (host/symbols.h). */
void js_names_set_aside(struct js_names *j, pid_t pid, pid_t as);

/* Reads the functions of stacks that are new, for a while at most. 0 or -errno. Takes NULL. */
int js_names_read_fresh(struct js_names *j);

/*
 * The frames of @place (inside its instruction) in process @pid, innermost first: functions inlined
 * there, then the one with the code. @word: as the kernel side recorded it (abi/stacks.h), 0: none.
 * @is_made: it lies in code made at run time. @is_caller: it is the place of a call. Up to @max are
 * filled in, and counted in @counts; 0: it is nothing of JavaScript. Texts live as long as @j.
 * Takes NULL for @j.
 */
struct js_place {
	pid_t pid;
	uint64_t place, word;
	bool is_made, is_caller;
};
size_t js_names_find(struct js_names *j, const struct js_place *at, struct frame *ret_frames,
		     size_t max, struct js_counts *counts);

/* " [turbofan]" of a tier as perf maps write it ('*'), when names tell tiers; else "". */
const char *js_names_suffix(const struct js_names *j, char perfmap_tier);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stacks of the kernel side's map "stacks" to frames that people read. */
#ifndef COLLECT_STACK_NAMES_H
#define COLLECT_STACK_NAMES_H

#include "base/strings.h"
#include "collect/js_names.h"
#include "host/jit_map.h"
#include "host/kernel_symbols.h"
#include "host/symbols.h"
#include "probe/process_code.h"
#include "probe/stacks.h"
#include "profile/profile.h"

struct stack_names {
	/* the owner's */
	struct symbols *symbols;
	const struct kernel_symbols *kernel; /* NULL: its frames are left out */
	struct js_names *js;		     /* NULL: of JIT maps only */
	int stacks_fd;
	/* ----- */
	struct strings js_names;
};

/* What names the code of a process. */
struct stack_code {
	pid_t names;		   /* of its addresses in struct symbols */
	const struct jit_map *jit; /* NULL: none */
};

/* A stack being named: the kernel's frames, then the user's. Texts live as long as the symbols. */
struct named_stack {
	struct frame at[PROFILE_MAX_DEPTH];
	size_t len;
	const char *cut;     /* why it is not whole, NULL */
	struct js_counts js; /* of its frames */
};

/* Where frames go. */
struct stack_room {
	struct frame *at;
	size_t max;
	struct js_counts js; /* of those put there */
};

void stack_names_done(struct stack_names *n);

/*
 * Reads the mappings of @t and hands them to all who need them; @unwind may be NULL. 0, or the
 * first error: names are taken even when the tables cannot be.
 */
int stack_names_refresh(const struct stack_names *n, struct unwind_tables *unwind,
			const struct target *t);
/* The same with mappings that were read already. */
int stack_names_take(const struct stack_names *n, struct unwind_tables *unwind,
		     const struct target *t, const struct procmaps *maps);

/*
 * The frames of address @index of @walked, innermost first; how many, 0: it lies in no code that is
 * known.
 */
size_t stack_names_frame(struct stack_names *n, const struct stack_code *code,
			 const struct stack_frames *walked, size_t index, struct stack_room *room);

/* Appends the frames of kernel stack @id; @is_switch: taken at a switch, ours are dropped. */
void stack_names_add_kernel(const struct stack_names *n, uint64_t id, bool is_switch,
			    struct named_stack *s);

/* Appends those of user stack @id; @code NULL: it was over before it was looked at. */
void stack_names_add_user(struct stack_names *n, const struct stack_code *code, uint64_t id,
			  struct named_stack *s);

/* The same for addresses that were walked otherwise; each inside its instruction. */
void stack_names_add_walked(struct stack_names *n, const struct stack_code *code,
			    const struct stack_frames *walked, struct named_stack *s);

/* "futex", "fsync (uninterruptible)", "page fault": in @buf. @syscall -1: in none. */
const char *stack_names_wait(int syscall, bool is_uninterruptible, const struct named_stack *s,
			     char *buf, size_t size);

/* Is the first argument of @syscall a descriptor that it waits for? */
bool stack_names_takes_file(int syscall);

#endif

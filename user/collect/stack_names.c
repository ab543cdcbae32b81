// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Kernel frames, user frames, and what the runtime says of code that it has made. */
#include "collect/stack_names.h"

#include "base/scope.h"
#include "symbol/perfmap.h"

#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

void stack_names_done(struct stack_names *n)
{
	strings_done(&n->js_names);
}

int stack_names_take(const struct stack_names *n, struct unwind_tables *unwind,
		     const struct target *t, const struct procmaps *maps)
{
	int err = process_code_take(n->symbols, unwind, t, maps);

	return err ? err : js_names_refresh(n->js, t, maps);
}

int stack_names_refresh(const struct stack_names *n, struct unwind_tables *unwind,
			const struct target *t)
{
	_release_(procmaps_done) struct procmaps maps = { 0 };
	int err = target_maps(t, &maps);

	return err ? err : stack_names_take(n, unwind, t, &maps);
}

static const char *keep(struct stack_names *n, const char *text)
{
	const char *kept = strings_keep(&n->js_names, text);

	return kept ? kept : ""; /* out of memory: as if not known */
}

/* By the map that the runtime writes, if it does. True: it told of the place. */
static bool name_jit(struct stack_names *n, const struct stack_code *code, uint64_t addr,
		     struct frame *f)
{
	struct perfmap_js js;
	const char *name;
	char text[TEXT_MAX];
	uint64_t start;

	if (!code->jit || f->kind != FRAME_JIT || f->function[0] ||
	    !jit_map_find(code->jit, addr, &name, &start))
		return false;
	f->offset = addr - start;
	if (!perfmap_js_name(name, &js)) {
		f->function = keep(n, name);
		return true;
	}
	(void)snprintf(text, sizeof(text), "%s%s", js.function, js_names_suffix(n->js, js.tier));
	f->function = keep(n, text);
	f->file = keep(n, js.file);
	f->line = js.line;
	f->column = js.column;
	return true;
}

/* At a switch the innermost frames are those of our own program, up to the scheduler's. */
#define OWN_FRAMES_MAX 8

static void drop_own(struct named_stack *s, size_t from)
{
	size_t own = from;

	while (own < s->len && own < from + OWN_FRAMES_MAX &&
	       strcmp(s->at[own].function, "__schedule") != 0)
		own++;
	if (own == s->len || own == from + OWN_FRAMES_MAX)
		return;
	memmove(s->at + from, s->at + own, (s->len - own) * sizeof(s->at[0]));
	s->len -= own - from;
}

void stack_names_add_kernel(const struct stack_names *n, uint64_t id, bool is_switch,
			    struct named_stack *s)
{
	struct stack_frames stack;
	size_t from = s->len;

	if (!n->kernel || stack_read(n->stacks_fd, id, &stack))
		return;
	for (size_t i = 0; i < stack.len && s->len < PROFILE_MAX_DEPTH; i++)
		kernel_symbols_find(n->kernel, stack.at[i], &s->at[s->len++]);
	if (is_switch)
		drop_own(s, from);
}

size_t stack_names_frame(struct stack_names *n, const struct stack_code *code,
			 const struct stack_frames *walked, size_t index, struct stack_room *room)
{
	struct js_place at = { .pid = code->names,
			       .place = walked->at[index],
			       .word = walked->js[index],
			       .is_caller = index > 0 };
	struct frame *first = room->at;
	size_t count = symbols_frames(n->symbols, code->names, at.place, first, room->max), js;
	bool is_named = count && name_jit(n, code, at.place, first);

	at.is_made = count && first->kind == FRAME_JIT;
	if (is_named && at.is_made) {
		room->js.frames += at.word != 0;
		return count;
	}
	js = js_names_find(n->js, &at, first, room->max, &room->js);
	return js ? js : count;
}

static void add_frame(struct stack_names *n, const struct stack_code *code,
		      const struct stack_frames *walked, size_t index, struct named_stack *s)
{
	struct stack_room room = { .at = s->at + s->len, .max = PROFILE_MAX_DEPTH - s->len };
	size_t count = code ? stack_names_frame(n, code, walked, index, &room) : 0;

	if (!count) { /* it was over before it was looked at */
		*room.at = (struct frame){ .function = "",
					   .file = "",
					   .module = "[unknown]",
					   .offset = walked->at[index] };
		count = 1;
	}
	s->len += count;
	js_counts_add(&s->js, &room.js, 1);
}

void stack_names_add_walked(struct stack_names *n, const struct stack_code *code,
			    const struct stack_frames *walked, struct named_stack *s)
{
	for (size_t i = 0; i < walked->len && s->len < PROFILE_MAX_DEPTH; i++)
		add_frame(n, code, walked, i, s);
	s->cut = walked->end == STACK_COMPLETE ? NULL : stack_end_texts[walked->end];
}

void stack_names_add_user(struct stack_names *n, const struct stack_code *code, uint64_t id,
			  struct named_stack *s)
{
	struct stack_frames stack;

	if (id == STACK_NONE)
		return;
	if (stack_read(n->stacks_fd, id, &stack))
		s->cut = "stack not recorded";
	else
		stack_names_add_walked(n, code, &stack, s);
}

static bool has_kernel_function(const struct named_stack *s, const char *name)
{
	for (size_t i = 0; i < s->len && s->at[i].kind == FRAME_KERNEL; i++)
		if (strstr(s->at[i].function, name))
			return true;
	return false;
}

const char *stack_names_wait(int syscall, bool is_uninterruptible, const struct named_stack *s,
			     char *buf, size_t size)
{
	const char *how = is_uninterruptible ? " (uninterruptible)" : "";
	char *name;

	if (has_kernel_function(s, "exc_page_fault")) {
		(void)snprintf(buf, size, "page fault%s", how);
		return buf;
	}
	name = syscall >= 0 ? seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, syscall) : NULL;
	(void)snprintf(buf, size, "%s%s", name ? name : "kernel", how);
	free(name);
	return buf;
}

bool stack_names_takes_file(int syscall)
{
	static const int calls[] = {
		SYS_read,	SYS_write,   SYS_pread64,   SYS_pwrite64,  SYS_readv,
		SYS_writev,	SYS_preadv,  SYS_pwritev,   SYS_fsync,	   SYS_fdatasync,
		SYS_flock,	SYS_fcntl,   SYS_ftruncate, SYS_fallocate, SYS_ioctl,
		SYS_getdents64, SYS_preadv2, SYS_pwritev2,  SYS_fstat,	   SYS_sync_file_range
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (syscall == calls[i])
			return true;
	return false;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What stacks and waits are called, and how long that is kept. */
#include "collect/loop_stall_state.h"

#include <string.h>

const char *loop_stall_keep(struct loop_stall *c, const char *text)
{
	const char *kept = strings_keep(&c->texts, text);

	return kept ? kept : ""; /* out of memory: as if not known */
}

const char *loop_stall_wait_text(struct loop_stall *c, uint32_t part, int32_t syscall,
				 const struct named_stack *s)
{
	char buf[96];

	if (part <= LOOP_THROTTLED)
		return "";
	if (part == LOOP_STOPPED)
		return "stopped";
	return loop_stall_keep(c,
			       stack_names_wait(syscall, part == LOOP_DISK, s, buf, sizeof(buf)));
}

const struct frame *loop_stall_keep_frames(struct loop_stall *c, const struct named_stack *s)
{
	struct frame *frames = arena_alloc(&c->arena, (s->len + 1) * sizeof(*frames));

	if (frames)
		memcpy(frames, s->at, s->len * sizeof(*frames));
	return frames;
}

/* Code that was made since the mappings were read has a name in the JIT map only by now. */
static bool is_new_code(const struct loop_stall *c, pid_t pid, const struct stack_frames *stack)
{
	for (size_t i = 0; i < stack->len; i++) {
		const char *module = symbols_module(c->names.symbols, pid, stack->at[i]);

		if (!module || strcmp(module, "[jit]") == 0)
			return true;
	}
	return false;
}

static void resolve(struct loop_stall *c, pid_t pid, uint64_t id)
{
	struct stack_frames stack;

	if (stack_read(c->names.stacks_fd, id, &stack))
		return;
	if (is_new_code(c, pid, &stack))
		processes_refresh_one(&c->processes, pid);
	(void)symbols_resolve(c->names.symbols, pid, stack.at, stack.len);
}

const struct named *loop_stall_name(struct loop_stall *c, const struct named_key *key)
{
	struct named_stack *s = c->scratch;
	struct stack_code code;
	struct named *n;

	HASH_FIND(hh, c->named, key, sizeof(*key), n);
	if (n)
		return n;
	n = arena_alloc(&c->arena, sizeof(*n));
	if (!n)
		return NULL;
	memset(n, 0, sizeof(*n));
	s->len = 0;
	s->cut = NULL;
	s->js = (struct js_counts){ 0 };
	resolve(c, (pid_t)key->tgid, key->user);
	code = processes_code(&c->processes, (pid_t)key->tgid);
	stack_names_add_kernel(&c->names, key->kernel, key->part != LOOP_RUNNING, s);
	stack_names_add_user(&c->names, &code, key->user, s);
	js_counts_add(&c->js_counts, &s->js, 1);
	n->key = *key;
	n->frames = loop_stall_keep_frames(c, s);
	n->depth = s->len;
	n->cut = s->cut;
	n->wait = loop_stall_wait_text(c, key->part, key->syscall, s);
	if (!n->frames)
		return NULL;
	HASH_ADD(hh, c->named, key, sizeof(n->key), n);
	return n->hh.tbl ? n : NULL;
}

void loop_stall_forget_told(struct loop_stall *c)
{
	if (!c->options->is_endless)
		return;
	strings_done(&c->texts);
	arena_done(&c->arena);
}

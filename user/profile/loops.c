// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a stall is made of in words, whom to blame for it, and all of them as a profile. */
#include "profile/loops.h"

#include "base/scope.h"

#include <errno.h>
#include <string.h>

/* A page read from a disk takes about as long; more of them, and they are what the time went to. */
#define NS_PER_MAJOR_FAULT 1000000u

const char *const loop_part_names[LOOP_PARTS] = {
	[LOOP_RUNNING] = "running", [LOOP_RUN_QUEUE] = "run_queue", [LOOP_THROTTLED] = "throttled",
	[LOOP_DISK] = "disk",	    [LOOP_SLEEP] = "sleep",	    [LOOP_NESTED] = "nested",
	[LOOP_FAULT] = "fault",	    [LOOP_STOPPED] = "stopped",	    [LOOP_GC] = "gc",
};

const char *const loop_part_texts[LOOP_PARTS] = {
	[LOOP_RUNNING] = "running",  [LOOP_RUN_QUEUE] = "CPU wait", [LOOP_THROTTLED] = "throttled",
	[LOOP_DISK] = "disk",	     [LOOP_SLEEP] = "sleep",	    [LOOP_NESTED] = "nested wait",
	[LOOP_FAULT] = "page fault", [LOOP_STOPPED] = "stopped",    [LOOP_GC] = "GC",
};

const char *const stall_verdict_names[STALL_VERDICTS] = {
	[STALL_COMPUTING] = "computing",
	[STALL_WAITS_FOR_CPU] = "run_queue",
	[STALL_IS_THROTTLED] = "throttled",
	[STALL_IN_DISK] = "disk",
	[STALL_IN_SLEEP] = "sleep",
	[STALL_IN_CHILD] = "child",
	[STALL_IN_FAULTS] = "page_faults",
	[STALL_IS_STOPPED] = "stopped",
	[STALL_IN_GC] = "gc",
	[STALL_UNKNOWN] = "unknown",
};

const char *const stall_verdict_texts[STALL_VERDICTS] = {
	[STALL_COMPUTING] = "computing",
	[STALL_WAITS_FOR_CPU] = "waiting for a CPU: not its own code",
	[STALL_IS_THROTTLED] = "throttled by its cgroup: not its own code",
	[STALL_IN_DISK] = "waiting for the disk",
	[STALL_IN_SLEEP] = "asleep in a system call",
	[STALL_IN_CHILD] = "waiting for a child process or a nested loop",
	[STALL_IN_FAULTS] = "page faults that read",
	[STALL_IS_STOPPED] = "stopped from outside: not its own code",
	[STALL_IN_GC] = "garbage collection",
	[STALL_UNKNOWN] = "not divided",
};

/* --- verdict ---------------------------------------------------------------------------------- */

static enum loop_part largest_part(const struct stall *s)
{
	enum loop_part largest = LOOP_RUNNING;

	for (enum loop_part i = LOOP_RUNNING; i < LOOP_PARTS; i++)
		if (s->part_ns[i] > s->part_ns[largest])
			largest = i;
	return largest;
}

static bool waits_for_child(const struct stall *s)
{
	return s->longest_part == LOOP_SLEEP && s->longest_wait &&
	       (!strcmp(s->longest_wait, "wait4") || !strcmp(s->longest_wait, "waitid"));
}

static bool is_faulting(const struct stall *s, enum loop_part largest)
{
	return (largest == LOOP_DISK || largest == LOOP_RUNNING) &&
	       s->maj_faults > s->part_ns[largest] / NS_PER_MAJOR_FAULT;
}

enum stall_verdict stall_verdict(const struct stall *s)
{
	static const enum stall_verdict verdicts[LOOP_PARTS] = {
		[LOOP_RUNNING] = STALL_COMPUTING,
		[LOOP_RUN_QUEUE] = STALL_WAITS_FOR_CPU,
		[LOOP_THROTTLED] = STALL_IS_THROTTLED,
		[LOOP_DISK] = STALL_IN_DISK,
		[LOOP_SLEEP] = STALL_IN_SLEEP,
		[LOOP_NESTED] = STALL_IN_CHILD,
		[LOOP_FAULT] = STALL_IN_FAULTS,
		[LOOP_STOPPED] = STALL_IS_STOPPED,
		[LOOP_GC] = STALL_IN_GC,
	};
	uint64_t queue_ns = s->part_ns[LOOP_RUN_QUEUE], throttled_ns = s->part_ns[LOOP_THROTTLED];
	enum loop_part largest = largest_part(s);

	if (!s->part_ns[largest])
		return STALL_UNKNOWN;
	if (queue_ns + throttled_ns >= s->ns - s->ns / 2)
		return throttled_ns > queue_ns ? STALL_IS_THROTTLED : STALL_WAITS_FOR_CPU;
	if (is_faulting(s, largest))
		return STALL_IN_FAULTS;
	if (largest == LOOP_SLEEP && waits_for_child(s))
		return STALL_IN_CHILD;
	return verdicts[largest];
}

bool stall_is_own(const struct stall *s)
{
	enum stall_verdict verdict = stall_verdict(s);

	return verdict != STALL_WAITS_FOR_CPU && verdict != STALL_IS_THROTTLED &&
	       verdict != STALL_IS_STOPPED;
}

/* --- as a profile ----------------------------------------------------------------------------- */

/* A stall on its way into the profile: no more goes in than it has. */
struct share {
	struct profile *profile;
	const struct loop_info *loop;
	uint64_t left_ns;
};

static enum profile_state state_of(enum loop_part part, const char *wait)
{
	if (part == LOOP_RUN_QUEUE || part == LOOP_THROTTLED)
		return PROFILE_RUNNABLE;
	if (part == LOOP_RUNNING || (part == LOOP_GC && !wait[0]))
		return PROFILE_ON_CPU;
	return PROFILE_BLOCKED;
}

static int add(struct share *share, const struct stall_stack *s)
{
	uint64_t ns = s->ns < share->left_ns ? s->ns : share->left_ns;
	enum profile_state state = state_of(s->part, s->wait);
	bool is_too_deep = s->depth > PROFILE_MAX_DEPTH;
	struct profile_sample sample = {
		.pid = share->loop->pid,
		.tid = share->loop->tid,
		.process = share->loop->process,
		.thread = share->loop->thread,
		.state = state,
		.wait = state == PROFILE_BLOCKED ? s->wait : "",
		.cut = is_too_deep ? "too deep" : s->cut,
		.frames = s->frames,
		.depth = is_too_deep ? PROFILE_MAX_DEPTH : s->depth,
		.count = 1,
		.weight = ns,
	};

	if (!ns)
		return 0;
	share->left_ns -= ns;
	return profile_add(share->profile, &sample);
}

/* One frame of that name in place of a stack. */
static int add_named(struct share *share, enum loop_part part, const char *name, uint64_t ns)
{
	const struct frame frame = { .function = name, .module = "", .file = "" };
	const struct stall_stack stack = {
		.part = part,
		.wait = state_of(part, "") == PROFILE_BLOCKED ? loop_part_texts[part] : "",
		.ns = ns,
		.frames = &frame,
		.depth = 1,
	};

	return add(share, &stack);
}

/* Nobody's code: these parts never have a stack to blame. */
static int add_foreign(struct share *share, const struct stall *s)
{
	int err = add_named(share, LOOP_RUN_QUEUE, "[CPU wait]", s->part_ns[LOOP_RUN_QUEUE]);

	if (!err)
		err = add_named(share, LOOP_THROTTLED, "[throttled]", s->part_ns[LOOP_THROTTLED]);
	if (!err)
		err = add_named(share, LOOP_STOPPED, "[stopped]", s->part_ns[LOOP_STOPPED]);
	return err;
}

static bool is_foreign(enum loop_part part)
{
	return part == LOOP_RUN_QUEUE || part == LOOP_THROTTLED || part == LOOP_STOPPED;
}

/* The stacks, and of each part what they leave. */
static int add_own(struct share *share, const struct stall *s)
{
	uint64_t left_ns[LOOP_PARTS];
	int err = 0;

	memcpy(left_ns, s->part_ns, sizeof(left_ns));
	for (size_t i = 0; i < s->stack_count && !err; i++) {
		const struct stall_stack *stack = &s->stacks[i];
		uint64_t *left = &left_ns[stack->part];

		if (is_foreign(stack->part))
			continue;
		*left -= stack->ns < *left ? stack->ns : *left;
		err = add(share, stack);
	}
	for (enum loop_part part = LOOP_RUNNING; part < LOOP_PARTS && !err; part++)
		if (!is_foreign(part))
			err = add_named(share, part, "[no sample]", left_ns[part]);
	return err ? err : add_named(share, LOOP_RUNNING, "[no sample]", share->left_ns);
}

static int add_stall(struct profile *p, const struct loops *l, const struct stall *s)
{
	struct share share = { .profile = p, .loop = &l->loops[s->loop], .left_ns = s->ns };
	int err = add_foreign(&share, s);

	if (!err && stall_is_own(s))
		err = add_own(&share, s);
	return err ? err : add_named(&share, LOOP_RUNNING, "[not to blame]", share.left_ns);
}

/* What has a name in a program has a module, or is the kernel's. */
bool loops_is_stack(const struct profile *p, const struct profile_stack *s)
{
	const struct frame *f = s->depth == 1 ? profile_frame(p, s->frames[0]) : NULL;

	return !f || f->module[0] || f->function[0] != '[';
}

int loops_profile(const struct loops *l, struct profile **ret)
{
	_release_(profile_freep) struct profile *p = profile_new();
	int err = p ? 0 : -ENOMEM;

	for (size_t i = 0; i < l->stall_count && !err; i++)
		err = add_stall(p, l, &l->stalls[i]);
	if (!err)
		err = profile_finish(p);
	if (err)
		return err;
	*ret = p;
	p = NULL;
	return 0;
}

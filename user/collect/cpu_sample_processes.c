// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The processes that are sampled: asked for, their children, or met on the way with -a. */
#include "collect/cpu_sample_state.h"
#include "collect/targets.h"

#include "base/scope.h"
#include "host/cli.h"
#include "host/log.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define REFRESH_NS NS_PER_S
#define OPEN_MAX   512 /* processes held with -a; three descriptors each */

struct sampled *cpu_sample_find(struct cpu_sample *c, pid_t pid)
{
	struct sampled *s;

	HASH_FIND(hh, c->processes, &pid, sizeof(pid), s);
	return s;
}

size_t cpu_sample_running(const struct cpu_sample *c)
{
	size_t running = 0;

	for (const struct sampled *s = c->processes; s; s = s->hh.next)
		running += !s->is_ended;
	return running;
}

static void let_go(struct sampled *s)
{
	if (!s->is_open)
		return;
	jit_map_free(s->now.jit); /* it reads by the target */
	s->now.jit = NULL;
	js_names_forget(s->owner->js, s->pid);
	target_done(&s->target);
	s->is_open = false;
	s->owner->open_count--;
}

void sampled_free(struct sampled *s)
{
	let_go(s);
	programs_done(s);
	free(s);
}

static void forget_target(struct sampled *s)
{
	uint32_t tgid = (uint32_t)s->pid;

	(void)bpf_map_delete_elem(bpf_map__fd(s->owner->skel->maps.targets), &tgid);
}

/* It stays, held, for its names: samples that were taken are still to be named. */
static void end(struct sampled *s)
{
	uint32_t tgid = (uint32_t)s->pid;

	s->is_ended = true;
	unwind_tables_forget(s->owner->unwind, s->pid);
	js_names_forget(s->owner->js, s->pid);
	forget_target(s);
	(void)bpf_map_delete_elem(bpf_map__fd(s->owner->skel->maps.process_asked), &tgid);
	if (s->is_open && !s->owner->options->is_system_wide)
		(void)loop_remove_fd(s->owner->loop, s->target.pidfd);
}

static int on_ended(void *ctx)
{
	struct sampled *s = ctx;

	const struct cpu_sample_options *o = s->owner->options;

	end(s);
	return cpu_sample_running(s->owner) || o->is_system_wide || o->is_live ? 0 : 1;
}

static int set_target(struct sampled *s, enum target_recording recording)
{
	struct target_state state = { .slot = s->slot, .is_stopped = recording };
	uint32_t tgid = (uint32_t)s->pid;

	return bpf_map_update_elem(bpf_map__fd(s->owner->skel->maps.targets), &tgid, &state,
				   BPF_ANY);
}

static int open_target(struct sampled *s, pid_t *ret_tgid)
{
	struct cpu_sample *c = s->owner;
	int err = target_open(&s->target, s->pid, ret_tgid);

	if (err)
		return err;
	s->is_open = true;
	c->open_count++;
	return c->options->is_system_wide ? 0 : loop_add_fd(c->loop, s->target.pidfd, on_ended, s);
}

static void drop(struct cpu_sample *c, struct sampled *s)
{
	HASH_DEL(c->processes, s);
	sampled_free(s);
}

/* One of that number that has ended goes. */
static struct sampled *take(struct cpu_sample *c, pid_t pid)
{
	struct sampled *before = cpu_sample_find(c, pid);
	struct sampled *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	if (before)
		drop(c, before);
	s->pid = pid;
	s->owner = c;
	s->target.pidfd = -1;
	HASH_ADD(hh, c->processes, pid, sizeof(s->pid), s);
	if (!s->hh.tbl) {
		free(s);
		return NULL;
	}
	return s;
}

/* 0, -E2BIG (too many processes) or why it cannot be sampled. */
static int begin(struct cpu_sample *c, pid_t pid, pid_t *ret_tgid)
{
	struct sampled *s;
	int err;

	if (c->slots == TARGETS_MAX)
		return -E2BIG;
	s = take(c, pid);
	if (!s)
		return -ENOMEM;
	s->slot = c->slots;
	err = open_target(s, ret_tgid);
	if (!err && !s->target.exe[0])
		err = -ENOEXEC;
	if (!err)
		err = set_target(s, TARGET_ATTACHING); /* an exec while we look is told of */
	if (!err)
		err = sampled_refresh(s);
	if (!err)
		err = set_target(s, TARGET_RECORDS); /* from now on its stacks can be walked */
	if (err) {
		forget_target(s);
		drop(c, s);
		return err;
	}
	c->slots++;
	return 0;
}

int cpu_sample_add(struct cpu_sample *c, pid_t pid)
{
	struct sampled *known = cpu_sample_find(c, pid);
	pid_t tgid = 0;
	int err;

	if (known && !known->is_ended) /* named twice */
		return EXIT_DONE;
	err = begin(c, pid, &tgid);
	if (err == -ENOEXEC) {
		log_error("%d is a thread of the kernel", pid);
		log_hint("use -a, which samples them too");
		return EXIT_NO_TARGET;
	}
	return err ? targets_say_not_opened(pid, err, tgid) : EXIT_DONE;
}

int cpu_sample_add_descendant(struct cpu_sample *c, pid_t pid)
{
	struct sampled *known = cpu_sample_find(c, pid);
	pid_t tgid = 0;
	int err = known && !known->is_ended ? 0 : begin(c, pid, &tgid);

	c->missed_children += err != 0;
	return EXIT_DONE;
}

bool cpu_sample_has_thread(const struct cpu_sample *c, pid_t tid)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d", tid);
	if (c->options->is_system_wide)
		return access(path, F_OK) == 0;
	for (const struct sampled *s = c->processes; s; s = s->hh.next) {
		(void)snprintf(path, sizeof(path), "/proc/%d/task/%d", s->pid, tid);
		if (access(path, F_OK) == 0)
			return true;
	}
	return false;
}

/* A process met with -a: held when there is room, else looked at once: there may be thousands. */
static void meet(struct cpu_sample *c, pid_t pid)
{
	struct sampled *s = cpu_sample_find(c, pid);
	pid_t ignored;

	if (!s)
		s = take(c, pid);
	if (!s)
		return;
	if (s->is_ended) { /* its number was given to another */
		let_go(s);
		sampled_begin_anew(s);
	}
	s->is_ended = false;
	if (s->is_open || open_target(s, &ignored) == 0)
		(void)sampled_refresh(s); /* else its stacks end early: counted */
	if (c->open_count > OPEN_MAX)
		let_go(s);
}

void cpu_sample_meet_all(struct cpu_sample *c)
{
	_release_(pid_list_done) struct pid_list pids = { 0 };

	meet(c, 1);
	if (procfs_descendants(1, &pids))
		return; /* they are met when they are seen */
	for (size_t i = 0; i < pids.len; i++)
		meet(c, pids.at[i]);
}

void cpu_sample_meet_children(struct cpu_sample *c)
{
	for (const struct sampled *s = c->processes; s; s = s->hh.next) {
		_release_(pid_list_done) struct pid_list below = { 0 };

		if (s->is_ended || procfs_descendants(s->pid, &below))
			continue;
		for (size_t i = 0; i < below.len; i++)
			(void)cpu_sample_add_descendant(c, below.at[i]);
	}
}

int cpu_sample_process_event(struct cpu_sample *c, const struct process_event *event)
{
	struct sampled *s = cpu_sample_find(c, (pid_t)event->header.tgid);

	if (c->stopped_ns)
		return 0;
	switch (event->header.kind) {
	case PROCESS_FORK:
		(void)cpu_sample_add_descendant(c, (pid_t)event->child);
		break;
	case PROCESS_EXEC:
		if (s && s->is_open)
			(void)sampled_refresh(s); /* else its stacks end early: counted */
		break;
	case PROCESS_EXIT:
		if (s && c->options->is_system_wide)
			end(s);
		break;
	case PROCESS_MAPPED:
		if (c->options->is_system_wide)
			meet(c, (pid_t)event->header.tgid);
		else if (s && s->is_open)
			(void)sampled_refresh(s); /* gone by now: its end is told of too */
		break;
	default:
		break;
	}
	return 0;
}

int cpu_sample_housekeeping(void *ctx)
{
	struct cpu_sample *c = ctx;
	uint64_t now_ns = clock_monotonic_ns();
	int n = ring_buffer__consume(c->ring);

	if (n < 0)
		return n;
	if (now_ns - c->refreshed_ns < REFRESH_NS)
		return 0;
	c->refreshed_ns = now_ns;
	for (struct sampled *s = c->processes; s; s = s->hh.next)
		if (s->is_open && !s->is_ended)
			(void)sampled_refresh(s);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Asked for, or their children. */
#include "collect/processes.h"

#include "base/scope.h"
#include "collect/targets.h"
#include "host/cli.h"
#include "host/clock.h"
#include "host/log.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#define REFRESH_NS	 NS_PER_S
#define REFRESH_AGAIN_NS (50 * NS_PER_MS)

struct process *processes_find(const struct processes *p, pid_t pid)
{
	struct process *found;

	HASH_FIND(hh, p->all, &pid, sizeof(pid), found);
	return found;
}

struct stack_code processes_code(const struct processes *p, pid_t pid)
{
	const struct process *s = processes_find(p, pid);

	return (struct stack_code){ .names = pid, .jit = s ? s->jit : NULL };
}

size_t processes_running(const struct processes *p)
{
	size_t running = 0;

	for (const struct process *s = p->all; s; s = s->hh.next)
		running += !s->is_ended;
	return running;
}

static void release(struct process *s)
{
	if (s->is_open) {
		jit_map_free(s->jit); /* it reads by the target, as the next */
		js_names_forget(s->set->names->js, s->pid);
		target_done(&s->target);
	}
	uprobes_detach(&s->probes);
	free(s);
}

void processes_done(struct processes *p)
{
	struct process *s, *next;

	HASH_ITER (hh, p->all, s, next) {
		HASH_DEL(p->all, s);
		release(s);
	}
}

/* The kernel side knows it no more. */
static void withdraw(const struct process *s)
{
	const struct processes *p = s->set;
	uint32_t tgid = (uint32_t)s->pid;

	unwind_tables_forget(p->unwind, s->pid);
	js_names_forget(p->names->js, s->pid);
	(void)bpf_map_delete_elem(p->targets_fd, &tgid);
	(void)bpf_map_delete_elem(p->asked_fd, &tgid);
	(void)loop_remove_fd(p->loop, s->target.pidfd);
}

/* It stays, held, for its names: what was taken is still to be named. */
static int on_ended(void *ctx)
{
	struct process *s = ctx;
	struct processes *p = s->set;

	s->is_ended = true;
	withdraw(s);
	return p->is_endless || p->is_live || processes_running(p) ? 0 : 1;
}

static int refresh(struct process *s)
{
	struct processes *p = s->set;
	int err;

	s->refreshed_ns = clock_monotonic_ns();
	if (!p->has_stacks)
		return 0;
	if (!s->jit)
		(void)jit_map_open(&s->target, &s->jit); /* without it the names are missing */
	if (s->jit)
		(void)jit_map_refresh(s->jit); /* most processes have none */
	err = stack_names_refresh(p->names, p->unwind, &s->target);
	if (err || p->unwind)
		return err;
	return process_code_set_ranges(p->names->symbols, s->pid, p->code_fd, s->slot);
}

static int open_target(struct process *s, pid_t *ret_tgid)
{
	int err = target_open(&s->target, s->pid, ret_tgid);

	if (err)
		return err;
	s->is_open = true;
	if (!s->target.exe[0])
		return -ENOEXEC;
	return loop_add_fd(s->set->loop, s->target.pidfd, on_ended, s);
}

static int tell(const struct process *s, enum target_recording recording)
{
	struct target_state state = { .slot = s->slot, .is_stopped = recording };
	uint32_t tgid = (uint32_t)s->pid;

	return bpf_map_update_elem(s->set->targets_fd, &tgid, &state, BPF_ANY);
}

static void drop(struct processes *p, struct process *s)
{
	if (s->is_open)
		(void)loop_remove_fd(p->loop, s->target.pidfd); /* if it was added */
	HASH_DEL(p->all, s);
	release(s);
}

/* --- letting go ------------------------------------------------------------------------------- */

void processes_detach(const struct processes *p)
{
	struct uprobe_links all = { 0 };

	for (struct process *s = p->all; s; s = s->hh.next)
		uprobes_move(&s->probes, &all);
	uprobes_detach(&all);
}

static void let_go(struct processes *p, struct process *s)
{
	if (!s->is_ended) {
		(void)tell(s,
			   TARGET_STOPPED); /* or a probe that goes before another leads astray */
		uprobes_detach(&s->probes);
		withdraw(s);
	}
	if (p->on_gone)
		p->on_gone(p->ctx, s);
	p->free_slots[p->free_count++] = s->slot;
	drop(p, s);
}

void processes_remove(struct processes *p, pid_t pid)
{
	struct process *s = processes_find(p, pid);

	if (s)
		let_go(p, s);
}

void processes_let_go_ended(struct processes *p)
{
	struct uprobe_links going = { 0 };
	struct process *s, *next;

	for (s = p->all; s; s = s->hh.next)
		if (s->is_ended)
			uprobes_move(&s->probes, &going);
	uprobes_detach(&going);
	HASH_ITER (hh, p->all, s, next)
		if (s->is_ended)
			let_go(p, s);
}

/* --- beginning -------------------------------------------------------------------------------- */

/* One of that number that has ended goes. */
static void make_room(struct processes *p, pid_t pid)
{
	struct process *before = processes_find(p, pid);

	if (before && p->is_endless)
		let_go(p, before);
	else if (before)
		drop(p, before);
}

static struct process *take(struct processes *p, pid_t pid)
{
	struct process *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->pid = pid;
	s->set = p;
	s->slot = p->free_count ? p->free_slots[p->free_count - 1] : p->slots;
	s->target.pidfd = -1;
	s->begun_ns = clock_monotonic_ns();
	HASH_ADD(hh, p->all, pid, sizeof(s->pid), s);
	if (!s->hh.tbl) {
		free(s);
		return NULL;
	}
	return s;
}

/* 0, -E2BIG (too many processes) or why it cannot be observed. */
static int begin(struct processes *p, pid_t pid, pid_t *ret_tgid)
{
	struct process *s;
	int err;

	make_room(p, pid);
	if (p->slots == TARGETS_MAX && !p->free_count)
		return -E2BIG;
	s = take(p, pid);
	if (!s)
		return -ENOMEM;
	err = open_target(s, ret_tgid);
	if (!err)
		err = refresh(s);
	if (!err)
		err = tell(s, TARGET_RECORDS);
	if (err) {
		drop(p, s);
		return err;
	}
	if (p->free_count)
		p->free_count--;
	else
		p->slots++;
	return 0;
}

static bool is_known(const struct processes *p, pid_t pid)
{
	const struct process *s = processes_find(p, pid);

	return s && !s->is_ended;
}

int processes_add(void *ctx, pid_t pid)
{
	struct processes *p = ctx;
	pid_t tgid = 0;
	int err;

	if (is_known(p, pid)) /* named twice */
		return EXIT_DONE;
	err = begin(p, pid, &tgid);
	if (err && p->is_endless)
		return targets_pass_over(pid, err);
	if (err == -ENOEXEC) {
		log_error("%d is a thread of the kernel", pid);
		return EXIT_NO_TARGET;
	}
	return err ? targets_say_not_opened(pid, err, tgid) : EXIT_DONE;
}

int processes_add_descendant(void *ctx, pid_t pid)
{
	struct processes *p = ctx;
	pid_t tgid = 0;

	if (!is_known(p, pid) && begin(p, pid, &tgid))
		p->missed_children++;
	return EXIT_DONE;
}

void processes_meet_children(struct processes *p)
{
	for (const struct process *s = p->all; s; s = s->hh.next) {
		_release_(pid_list_done) struct pid_list below = { 0 };

		if (s->is_ended || procfs_descendants(s->pid, &below))
			continue;
		for (size_t i = 0; i < below.len; i++)
			(void)processes_add_descendant(p, below.at[i]);
	}
}

bool processes_probes_are_new(struct process *s, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return true;
	if ((s->probes.len || s->probes.fd_count) && s->probed_device == st.st_dev &&
	    s->probed_inode == st.st_ino)
		return false;
	s->probed_device = st.st_dev;
	s->probed_inode = st.st_ino;
	return true;
}

/* Other code under the same number. */
static void on_exec(struct process *s)
{
	if (s->set->is_endless) {
		struct processes *p = s->set;
		pid_t pid = s->pid;

		let_go(p, s);
		(void)processes_add_descendant(p, pid);
		return;
	}
	unwind_tables_forget(s->set->unwind, s->pid);
	js_names_drop(s->set->names->js, s->pid);
	jit_map_free(s->jit);
	s->jit = NULL;
	s->is_probed = false;
	(void)refresh(s); /* else its stacks end early: counted */
}

void processes_on_event(struct processes *p, const struct process_event *event)
{
	struct process *s = processes_find(p, (pid_t)event->header.tgid);

	if (event->header.kind == PROCESS_FORK)
		(void)processes_add_descendant(p, (pid_t)event->child);
	if (!s || s->is_ended)
		return;
	if (event->header.kind == PROCESS_EXEC)
		on_exec(s);
	if (event->header.kind == PROCESS_MAPPED)
		(void)refresh(s); /* gone by now: its end is told of too */
}

void processes_refresh_one(struct processes *p, pid_t pid)
{
	struct process *s = processes_find(p, pid);

	if (s && !s->is_ended && clock_monotonic_ns() - s->refreshed_ns >= REFRESH_AGAIN_NS)
		(void)refresh(s); /* else names are missing */
}

void processes_refresh(struct processes *p, bool is_due)
{
	uint64_t now_ns = clock_monotonic_ns();

	if (is_due && now_ns - p->refreshed_ns < REFRESH_NS)
		return;
	p->refreshed_ns = now_ns;
	for (struct process *s = p->all; s; s = s->hh.next)
		if (!s->is_ended)
			(void)refresh(s);
}

void processes_freeze(const struct processes *p)
{
	for (const struct process *s = p->all; s; s = s->hh.next)
		if (!s->is_ended)
			(void)tell(s, TARGET_STOPPED); /* else its probes go one by one */
}

const char *processes_describe(struct processes *p)
{
	const struct process *first = p->all;
	size_t count = HASH_COUNT(p->all);

	if (count > 1)
		(void)snprintf(p->description, sizeof(p->description),
			       "%zu processes, first %s (PID %d)", count, first->target.comm,
			       first->pid);
	else if (first)
		(void)snprintf(p->description, sizeof(p->description), "%s (PID %d)",
			       first->target.comm, first->pid);
	return p->description;
}

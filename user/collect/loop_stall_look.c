// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What threads do that did it before anything could be seen. */
#include "collect/loop_stall_state.h"

#include "base/parse.h"
#include "base/scope.h"
#include "base/vec.h"
#include "host/log.h"
#include "probe/unwind_look.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define REGISTER_SP 7	/* its DWARF number */
#define SYSCALL_MAX 512 /* of the file that says where a thread is */

static int read_looks(struct loop_stall *c, int fd)
{
	struct loop_look look;
	ssize_t len;

	c->looks.len = 0;
	while ((len = read(fd, &look, sizeof(look))) > 0) {
		struct loop_look *place;

		if (len != sizeof(look))
			return -EIO;
		place = vec_push(&c->looks);
		if (!place)
			return -ENOMEM;
		*place = look;
	}
	return len < 0 ? -errno : 0;
}

/* Does another thread of @pid wait on epoll instance @fd? */
static bool is_waited_on(const struct loop_stall *c, pid_t pid, int fd)
{
	for (size_t i = 0; i < c->loops.len; i++) {
		const struct seen_loop *l = c->loops.at[i];

		if (l->info.pid == pid && l->state.wait == LOOP_WAIT_EPOLL && l->state.fd == fd)
			return true;
	}
	return false;
}

/* Has process @p an epoll instance that none of its threads is seen to wait on? */
static bool has_free_epoll(const struct loop_stall *c, const struct process *p)
{
	int dir_fd = openat(p->target.proc_fd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = dir_fd >= 0 ? fdopendir(dir_fd) : NULL;
	const struct dirent *entry;
	bool is_found = false;

	if (!dir) {
		closep(&dir_fd);
		return false;
	}
	while (!is_found && (entry = readdir(dir))) {
		char link[64] = { 0 };
		uint64_t fd = 0;

		if (parse_u64(entry->d_name, INT32_MAX, &fd) ||
		    readlinkat(dir_fd, entry->d_name, link, sizeof(link) - 1) < 0)
			continue;
		is_found = strcmp(link, "anon_inode:[eventpoll]") == 0 &&
			   !is_waited_on(c, p->pid, (int)fd);
	}
	(void)closedir(dir);
	return is_found;
}

/* Main threads that were busy when they were first looked at: stuck loops, as far as can be known.
 */
static void find_stuck(struct loop_stall *c)
{
	for (size_t i = 0; i < c->loops.len; i++) {
		struct seen_loop *l = c->loops.at[i];
		const struct process *p = processes_find(&c->processes, l->info.pid);

		if (p && l->state.is_at_least && !l->state.waits && !l->may_be_stuck)
			l->may_be_stuck = has_free_epoll(c, p);
	}
}

/* Is it asleep, between two waits, and did no switch say where? */
static bool is_unknown(const struct loop_state *s)
{
	return s->out_ns && !s->is_waiting && s->busy_since_ns && s->out_part > LOOP_THROTTLED &&
	       s->out_user == STACK_NONE && s->out_kernel == STACK_NONE;
}

static int name_looks(struct loop_stall *c)
{
	int err = 0;

	for (size_t i = 0; i < c->loops.len && !err; i++) {
		struct seen_loop *l = c->loops.at[i];

		if (c->options->has_stacks && !l->is_ended && is_unknown(&l->state))
			err = loop_stall_name_look(c, l);
	}
	return err;
}

int loop_stall_look(struct loop_stall *c)
{
	_release_(closep) int link = -1;
	_release_(closep) int fd = -1;
	int err;

	link = bpf_link_create(bpf_program__fd(c->skel->progs.look_at), 0, BPF_TRACE_ITER, NULL);
	if (link >= 0)
		fd = bpf_iter_create(link);
	if (fd < 0)
		return -errno;
	err = read_looks(c, fd);
	if (!err)
		err = loop_stall_read_loops(c);
	if (err)
		return err;
	find_stuck(c);
	return name_looks(c);
}

static const struct loop_look *look_of(const struct loop_stall *c, pid_t tid)
{
	for (size_t i = 0; i < c->looks.len; i++)
		if (c->looks.at[i].tid == (uint32_t)tid)
			return &c->looks.at[i];
	return NULL;
}

/* Is the thread where it was at @look? Then what was read of its stack since is of that moment. */
static bool is_still_there(const struct process *p, const struct loop_look *look)
{
	_release_(freep) char *text = NULL;
	_release_(closep) int fd = -1;
	char path[48], where[64];
	size_t len = 0, where_len;

	(void)snprintf(path, sizeof(path), "task/%u/syscall", look->tid);
	fd = openat(p->target.proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || procfs_read(fd, SYSCALL_MAX, &text, &len))
		return false;
	(void)snprintf(where, sizeof(where), " 0x%llx 0x%llx\n", look->registers[REGISTER_SP],
		       look->pc);
	where_len = strlen(where);
	return len > where_len && strcmp(text + len - where_len, where) == 0;
}

bool loop_stall_looked_at(struct loop_stall *c, const struct seen_loop *l, struct named_stack *s)
{
	const struct loop_look *look = look_of(c, l->info.tid);
	const struct process *p = processes_find(&c->processes, l->info.pid);
	const struct stack_code code = processes_code(&c->processes, l->info.pid);
	struct stack_frames stack;
	int err = -ENOENT;

	if (!look || !p || !look->task_state || look->syscall != l->state.out_syscall)
		return false;
	if (c->processes.unwind)
		err = unwind_look(&c->unwind_maps, &p->target, look->registers, look->pc, &stack);
	if (!err && !is_still_there(p, look))
		return false;
	for (size_t i = 0; c->kernel && i < look->kernel_depth && i < LOOP_LOOK_FRAMES; i++)
		kernel_symbols_find(c->kernel, look->kernel[i] - 1, &s->at[s->len++]);
	if (!err) {
		(void)symbols_resolve(c->names.symbols, l->info.pid, stack.at, stack.len);
		stack_names_add_walked(&c->names, &code, &stack, s);
	}
	return s->len > 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One look at one process: its mappings, its counters, its cgroup. */
#include "collect/mem_watch_state.h"

#include "base/scope.h"
#include "base/text.h"
#include "base/vec.h"
#include "host/clock.h"
#include "profile/memory_pools.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define SMAPS_MAX   (256u << 20)
#define THREADS_MAX 2048 /* whose stacks are looked for */

static int read_smaps(const struct target *t, struct smaps *ret)
{
	_release_(closep) int fd = openat(t->proc_fd, "smaps", O_RDONLY | O_CLOEXEC);
	_release_(freep) char *text = NULL;
	uint64_t bad_at;
	size_t len;
	int err;

	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	err = procfs_read(fd, SMAPS_MAX, &text, &len);
	if (err)
		return err;
	if (!len)
		return -ESRCH; /* a zombie's; nothing that runs has no memory */
	return smaps_parse((struct bytes){ (const uint8_t *)text, len }, ret, &bad_at);
}

/* --- threads ---------------------------------------------------------------------------------- */

static int compare_stacks(const void *left, const void *right)
{
	const struct watched_stack *a = left, *b = right;

	return (a->pointer > b->pointer) - (a->pointer < b->pointer);
}

static struct watched_stack *stack_of(struct watched *w, pid_t tid)
{
	for (size_t i = 0; i < w->stacks.len; i++)
		if (w->stacks.at[i].tid == tid)
			return &w->stacks.at[i];
	return NULL;
}

static bool has_thread(const struct pid_list *threads, pid_t tid)
{
	for (size_t i = 0; i < threads->len; i++)
		if (threads->at[i] == tid)
			return true;
	return false;
}

/* Threads that have ended leave their stacks to others, or to nobody. */
static void drop_stacks(struct watched *w, const struct pid_list *threads)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->stacks.len; i++)
		if (has_thread(threads, w->stacks.at[i].tid))
			w->stacks.at[kept++] = w->stacks.at[i];
	w->stacks.len = kept;
}

/* A thread that runs is asked again with the next look; what is known of it stays. */
static void look_at_threads(struct watched *w)
{
	_release_(pid_list_done) struct pid_list threads = { 0 };

	if (procfs_threads(w->value.pid, &threads))
		return;
	if (threads.len > THREADS_MAX)
		threads.len = THREADS_MAX;
	drop_stacks(w, &threads);
	for (size_t i = 0; i < threads.len; i++) {
		struct watched_stack *known = stack_of(w, threads.at[i]);
		uint64_t pointer;

		if (known || procfs_stack_pointer(w->value.pid, threads.at[i], &pointer))
			continue;
		known = vec_push(&w->stacks);
		if (known)
			*known = (struct watched_stack){ threads.at[i], pointer };
	}
	if (w->stacks.len)
		qsort(w->stacks.at, w->stacks.len, sizeof(*w->stacks.at), compare_stacks);
}

/* --- the whole -------------------------------------------------------------------------------- */

static int look_at_process(struct watched *w, struct memory_sample *s)
{
	struct process_stat st = { 0 };
	struct stat exe;
	int err = procfs_stat(w->value.pid, &st);

	if (err)
		return err;
	s->minor_faults = st.minor_faults;
	s->major_faults = st.major_faults;
	s->threads = st.threads;
	w->value.peak_bytes = st.peak_rss_bytes;
	if (target_executable(&w->target, &exe) == 0 &&
	    (exe.st_ino != w->exe_inode || exe.st_dev != w->exe_device)) {
		if (w->exe_inode)
			mem_watch_v8_forget(w);
		w->exe_inode = exe.st_ino;
		w->exe_device = exe.st_dev;
	}
	return 0;
}

static void sum_pools(struct watched *w, const struct smaps *maps, struct memory_sample *s)
{
	_release_(freep) uint64_t *pointers = calloc(w->stacks.len + 1, sizeof(*pointers));
	struct reader memory = v8_reader(&w->target);
	struct memory_facts facts = {
		.memory = w->is_unreadable ? NULL : &memory,
		.heaps = w->heaps.len ? &w->heaps : NULL,
		.stack_pointers = pointers,
		.stack_count = pointers ? w->stacks.len : 0,
	};

	for (size_t i = 0; i < facts.stack_count; i++)
		pointers[i] = w->stacks.at[i].pointer;
	memory_pools_sum(maps, &facts, s);
}

int mem_watch_look(struct watched *w, struct memory_sample *ret)
{
	_release_(smaps_done) struct smaps maps = { 0 };
	struct memory_sample s = { .time_ns = clock_realtime_ns(), .at_ns = clock_monotonic_ns() };
	uint64_t began_cpu_ns = clock_process_cpu_ns();
	int err = look_at_process(w, &s);

	if (!err)
		err = read_smaps(&w->target, &maps);
	if (err)
		return err;
	s.mappings = (uint32_t)maps.len;
	look_at_threads(w);
	mem_watch_v8(w, &maps, &s);
	sum_pools(w, &maps, &s);
	if (w->cgroup.version && cgroup_memory(&w->cgroup, &w->value.cgroup) == 0)
		memory_set(&s, MEMORY_CGROUP, w->value.cgroup.used_bytes);
	if (!target_is_same(&w->target))
		return -ESRCH;
	s.took_ns = clock_monotonic_ns() - s.at_ns;
	s.cpu_ns = clock_process_cpu_ns() - began_cpu_ns;
	*ret = s;
	return 0;
}

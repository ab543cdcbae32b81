// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Processes and their samples; what ends them; the value. */
#include "collect/mem_watch_state.h"

#include "base/scope.h"
#include "base/text.h"
#include "base/vec.h"
#include "collect/targets.h"
#include "host/cli.h"
#include "host/clock.h"
#include "host/log.h"

#include <errno.h>
#include <string.h>

/* A server that forks for each request would fill the memory with what has ended. */
#define PROCESSES_MAX 256

static void watched_free(struct watched *w)
{
	if (!w)
		return;
	if (w->target.pid) {
		(void)loop_remove_fd(w->set->loop, w->target.pidfd);
		target_done(&w->target);
	}
	if (w->has_places)
		v8_places_done(&w->places);
	free(w->stacks.at);
	free(w->samples.at);
	free(w->makers.at);
	free(w);
}

static void watched_freep(struct watched **w)
{
	watched_free(*w);
}

int mem_watch_open(const struct mem_watch_options *options, struct loop *loop,
		   struct mem_watch **ret)
{
	struct mem_watch *w = calloc(1, sizeof(*w));
	int err;

	if (w)
		w->chunks = calloc(MEM_WATCH_CHUNKS_MAX, sizeof(*w->chunks));
	if (!w || !w->chunks) {
		free(w);
		return log_errno(-ENOMEM, "cannot start");
	}
	w->options = options;
	w->loop = loop;
	err = mem_watch_buffers_open(w);
	if (err) {
		mem_watch_free(w);
		return err;
	}
	*ret = w;
	return 0;
}

void mem_watch_free(struct mem_watch *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->processes.len; i++)
		watched_free((struct watched *)w->processes.at[i]);
	memleak_free(w->buffers);
	free(w->processes.at);
	free(w->chunks);
	free(w);
}

void mem_watch_freep(struct mem_watch **w)
{
	mem_watch_free(*w);
}

/* --- samples ---------------------------------------------------------------------------------- */

/* Every second one goes. */
static void thin(struct watched *w)
{
	w->samples.len /= 2;
	for (size_t i = 0; i < w->samples.len; i++)
		w->samples.at[i] = w->samples.at[2 * i + 1];
	w->value.kept_each *= 2;
	w->skipped = w->value.kept_each / 2;
}

static int keep(struct watched *w, const struct memory_sample *s)
{
	struct memory_sample *kept;

	w->value.taken++;
	w->skipped++;
	if (w->skipped >= w->value.kept_each && w->samples.len == w->set->options->max_samples)
		thin(w);
	if (w->skipped < w->value.kept_each)
		return 0;
	kept = vec_push(&w->samples);
	if (!kept)
		return -ENOMEM;
	*kept = *s;
	w->skipped = 0;
	w->value.samples = w->samples.at;
	w->value.sample_count = w->samples.len;
	return 0;
}

static bool all_have_ended(const struct mem_watch *w)
{
	if (w->options->is_endless)
		return false;
	for (size_t i = 0; i < w->processes.len; i++)
		if (!w->processes.at[i]->is_ended)
			return false;
	return true;
}

static void end(struct watched *w)
{
	w->value.is_ended = true;
	(void)loop_remove_fd(w->set->loop, w->target.pidfd);
}

/* An endless one: tells of @w, and forgets it. */
static void let_go(struct watched *w)
{
	struct mem_watch *set = w->set;
	size_t i = 0;

	w->value.is_ended = true;
	if (set->sink && set->sink->on_process_ended)
		set->sink->on_process_ended(set->sink->ctx, &w->value);
	while (set->processes.at[i] != &w->value)
		i++;
	set->processes.len--;
	memmove(set->processes.at + i, set->processes.at + i + 1,
		(set->processes.len - i) * sizeof(*set->processes.at));
	watched_free(w);
}

/* 0, 1 when there is nothing left to look at, or what the sink said. */
static int look(struct watched *w)
{
	struct memory_sample s;
	struct memory m;
	int err = mem_watch_look(w, &s);

	if (err == -ESRCH && w->set->options->is_endless)
		return 0; /* its end is told of */
	if (err == -ESRCH) {
		end(w);
		return all_have_ended(w->set);
	}
	if (err) {
		w->set->missed++;
		return 0;
	}
	err = keep(w, &s);
	if (err || !w->set->sink || !w->set->sink->on_sample)
		return err;
	mem_watch_take(w->set, &m);
	return w->set->sink->on_sample(w->set->sink->ctx, &m, &w->value);
}

static int on_end(void *ctx)
{
	struct watched *w = ctx;
	struct mem_watch *set = w->set;

	if (set->options->is_endless)
		let_go(w);
	else
		end(w);
	return all_have_ended(set);
}

/* --- processes -------------------------------------------------------------------------------- */

static struct watched *find(const struct mem_watch *w, pid_t pid)
{
	for (size_t i = 0; i < w->processes.len; i++)
		if (w->processes.at[i]->pid == pid && !w->processes.at[i]->is_ended)
			return (struct watched *)w->processes.at[i];
	return NULL;
}

/* May it be looked at? It has memory of its own then. */
static int first_look(struct watched *w)
{
	struct memory_sample s;
	int err = mem_watch_look(w, &s);

	return err == -ESRCH && target_is_same(&w->target) ? -ENOEXEC : err;
}

static int begin(struct mem_watch *set, pid_t pid, pid_t *ret_tgid)
{
	_release_(watched_freep) struct watched *w = calloc(1, sizeof(*w));
	struct memory_process **slot;
	int err;

	if (!w)
		return -ENOMEM;
	if (set->processes.len == PROCESSES_MAX)
		return -E2BIG;
	w->set = set;
	w->value.pid = pid;
	w->value.kept_each = 1;
	w->each = 1;
	err = target_open(&w->target, pid, ret_tgid);
	if (err)
		return err;
	w->value.name = w->target.comm;
	w->value.exe = w->target.exe;
	w->value.heaps = w->heap_values;
	(void)cgroup_find(pid, "memory", &w->cgroup); /* else it has none that we see */
	w->value.option_limit_bytes = v8_option_limit(pid);
	err = first_look(w);
	if (!err)
		err = loop_add_fd(set->loop, w->target.pidfd, on_end, w);
	if (err)
		return err;
	slot = vec_push(&set->processes);
	if (!slot)
		return -ENOMEM;
	*slot = &w->value;
	w = NULL;
	return 0;
}

int mem_watch_add(void *ctx, pid_t pid)
{
	struct mem_watch *set = ctx;
	pid_t tgid = 0;
	int err;

	if (find(set, pid)) /* named twice */
		return EXIT_DONE;
	err = begin(set, pid, &tgid);
	if (err && set->options->is_endless)
		return targets_pass_over(pid, err);
	if (err == -ENOEXEC) {
		log_error("%d is a thread of the kernel", pid);
		return EXIT_NO_TARGET;
	}
	if (err)
		return targets_say_not_opened(pid, err, tgid);
	find(set, pid)->is_root = true;
	return mem_watch_buffers_add(find(set, pid));
}

int mem_watch_add_descendant(void *ctx, pid_t pid)
{
	struct mem_watch *set = ctx;
	pid_t tgid = 0;

	if (find(set, pid))
		return EXIT_DONE;
	if (begin(set, pid, &tgid)) {
		set->missed_children++;
		return EXIT_DONE;
	}
	return mem_watch_buffers_add_descendant(find(set, pid));
}

void mem_watch_remove(struct mem_watch *w, pid_t pid)
{
	struct watched *found = find(w, pid);

	if (found)
		let_go(found);
}

void mem_watch_rarely(struct mem_watch *w, pid_t pid, uint32_t intervals)
{
	struct watched *found = find(w, pid);

	if (found)
		found->each = intervals;
}

/* Those that were forked since the last look. One that cannot be looked at is tried again. */
static void find_children(struct mem_watch *set)
{
	size_t count = set->processes.len;

	for (size_t i = 0; i < count; i++) {
		_release_(pid_list_done) struct pid_list below = { 0 };
		const struct watched *w = (const struct watched *)set->processes.at[i];
		pid_t tgid = 0;

		if (!w->is_root || w->value.is_ended || procfs_descendants(w->value.pid, &below))
			continue;
		for (size_t k = 0; k < below.len; k++)
			if (!find(set, below.at[k]) && begin(set, below.at[k], &tgid) == -E2BIG)
				set->is_full = true;
	}
}

/* --- running ---------------------------------------------------------------------------------- */

static bool is_due(struct memory_process *p)
{
	struct watched *w = (struct watched *)p;

	if (p->is_ended || ++w->passed < w->each)
		return false;
	w->passed = 0;
	return true;
}

static int on_interval(void *ctx)
{
	struct mem_watch *set = ctx;
	int result = 0;

	if (set->options->follow_children)
		find_children(set);
	for (size_t i = 0; i < set->processes.len && !result; i++)
		if (is_due(set->processes.at[i]))
			result = look((struct watched *)set->processes.at[i]);
	return result;
}

int mem_watch_start(struct mem_watch *w, const struct mem_watch_sink *sink)
{
	int err;

	w->sink = sink;
	w->started_ns = clock_monotonic_ns();
	w->started_realtime_ns = clock_realtime_ns();
	err = w->buffers ? memleak_start(w->buffers) : 0;
	if (err)
		return err; /* said */
	err = on_interval(w);
	if (err > 0) /* all of them ended meanwhile */
		err = loop_stop_after(w->loop, 1);
	else if (!err)
		err = loop_every(w->loop, w->options->interval_ns, on_interval, w);
	return err < 0 ? log_errno(err, "cannot start") : 0;
}

const char *mem_watch_describe(struct mem_watch *w)
{
	const struct memory_process *first = w->processes.len ? w->processes.at[0] : NULL;

	if (w->processes.len > 1)
		(void)snprintf(w->description, sizeof(w->description),
			       "%zu processes, first %s (PID %d)", w->processes.len, first->name,
			       first->pid);
	else if (first)
		(void)snprintf(w->description, sizeof(w->description), "%s (PID %d)", first->name,
			       first->pid);
	return w->description;
}

void mem_watch_take(struct mem_watch *w, struct memory *ret)
{
	w->note[0] = 0;
	if (w->missed_children)
		text_add_sentence(w->note, sizeof(w->note),
				  "child processes that could not be looked at: %u",
				  w->missed_children);
	if (w->is_full)
		text_add_sentence(w->note, sizeof(w->note),
				  "more than %d processes: later ones are not watched",
				  PROCESSES_MAX);
	*ret = (struct memory){
		.meta = { .version = VERSION,
			  .title = mem_watch_describe(w),
			  .time_ns = w->started_realtime_ns,
			  .duration_ns = clock_monotonic_ns() - w->started_ns,
			  .interval_ns = w->options->interval_ns,
			  .missed = w->missed,
			  .note = w->note[0] ? w->note : NULL,
			  .own_rss_bytes = procfs_own_rss_bytes(),
			  .own_cpu_ns = clock_process_cpu_ns() },
		.processes = w->processes.at,
		.process_count = w->processes.len,
	};
}

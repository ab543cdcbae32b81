// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sums over the stacks of a profile, by thread and by what was waited for. */
#include "base/hash.h"
#include "base/id_table.h"
#include "base/scope.h"
#include "base/vec.h"
#include "profile/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- threads and processes -------------------------------------------------------------------- */

struct task_list {
	struct profile_tasks tasks;
	struct id_table ids;
};

static void task_list_done(struct task_list *l)
{
	profile_tasks_done(&l->tasks);
	id_table_done(&l->ids);
}

static bool is_equal_task(const void *ctx, uint32_t id, const void *key)
{
	const struct task_list *l = ctx;
	const struct profile_stack *s = key;

	return l->tasks.at[id].pid == s->pid && l->tasks.at[id].tid == s->tid;
}

/* Stacks come by weight, so the first names a task has are those of its heaviest. */
static struct profile_task *task_of(struct task_list *l, const struct profile_stack *s)
{
	uint64_t hash = hash_mix((uint32_t)s->pid, (uint32_t)s->tid);
	uint32_t id = id_table_find(&l->ids, hash, is_equal_task, l, s);
	struct profile_task *task;

	if (id != ID_NONE)
		return &l->tasks.at[id];
	id = (uint32_t)l->tasks.len;
	task = vec_push(&l->tasks);
	if (!task || id_table_add(&l->ids, hash, id))
		return NULL;
	*task = (struct profile_task){
		.pid = s->pid, .tid = s->tid, .process = s->process, .thread = s->thread
	};
	return task;
}

static int compare_tasks(const void *left, const void *right)
{
	const struct profile_task *a = left, *b = right;

	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return (a->tid > b->tid) - (a->tid < b->tid);
}

int profile_tasks(const struct profile *p, struct profile_tasks *ret)
{
	_release_(task_list_done) struct task_list l = { 0 };

	for (size_t i = 0; i < profile_stack_count(p); i++) {
		const struct profile_stack *s = profile_stack(p, i);
		struct profile_task *task = task_of(&l, s);

		if (!task)
			return -ENOMEM;
		task->count += s->count;
		task->weight += s->weight;
		task->blocked_weight += s->state == PROFILE_BLOCKED ? s->weight : 0;
		task->runnable_weight += s->state == PROFILE_RUNNABLE ? s->weight : 0;
	}
	if (l.tasks.len)
		qsort(l.tasks.at, l.tasks.len, sizeof(*l.tasks.at), compare_tasks);
	*ret = l.tasks;
	l.tasks = (struct profile_tasks){ 0 };
	return 0;
}

void profile_tasks_done(struct profile_tasks *t)
{
	free(t->at);
	*t = (struct profile_tasks){ 0 };
}

/* --- waits ------------------------------------------------------------------------------------ */

struct wait_list {
	struct profile_waits waits;
	struct id_table ids;
};

static void wait_list_done(struct wait_list *l)
{
	profile_waits_done(&l->waits);
	id_table_done(&l->ids);
}

static bool is_equal_wait(const void *ctx, uint32_t id, const void *key)
{
	const struct wait_list *l = ctx;
	const struct profile_stack *s = key;

	return l->waits.at[id].state == s->state && !strcmp(l->waits.at[id].wait, s->wait);
}

static struct profile_wait *wait_of(struct wait_list *l, const struct profile_stack *s)
{
	uint64_t hash = hash_text(hash_mix(hash_seed(l), (uint64_t)s->state), s->wait);
	uint32_t id = id_table_find(&l->ids, hash, is_equal_wait, l, s);
	struct profile_wait *wait;

	if (id != ID_NONE)
		return &l->waits.at[id];
	id = (uint32_t)l->waits.len;
	wait = vec_push(&l->waits);
	if (!wait || id_table_add(&l->ids, hash, id))
		return NULL;
	*wait = (struct profile_wait){ .state = s->state, .wait = s->wait };
	return wait;
}

static int compare_waits(const void *left, const void *right)
{
	const struct profile_wait *a = left, *b = right;

	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	if (a->state != b->state)
		return a->state < b->state ? -1 : 1;
	return strcmp(a->wait, b->wait);
}

int profile_waits(const struct profile *p, struct profile_waits *ret)
{
	_release_(wait_list_done) struct wait_list l = { 0 };

	for (size_t i = 0; i < profile_stack_count(p); i++) {
		const struct profile_stack *s = profile_stack(p, i);
		struct profile_wait *wait = wait_of(&l, s);

		if (!wait)
			return -ENOMEM;
		wait->count += s->count;
		wait->weight += s->weight;
	}
	if (l.waits.len)
		qsort(l.waits.at, l.waits.len, sizeof(*l.waits.at), compare_waits);
	*ret = l.waits;
	l.waits = (struct profile_waits){ 0 };
	return 0;
}

void profile_waits_done(struct profile_waits *w)
{
	free(w->at);
	*w = (struct profile_waits){ 0 };
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From the kernel side's table to a profile: stacks get their names, process by process. */
#include "collect/cpu_sample_state.h"

#include "base/scope.h"
#include "base/text.h"
#include "base/vec.h"
#include "probe/tables.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

void sample_list_done(struct sample_list *list)
{
	free(list->at);
	*list = (struct sample_list){ 0 };
}

static int take_sample(void *ctx, const void *key, const void *value)
{
	struct sample_list *list = ctx;
	struct sample *s = vec_push(list);

	if (!s)
		return -ENOMEM;
	memcpy(&s->key, key, sizeof(s->key));
	memcpy(&s->value, value, sizeof(s->value));
	return 0;
}

/* Threads that are off the CPU still: they have waited until now. */
struct waiting {
	struct sample_list *list;
	uint64_t now_ns, min_ns;
};

static int take_wait(void *ctx, const void *key, const void *value)
{
	struct waiting *waiting = ctx;
	struct sample *s;
	struct wait w;

	(void)key;
	memcpy(&w, value, sizeof(w));
	if (w.since_ns >= waiting->now_ns || waiting->now_ns - w.since_ns < waiting->min_ns)
		return 0;
	s = vec_push(waiting->list);
	if (!s)
		return -ENOMEM;
	s->key = w.key;
	s->key.state = w.woken_ns ? CPU_SAMPLE_RUNNABLE : CPU_SAMPLE_BLOCKED;
	s->value = (struct sample_value){ .count = 1, .ns = waiting->now_ns - w.since_ns };
	return 0;
}

/* Those of one program side by side. */
static int compare_samples(const void *a, const void *b)
{
	const struct sample_key *left = a, *right = b;

	if (left->tgid != right->tgid)
		return left->tgid < right->tgid ? -1 : 1;
	if (left->exec != right->exec)
		return left->exec < right->exec ? -1 : 1;
	return memcmp(a, b, sizeof(struct sample_key));
}

/* Threads that wait still may do so where others did. */
static void merge_equal(struct sample_list *list)
{
	size_t len = 0;

	qsort(list->at, list->len, sizeof(*list->at), compare_samples);
	for (size_t i = 0; i < list->len; i++) {
		struct sample *last = len ? &list->at[len - 1] : NULL;

		if (last && compare_samples(last, &list->at[i]) == 0) {
			last->value.count += list->at[i].value.count;
			last->value.ns += list->at[i].value.ns;
		} else {
			list->at[len++] = list->at[i];
		}
	}
	list->len = len;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0; /* what waited still may since have become runnable */
}

/* What is in @now and not in @before; both are sorted. 0 or -ENOMEM. */
static int subtract(const struct sample_list *now, const struct sample_list *before,
		    struct sample_list *ret)
{
	size_t at = 0;

	for (size_t i = 0; i < now->len; i++) {
		struct sample s = now->at[i], *kept;

		while (at < before->len && compare_samples(&before->at[at], &s) < 0)
			at++;
		if (at < before->len && compare_samples(&before->at[at], &s) == 0) {
			s.value.count = less(s.value.count, before->at[at].value.count);
			s.value.ns = less(s.value.ns, before->at[at].value.ns);
		}
		if (!s.value.count && !s.value.ns)
			continue;
		kept = vec_push(ret);
		if (!kept)
			return -ENOMEM;
		*kept = s;
	}
	return 0;
}

int cpu_sample_read(const struct cpu_sample *c, struct sample_list *list)
{
	struct waiting waiting = { .list = list,
				   .now_ns = c->stopped_ns ? c->stopped_ns : clock_monotonic_ns(),
				   .min_ns = c->options->min_wait_ns };
	int err = js_names_read_fresh(c->js);

	if (!err)
		err = table_walk(bpf_map__fd(c->skel->maps.samples), sizeof(struct sample_key),
				 sizeof(struct sample_value), take_sample, list);

	if (!err && c->options->mode != CPU_SAMPLE_ON_CPU)
		err = table_walk(bpf_map__fd(c->skel->maps.waits), sizeof(uint32_t),
				 sizeof(struct wait), take_wait, &waiting);
	if (!err && list->len)
		merge_equal(list);
	return err;
}

/* --- names ------------------------------------------------------------------------------------ */

struct addresses {
	uint64_t *at;
	size_t len, cap;
};

/* NULL: never seen, it was over before we looked. */
static const struct program *program_of(struct cpu_sample *c, const struct sample_key *key)
{
	const struct sampled *s = cpu_sample_find(c, (pid_t)key->tgid);

	return s ? sampled_program(s, key->exec) : NULL;
}

static int push_addresses(struct cpu_sample *c, uint64_t id, struct addresses *addrs)
{
	struct stack_frames stack;

	if (stack_read(bpf_map__fd(c->skel->maps.stacks), id, &stack))
		return 0;
	for (size_t i = 0; i < stack.len; i++) {
		uint64_t *addr = vec_push(addrs);

		if (!addr)
			return -ENOMEM;
		*addr = stack.at[i];
	}
	return 0;
}

/* All addresses of one program, that of @samples[0], in one go: debug information is read once. */
static int resolve_program(struct cpu_sample *c, const struct sample *samples, size_t count)
{
	const struct program *program = program_of(c, &samples->key);
	struct addresses addrs = { 0 };
	int err = 0;

	if (!program)
		return 0;
	for (size_t i = 0; i < count && !err; i++)
		err = push_addresses(c, samples[i].key.user, &addrs);
	if (!err)
		err = symbols_resolve(c->symbols, program->names, addrs.at, addrs.len);
	free(addrs.at);
	return err;
}

static bool is_of_one_program(const struct sample_key *a, const struct sample_key *b)
{
	return a->tgid == b->tgid && a->exec == b->exec;
}

/* @list is sorted. */
static int resolve_all(struct cpu_sample *c, const struct sample_list *list)
{
	size_t count;
	int err = 0;

	for (size_t first = 0; first < list->len && !err; first += count) {
		count = 1;
		while (first + count < list->len &&
		       is_of_one_program(&list->at[first].key, &list->at[first + count].key))
			count++;
		err = resolve_program(c, &list->at[first], count);
	}
	return err;
}

/* With -K what ran outside the kernel, with -U what has no other code than the kernel's. */
static void add_left_out(const struct cpu_sample *c, struct named_stack *f)
{
	const struct cpu_sample_options *o = c->options;

	if (f->len || (o->has_user && o->has_kernel))
		return;
	f->at[f->len++] =
		(struct frame){ .function = o->has_kernel ? "[user code]" : "[kernel code]",
				.module = "",
				.file = "" };
}

static void add_user(struct cpu_sample *c, const struct program *program, uint64_t id,
		     struct named_stack *f)
{
	const struct stack_code code = { .names = program ? program->names : 0,
					 .jit = program ? program->jit : NULL };

	stack_names_add_user(&c->names, program ? &code : NULL, id, f);
}

/*
 * Threads that run a Worker of node, which calls itself as its process does before node 22: told by
 * their stacks.
 */
struct workers {
	pid_t *at;
	size_t len, cap;
};

static void workers_done(struct workers *w)
{
	free(w->at);
}

static bool is_worker(const struct workers *w, pid_t tid)
{
	for (size_t i = 0; i < w->len; i++)
		if (w->at[i] == tid)
			return true;
	return false;
}

static bool has_worker(const struct named_stack *f)
{
	static const char worker[] = "node::worker::Worker::";

	for (size_t i = f->len; i-- > 0;)
		if (strncmp(f->at[i].function, worker, strlen(worker)) == 0)
			return true;
	return false;
}

/* 0 or -ENOMEM. */
static int find_workers(struct cpu_sample *c, const struct sample_list *list, struct named_stack *f,
			struct workers *ret)
{
	for (size_t i = 0; i < list->len; i++) {
		const struct sample_key *key = &list->at[i].key;
		const struct program *program = program_of(c, key);
		pid_t *tid;

		f->len = 0;
		if (key->tid == key->tgid || !program || strcmp(program->comm, "node") != 0 ||
		    is_worker(ret, (pid_t)key->tid))
			continue;
		add_user(c, program, key->user, f);
		if (!has_worker(f))
			continue;
		tid = vec_push(ret);
		if (!tid)
			return -ENOMEM;
		*tid = (pid_t)key->tid;
	}
	return 0;
}

static int add_sample(struct cpu_sample *c, const struct workers *workers, struct profile *p,
		      const struct sample *s, struct named_stack *f)
{
	static const enum profile_state states[] = {
		[CPU_SAMPLE_RUNNING] = PROFILE_ON_CPU,
		[CPU_SAMPLE_BLOCKED] = PROFILE_BLOCKED,
		[CPU_SAMPLE_RUNNABLE] = PROFILE_RUNNABLE,
	};
	const struct sample_key *key = &s->key;
	char comm[4 * CPU_SAMPLE_COMM], wait[96];
	struct profile_sample out = { .pid = (pid_t)key->tgid,
				      .tid = (pid_t)key->tid,
				      .thread = "",
				      .wait = "",
				      .frames = f->at,
				      .count = s->value.count,
				      .weight = s->value.ns };
	const struct program *program = program_of(c, key);

	if (key->state > CPU_SAMPLE_RUNNABLE)
		return 0;
	f->len = 0;
	f->cut = NULL;
	f->js = (struct js_counts){ 0 };
	stack_names_add_kernel(&c->names, key->kernel, key->state != CPU_SAMPLE_RUNNING, f);
	if (c->options->has_user)
		add_user(c, program, key->user, f);
	out.cut = f->cut;
	js_counts_add(&c->js_counts, &f->js, s->value.count);
	if (!out.cut)
		add_left_out(c, f);
	out.depth = f->len;
	out.state = states[key->state];
	if (key->state == CPU_SAMPLE_RUNNING)
		out.weight = s->value.count * (NS_PER_S / c->options->frequency_hz);
	if (key->state == CPU_SAMPLE_BLOCKED)
		out.wait =
			stack_names_wait(key->syscall, key->task_state & CPU_SAMPLE_UNINTERRUPTIBLE,
					 f, wait, sizeof(wait));
	(void)text_clean(key->comm, sizeof(key->comm), comm, sizeof(comm));
	out.process = comm;
	if (key->tid) {
		out.thread = is_worker(workers, (pid_t)key->tid) && strcmp(comm, "node") == 0
				     ? "node worker"
				     : comm;
		out.process = program && program->comm[0] ? program->comm : comm;
	}
	return profile_add(p, &out);
}

int cpu_sample_fill(struct cpu_sample *c, const struct sample_list *now,
		    const struct sample_list *before, struct profile *ret)
{
	_release_(sample_list_done) struct sample_list list = { 0 };
	_release_(freep) struct named_stack *frames = malloc(sizeof(*frames));
	_release_(workers_done) struct workers workers = { 0 };
	int err = frames ? subtract(now, before, &list) : -ENOMEM;

	c->js_counts = (struct js_counts){ 0 };
	if (!err)
		err = resolve_all(c, &list);
	if (!err && c->options->by_thread && c->options->has_user)
		err = find_workers(c, &list, frames, &workers);
	for (size_t i = 0; i < list.len && !err; i++)
		err = add_sample(c, &workers, ret, &list.at[i], frames);
	return err ? err : profile_finish(ret);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The programs that a process executes one after the other: each has mappings and names of its own,
 * and what was sampled before an exec is named as it was then.
 */
#include "collect/cpu_sample_state.h"

#include "base/scope.h"
#include "base/vec.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#define EARLIER_MAX 64 /* of a process; of what ran before them, names are lost */
#define TRIES	    4  /* to read mappings while no exec comes in between */

static uint32_t current_exec(const struct sampled *s)
{
	uint32_t tgid = (uint32_t)s->pid, exec;

	return bpf_map_lookup_elem(bpf_map__fd(s->owner->skel->maps.execs), &tgid, &exec) ? 0
											  : exec;
}

static void forget_earliest(struct sampled *s)
{
	symbols_forget(s->owner->symbols, s->earlier.at[0].names);
	jit_map_free(s->earlier.at[0].jit);
	s->earlier.len--;
	memmove(s->earlier.at, s->earlier.at + 1, s->earlier.len * sizeof(*s->earlier.at));
}

/* What it executed so far is over. */
static int set_aside(struct sampled *s)
{
	struct cpu_sample *c = s->owner;
	struct program *past;

	if (s->earlier.len == EARLIER_MAX)
		forget_earliest(s);
	past = vec_push(&s->earlier);
	if (!past)
		return -ENOMEM;
	*past = s->now;
	past->names = --c->set_aside;
	symbols_set_aside(c->symbols, s->pid, past->names);
	js_names_set_aside(c->js, s->pid, past->names);
	unwind_tables_forget(c->unwind, s->pid);
	s->now = (struct program){ .names = s->pid };
	return 0;
}

void sampled_begin_anew(struct sampled *s)
{
	if (s->is_looked_at && set_aside(s) == 0)
		s->is_looked_at = false;
}

/* The program that runs, which is that of @exec. */
static int take_program(struct sampled *s, uint32_t exec, const struct stat *executable)
{
	struct process_stat st;
	int err;

	if (s->is_looked_at && s->now.exec == exec)
		return 0;
	err = s->is_looked_at ? set_aside(s) : 0;
	if (err)
		return err;
	s->is_looked_at = true;
	s->now.exec = exec;
	s->now.names = s->pid;
	s->now.device = executable->st_dev;
	s->now.inode = executable->st_ino;
	if (procfs_stat(s->pid, &st) == 0) /* may be changed at any time */
		memcpy(s->now.comm, st.comm, sizeof(s->now.comm));
	return 0;
}

/*
 * In an exec the mappings are the new program's some time before the kernel tells of it: of what
 * runs until then nothing is looked at.
 */
static bool is_within_exec(const struct sampled *s, uint32_t exec, const struct stat *executable)
{
	return s->is_looked_at && s->now.exec == exec &&
	       (s->now.device != executable->st_dev || s->now.inode != executable->st_ino);
}

/* The mappings of one program: -EAGAIN when another was executed meanwhile, -EBUSY it is about to.
 */
static int read_mappings(struct sampled *s, struct procmaps *maps)
{
	struct stat before = { 0 }, after = { 0 };
	uint32_t exec = current_exec(s);
	int err;

	(void)target_executable(&s->target, &before); /* a thread of the kernel has none */
	err = target_maps(&s->target, maps);
	(void)target_executable(&s->target, &after);
	if (err)
		return err;
	if (s->is_looked_at && exec < s->now.exec)
		return -ESRCH; /* ending: the kernel side has forgotten it */
	if (is_within_exec(s, exec, &after))
		return -EBUSY;
	if (exec != current_exec(s) || before.st_dev != after.st_dev ||
	    before.st_ino != after.st_ino)
		return -EAGAIN;
	return take_program(s, exec, &after);
}

/* What the runtime's own map says; without it the names are missing. */
static void refresh_jit(struct sampled *s)
{
	if (!s->now.jit)
		(void)jit_map_open(&s->target, &s->now.jit);
	if (s->now.jit)
		(void)jit_map_refresh(s->now.jit); /* most processes have none */
}

int sampled_refresh(struct sampled *s)
{
	struct cpu_sample *c = s->owner;
	int err = -EAGAIN;

	for (int i = 0; i < TRIES && err == -EAGAIN; i++) {
		_release_(procmaps_done) struct procmaps maps = { 0 };

		err = read_mappings(s, &maps);
		if (!err)
			err = stack_names_take(&c->names, c->unwind, &s->target, &maps);
	}
	if (err == -EBUSY || err == -EAGAIN)
		return 0; /* the kernel side will tell of the exec */
	if (err)
		return err;
	refresh_jit(s);
	if (c->unwind || c->options->is_system_wide)
		return 0;
	return process_code_set_ranges(c->symbols, s->pid, bpf_map__fd(c->skel->maps.code),
				       s->slot);
}

const struct program *sampled_program(const struct sampled *s, uint32_t exec)
{
	if (s->is_looked_at && s->now.exec == exec)
		return &s->now;
	for (size_t i = s->earlier.len; i > 0; i--)
		if (s->earlier.at[i - 1].exec == exec)
			return &s->earlier.at[i - 1];
	return NULL;
}

void programs_done(struct sampled *s)
{
	jit_map_free(s->now.jit);
	for (size_t i = 0; i < s->earlier.len; i++)
		jit_map_free(s->earlier.at[i].jit);
	free(s->earlier.at);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The maps, read one element at a time: a look is rare. */
#include "probe/unwind_look.h"

#include "base/scope.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define REGISTER_FP 6
#define REGISTER_SP 7

struct look {
	const struct unwind_maps *maps;
	const struct target *target;
	const __u64 *registers;
	struct unwind_page page;
	struct unwind_rule rule;
	uint32_t block; /* that is mapped */
	void *rows;	/* NULL: none */
};

struct unwind_walk;
static struct look *look_of(const struct unwind_walk *w);

static int unwind_read(const struct unwind_walk *w, void *buf, uint32_t bytes, uint64_t addr)
{
	return target_read_memory(look_of(w)->target, addr, buf, bytes);
}

static const struct unwind_page *unwind_page_at(const struct unwind_walk *w, uint32_t index)
{
	struct look *l = look_of(w);

	return bpf_map_lookup_elem(l->maps->pages, &index, &l->page) ? NULL : &l->page;
}

static void unmap(struct look *l)
{
	if (l->rows)
		(void)munmap(l->rows, sizeof(struct unwind_block));
	l->rows = NULL;
}

static const struct unwind_row *unwind_rows_of(const struct unwind_walk *w, uint32_t block)
{
	struct look *l = look_of(w);
	uint32_t id = 0;
	_release_(closep) int fd = -1;
	void *rows;

	if (l->rows && l->block == block)
		return l->rows;
	unmap(l);
	if (bpf_map_lookup_elem(l->maps->blocks, &block, &id))
		return NULL;
	fd = bpf_map_get_fd_by_id(id);
	if (fd < 0)
		return NULL;
	rows = mmap(NULL, sizeof(struct unwind_block), PROT_READ, MAP_SHARED, fd, 0);
	if (rows == MAP_FAILED)
		return NULL;
	l->rows = rows;
	l->block = block;
	return rows;
}

static const struct unwind_rule *unwind_rule_at(const struct unwind_walk *w, uint32_t index)
{
	struct look *l = look_of(w);

	return bpf_map_lookup_elem(l->maps->rules, &index, &l->rule) ? NULL : &l->rule;
}

static int unwind_register(const struct unwind_walk *w, uint32_t number, __u64 *ret_value)
{
	if (number >= 16)
		return -1;
	*ret_value = look_of(w)->registers[number];
	return 0;
}

/* Returns that are probed are not asked for from outside: the stack ends there. */
static __u64 unwind_hijacked(const struct unwind_walk *w, __u64 slot)
{
	(void)w;
	(void)slot;
	return 0;
}

#include "lib/unwind_walk.h"

static struct look *look_of(const struct unwind_walk *w)
{
	return (struct look *)w->env;
}

static void take_frames(const struct unwind_walk *w, uint32_t tgid, struct stack_frames *ret)
{
	ret->tgid = tgid;
	ret->end = w->end < STACK_ENDS ? (enum stack_end)w->end : STACK_TOO_DEEP;
	ret->is_by_fp = w->is_by_fp;
	ret->len = 0;
	for (uint32_t part = 0; part <= w->part; part++) {
		uint32_t depth = part == w->part ? w->depth : STACK_PART_FRAMES;

		for (uint32_t i = 0; i < depth; i++)
			stack_frames_add(ret, w->parts[part].frames[i]);
	}
}

int unwind_look(const struct unwind_maps *maps, const struct target *t, const __u64 registers[16],
		uint64_t pc, struct stack_frames *ret)
{
	struct look look = { .maps = maps, .target = t, .registers = registers };
	_release_(freep) struct unwind_process *process = malloc(sizeof(*process));
	_release_(freep) struct unwind_walk *w = calloc(1, sizeof(*w));
	uint32_t tgid = (uint32_t)t->pid;

	if (!process || !w)
		return -ENOMEM;
	if (bpf_map_lookup_elem(maps->processes, &tgid, process))
		return -ENOENT;
	unwind_begin(w, tgid, false, true);
	w->env = &look;
	w->pc = pc;
	w->sp = registers[REGISTER_SP];
	w->fp = registers[REGISTER_FP];
	if (bpf_map_lookup_elem(maps->js, &tgid, &w->js))
		w->js.shared = 0; /* no V8 */
	for (uint32_t i = 0; i < STACK_MAX_FRAMES && w->end == UNWIND_GOES_ON; i++)
		unwind_step(w, process);
	unmap(&look);
	take_frames(w, tgid, ret);
	return 0;
}

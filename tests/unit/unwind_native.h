/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* bpf/lib/unwind_walk.h compiled for this machine: tables in arrays, memory in pieces. */
#ifndef TESTS_UNIT_UNWIND_NATIVE_H
#define TESTS_UNIT_UNWIND_NATIVE_H

#include "abi/stacks.h"
#include "abi/unwind.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define NATIVE_PIECES 8

/* What a walk goes by. */
struct native_env {
	struct native_piece {
		uint64_t addr;
		const void *at;
		size_t len;
	} memory[NATIVE_PIECES]; /* of the process */
	const struct unwind_page *pages;
	size_t page_count;
	const struct unwind_row *rows; /* UNWIND_BLOCK_ROWS, block 0 */
	const struct unwind_rule *rules;
	size_t rule_count;
	uint64_t registers[16]; /* by DWARF number */
	uint64_t hijacked_slot; /* a tracer took the return address from here */
	uint64_t hijacked;
};

struct unwind_walk;
static inline const struct native_env *native_env_of(const struct unwind_walk *w);

static inline int unwind_read(const struct unwind_walk *w, void *buf, uint32_t bytes, uint64_t addr)
{
	const struct native_env *e = native_env_of(w);

	for (size_t i = 0; i < NATIVE_PIECES; i++) {
		const struct native_piece *p = &e->memory[i];

		if (addr < p->addr || addr - p->addr > p->len || bytes > p->len - (addr - p->addr))
			continue;
		memcpy(buf, (const uint8_t *)p->at + (addr - p->addr), bytes);
		return 0;
	}
	return -1;
}

static inline const struct unwind_page *unwind_page_at(const struct unwind_walk *w, uint32_t index)
{
	const struct native_env *e = native_env_of(w);

	return index < e->page_count ? &e->pages[index] : NULL;
}

static inline const struct unwind_row *unwind_rows_of(const struct unwind_walk *w, uint32_t block)
{
	return block == 0 ? native_env_of(w)->rows : NULL;
}

static inline const struct unwind_rule *unwind_rule_at(const struct unwind_walk *w, uint32_t index)
{
	const struct native_env *e = native_env_of(w);

	return index < e->rule_count ? &e->rules[index] : NULL;
}

static inline int unwind_register(const struct unwind_walk *w, uint32_t number,
				  unsigned long long *ret_value)
{
	if (number >= 16)
		return -1;
	*ret_value = native_env_of(w)->registers[number];
	return 0;
}

static inline uint64_t unwind_hijacked(const struct unwind_walk *w, uint64_t slot)
{
	const struct native_env *e = native_env_of(w);

	return slot == e->hijacked_slot ? e->hijacked : 0;
}

#include "lib/unwind_walk.h"

static inline const struct native_env *native_env_of(const struct unwind_walk *w)
{
	return w->env;
}

/* Walks from the registers in @w, which unwind_begin has seen, as the kernel side does. */
static inline void native_run(struct unwind_walk *w, const struct unwind_process *p)
{
	for (size_t i = 0; i < STACK_MAX_FRAMES + 32 && w->end == UNWIND_GOES_ON; i++)
		unwind_step(w, p);
	if (w->end == UNWIND_GOES_ON)
		w->end = STACK_TOO_DEEP;
}

/* Frame @i of the whole stack, 0 beyond it. */
static inline uint64_t native_frame(const struct unwind_walk *w, size_t i)
{
	size_t len = (size_t)w->part * STACK_PART_FRAMES + w->depth;

	return i < len ? w->parts[i / STACK_PART_FRAMES].frames[i % STACK_PART_FRAMES] : 0;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stacks as the kernel side keeps them (abi/stacks.h), read back whole. */
#ifndef PROBE_STACKS_H
#define PROBE_STACKS_H

#include "abi/stacks.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stack_frames {
	uint32_t tgid;
	enum stack_end end;
	bool is_by_fp;
	size_t len;
	uint64_t at[STACK_MAX_FRAMES]; /* leaf first; each inside its instruction */
	uint64_t js[STACK_MAX_FRAMES]; /* whose frame it is: a word of abi/stacks.h, 0 none */
};

/* Appends @word of a user stack: an address, or what it says of the last one. */
void stack_frames_add(struct stack_frames *s, uint64_t word);

/* The stack @id of map @fd. 0, -ENOENT (STACK_NONE too), or what the kernel said. */
int stack_read(int fd, uint64_t id, struct stack_frames *ret);

#endif

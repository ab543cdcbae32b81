// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Follows a stack's parts from the leaf to the root. */
#include "probe/stacks.h"

#include <bpf/bpf.h>
#include <errno.h>

void stack_frames_add(struct stack_frames *s, uint64_t word)
{
	if (STACK_IS_JS(word)) {
		if (s->len)
			s->js[s->len - 1] = word;
		return;
	}
	s->at[s->len] = word;
	s->js[s->len++] = 0;
}

int stack_read(int fd, uint64_t id, struct stack_frames *ret)
{
	struct stack part;

	ret->len = 0;
	for (size_t i = 0; i < STACK_PARTS && (i == 0 || id != STACK_NONE); i++) {
		int err = bpf_map_lookup_elem(fd, &id, &part);

		if (err)
			return err;
		if (part.depth > STACK_PART_FRAMES)
			return -EBADMSG;
		for (size_t k = 0; k < part.depth; k++)
			stack_frames_add(ret, part.frames[k]);
		id = part.next;
	}
	ret->tgid = part.tgid;
	ret->end = part.end < STACK_ENDS ? (enum stack_end)part.end : STACK_UNTOLD;
	ret->is_by_fp = part.is_by_fp;
	return 0;
}

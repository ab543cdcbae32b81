/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The inside of struct profile, for profile*.c alone. */
#ifndef PROFILE_PROFILE_STATE_H
#define PROFILE_PROFILE_STATE_H

#include "base/arena.h"
#include "base/id_table.h"
#include "base/strings.h"
#include "profile/profile.h"

/* Hashes are of contents, not of ids: those change with every profile_finish. */
struct profile_frame_entry {
	struct frame frame; /* its texts are kept */
	uint64_t hash;
};

struct profile_stack_entry {
	struct profile_stack stack; /* its texts are kept, its frames are in the arena */
	uint32_t *frames;	    /* the same as stack.frames */
	uint64_t hash;
};

struct profile {
	struct arena arena;
	struct strings strings;
	struct {
		struct profile_frame_entry *at;
		size_t len, cap;
	} frames;
	struct {
		struct profile_stack_entry *at;
		size_t len, cap;
	} stacks;
	struct id_table frame_ids, stack_ids;
	uint64_t weight, count;
	uint32_t scratch[PROFILE_MAX_DEPTH]; /* the frames of the sample being added */
};

#endif

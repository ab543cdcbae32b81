// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Adding: frames and stacks that read the same are found by hash and counted together. */
#include "profile/profile.h"

#include "base/hash.h"
#include "base/vec.h"
#include "profile/frame_order.h"
#include "profile/profile_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct profile *profile_new(void)
{
	return calloc(1, sizeof(struct profile));
}

void profile_free(struct profile *p)
{
	if (!p)
		return;
	arena_done(&p->arena);
	strings_done(&p->strings);
	id_table_done(&p->frame_ids);
	id_table_done(&p->stack_ids);
	free(p->frames.at);
	free(p->stacks.at);
	free(p);
}

void profile_freep(struct profile **p)
{
	profile_free(*p);
}

/* --- frames ----------------------------------------------------------------------------------- */

/* Of all that frame_compare looks at. */
static uint64_t hash_frame(const struct profile *p, const struct frame *f)
{
	uint64_t hash = hash_text(hash_seed(p), f->function);

	hash = hash_text(hash, f->module);
	hash = hash_text(hash, f->file);
	hash = hash_mix(hash, (uint64_t)f->line << 8 | (uint64_t)f->kind << 1 | f->is_inlined);
	return f->function[0] ? hash : hash_mix(hash, f->offset);
}

static bool is_equal_frame(const void *ctx, uint32_t id, const void *key)
{
	const struct profile *p = ctx;

	return frame_compare(&p->frames.at[id].frame, key) == 0;
}

static int keep_frame_texts(struct profile *p, struct frame *f)
{
	f->function = strings_keep(&p->strings, f->function);
	f->module = strings_keep(&p->strings, f->module);
	f->file = strings_keep(&p->strings, f->file);
	return f->function && f->module && f->file ? 0 : -ENOMEM;
}

/* Not found as it came; once its texts are clean it may yet be there. */
static int add_frame(struct profile *p, const struct frame *f, uint32_t *ret_id)
{
	struct profile_frame_entry *entry, kept = { .frame = *f };
	uint32_t id;

	if (keep_frame_texts(p, &kept.frame))
		return -ENOMEM;
	kept.hash = hash_frame(p, &kept.frame);
	id = id_table_find(&p->frame_ids, kept.hash, is_equal_frame, p, &kept.frame);
	if (id == ID_NONE) {
		id = (uint32_t)p->frames.len;
		entry = id < ID_NONE ? vec_push(&p->frames) : NULL;
		if (!entry)
			return -ENOMEM;
		if (id_table_add(&p->frame_ids, kept.hash, id)) {
			p->frames.len--;
			return -ENOMEM;
		}
		*entry = kept;
	}
	*ret_id = id;
	return 0;
}

static int resolve_frames(struct profile *p, const struct profile_sample *s)
{
	for (size_t i = 0; i < s->depth; i++) {
		const struct frame *f = &s->frames[i];
		uint64_t hash = hash_frame(p, f);
		uint32_t id = id_table_find(&p->frame_ids, hash, is_equal_frame, p, f);

		if (id == ID_NONE && add_frame(p, f, &id))
			return -ENOMEM;
		p->scratch[i] = id;
		if (f->offset < p->frames.at[id].frame.offset)
			p->frames.at[id].frame.offset = f->offset;
	}
	return 0;
}

/* --- stacks ----------------------------------------------------------------------------------- */

/* Texts are compared as addresses: those of the key are kept ones too. */
static bool is_equal_stack(const void *ctx, uint32_t id, const void *key)
{
	const struct profile *p = ctx;
	const struct profile_stack *a = &p->stacks.at[id].stack, *b = key;

	return a->pid == b->pid && a->tid == b->tid && a->process == b->process &&
	       a->thread == b->thread && a->state == b->state && a->wait == b->wait &&
	       a->cut == b->cut && a->depth == b->depth &&
	       !memcmp(a->frames, b->frames, a->depth * sizeof(*a->frames));
}

static uint64_t hash_stack(const struct profile *p, const struct profile_stack *s)
{
	uint64_t hash = hash_mix((uint32_t)s->pid, (uint32_t)s->tid);

	hash = hash_mix(hash, (uintptr_t)s->process);
	hash = hash_mix(hash, (uintptr_t)s->thread);
	hash = hash_mix(hash, (uintptr_t)s->wait);
	hash = hash_mix(hash, (uintptr_t)s->cut ^ (uint64_t)s->state);
	for (size_t i = 0; i < s->depth; i++)
		hash = hash_mix(hash, p->frames.at[s->frames[i]].hash);
	return hash;
}

static int add_stack(struct profile *p, const struct profile_stack *key, uint64_t hash,
		     uint32_t *ret_id)
{
	uint32_t *frames = arena_alloc(&p->arena, key->depth * sizeof(*frames));
	uint32_t id = (uint32_t)p->stacks.len;
	struct profile_stack_entry *entry;

	if (!frames || p->stacks.len >= ID_NONE)
		return -ENOMEM;
	entry = vec_push(&p->stacks);
	if (!entry)
		return -ENOMEM;
	if (id_table_add(&p->stack_ids, hash, id)) {
		p->stacks.len--;
		return -ENOMEM;
	}
	memcpy(frames, key->frames, key->depth * sizeof(*frames));
	*entry = (struct profile_stack_entry){ .stack = *key, .frames = frames, .hash = hash };
	entry->stack.frames = frames;
	*ret_id = id;
	return 0;
}

static int keep_stack_texts(struct profile *p, const struct profile_sample *s,
			    struct profile_stack *key)
{
	key->process = strings_keep(&p->strings, s->process);
	key->thread = strings_keep(&p->strings, s->tid ? s->thread : "");
	key->wait = strings_keep(&p->strings, s->state == PROFILE_BLOCKED ? s->wait : "");
	key->cut = s->cut ? strings_keep(&p->strings, s->cut) : NULL;
	return key->process && key->thread && key->wait && (!s->cut || key->cut) ? 0 : -ENOMEM;
}

int profile_add(struct profile *p, const struct profile_sample *s)
{
	struct profile_stack key = {
		.pid = s->pid,
		.tid = s->tid,
		.state = s->state,
		.frames = p->scratch,
		.depth = s->depth,
	};
	uint64_t hash;
	uint32_t id;

	if (s->depth > PROFILE_MAX_DEPTH)
		return -E2BIG;
	if (resolve_frames(p, s) || keep_stack_texts(p, s, &key))
		return -ENOMEM;
	hash = hash_stack(p, &key);
	id = id_table_find(&p->stack_ids, hash, is_equal_stack, p, &key);
	if (id == ID_NONE && add_stack(p, &key, hash, &id))
		return -ENOMEM;
	p->stacks.at[id].stack.count += s->count;
	p->stacks.at[id].stack.weight += s->weight;
	p->count += s->count;
	p->weight += s->weight;
	return 0;
}

/* --- what is in it ---------------------------------------------------------------------------- */

size_t profile_stack_count(const struct profile *p)
{
	return p->stacks.len;
}

const struct profile_stack *profile_stack(const struct profile *p, size_t index)
{
	return &p->stacks.at[index].stack;
}

size_t profile_frame_count(const struct profile *p)
{
	return p->frames.len;
}

const struct frame *profile_frame(const struct profile *p, uint32_t index)
{
	return &p->frames.at[index].frame;
}

uint64_t profile_total_weight(const struct profile *p)
{
	return p->weight;
}

uint64_t profile_total_count(const struct profile *p)
{
	return p->count;
}

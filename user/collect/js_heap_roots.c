// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Memory outside of the heap that may point into it: V8's handles lie in what malloc has, frames on
 * stacks. Only what is in memory is looked at, and no block that malloc mapped by itself: those are
 * buffers.
 */
#include "collect/js_heap_state.h"

#include "base/scope.h"
#include "base/vec.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PAGE_SIZE	  4096ull
#define ENTRIES		  4096u			    /* of /proc/PID/pagemap, read at a time */
#define IN_MEMORY	  (1ull << 63 | 1ull << 62) /* or swapped out */
#define RED_ZONE	  128u			    /* below the top, in use all the same */
#define MAPPED_BY_ITSELF  2u			    /* malloc's flag in the length of a block */
#define MAPPING_MAX_BYTES (1ull << 30)		    /* larger ones are reservations */

static int add_range(struct js_heap_copy *c, uint64_t start, uint64_t end)
{
	struct js_heap_range *last = c->ranges.len ? &c->ranges.at[c->ranges.len - 1] : NULL;

	if (last && last->end == start) {
		last->end = end;
		return 0;
	}
	last = vec_push(&c->ranges);
	if (!last)
		return -ENOMEM;
	*last = (struct js_heap_range){ start, end };
	return 0;
}

/* The pages of [start, end) that are in memory and no page of the heap. */
static int add_pages(struct js_heap_copy *c, int pagemap, uint64_t start, uint64_t end)
{
	uint64_t entries[ENTRIES];
	int err = 0;

	while (start < end && !err) {
		uint64_t want = (end - start) / PAGE_SIZE;
		size_t count = want < ENTRIES ? want : ENTRIES;
		ssize_t n = pread(pagemap, entries, count * sizeof(*entries),
				  (off_t)(start / PAGE_SIZE * sizeof(*entries)));

		if (n <= 0)
			return 0;
		count = (size_t)n / sizeof(*entries);
		for (size_t i = 0; i < count && !err; i++, start += PAGE_SIZE)
			if (entries[i] & IN_MEMORY && !v8_pages_find(&c->pages, start))
				err = add_range(c, start, start + PAGE_SIZE);
	}
	return err;
}

/* The end of the block at @at if malloc mapped it by itself, else @at. */
static uint64_t end_of_block(const struct js_heap_reader *r, uint64_t at, uint64_t end)
{
	uint64_t head[2]; /* of the block before, none; its length, with flags */
	uint64_t size;

	if (target_read_memory(&r->target, at, head, sizeof(head)) || head[0] ||
	    (head[1] & 7) != MAPPED_BY_ITSELF)
		return at;
	size = head[1] & ~7ull;
	return size >= PAGE_SIZE && size % PAGE_SIZE == 0 && size <= end - at ? at + size : at;
}

static int add_mapping(struct js_heap_reader *r, int pagemap, const struct mapping *m)
{
	uint64_t start = m->start, next;

	if (!m->readable || !m->writable || m->shared || m->end - m->start > MAPPING_MAX_BYTES)
		return 0;
	while (mapping_is_anonymous(m) && start < m->end) {
		next = end_of_block(r, start, m->end);
		if (next == start)
			break;
		start = next;
	}
	return start < m->end ? add_pages(&r->copy, pagemap, start, m->end) : 0;
}

int js_heap_roots_find(struct js_heap_reader *r)
{
	_release_(procmaps_done) struct procmaps maps = { 0 };
	_release_(closep) int pagemap = openat(r->target.proc_fd, "pagemap", O_RDONLY | O_CLOEXEC);
	int err = pagemap < 0 ? -errno : target_maps(&r->target, &maps);

	r->copy.ranges.len = 0;
	for (size_t i = 0; i < maps.len && !err; i++)
		err = add_mapping(r, pagemap, &maps.at[i]);
	return err;
}

uint64_t js_heap_roots_bytes(const struct js_heap_copy *c)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < c->ranges.len; i++)
		sum += c->ranges.at[i].end - c->ranges.at[i].start;
	return sum;
}

/* What cannot be read is no root. */
int js_heap_roots_copy(struct js_heap_reader *r)
{
	struct js_heap_copy *c = &r->copy;
	size_t from;

	c->used_bytes = (c->used_bytes + 7) / 8 * 8;
	from = c->used_bytes;
	c->outside.len = 0;
	for (size_t i = 0; i < c->ranges.len; i++) {
		const struct js_heap_range *range = &c->ranges.at[i];
		size_t bytes = range->end - range->start;
		uint8_t *to = c->room + c->used_bytes;
		struct v8_copied_page *copied;

		if (bytes > c->room_bytes - c->used_bytes ||
		    target_read_memory(&r->target, range->start, to, bytes))
			continue;
		copied = vec_push(&c->outside);
		if (!copied)
			return -ENOMEM;
		*copied = (struct v8_copied_page){
			.start = range->start, .end = range->end, .bytes = to, .len = bytes
		};
		c->used_bytes += bytes;
	}
	c->roots_bytes = c->used_bytes - from;
	return 0;
}

static int add_seed(struct js_heap_copy *c, uint64_t start, uint64_t end)
{
	struct v8_gap *seed = vec_push(&c->seeds);

	if (!seed)
		return -ENOMEM;
	*seed = (struct v8_gap){ start / 8 * 8, end };
	return 0;
}

/* From its top on: what lies below was left by calls that are over. */
static int add_stack(struct js_heap_copy *c, uint64_t top)
{
	const struct v8_copy memory = { .pages = c->outside.at, .page_count = c->outside.len };
	const struct v8_copied_page *p = v8_copy_page(&memory, top);

	return p ? add_seed(c, top - RED_ZONE < p->start ? p->start : top - RED_ZONE, p->end) : 0;
}

static int add_thread(struct js_heap_copy *c, const struct standstill *still, size_t i)
{
	uint64_t words[STANDSTILL_REGISTERS], top;
	int count = standstill_registers(still, i, words, &top), err;

	if (count < 0)
		return 0; /* it has ended */
	err = add_stack(c, top);
	for (int k = 0; k < count && !err; k++)
		err = v8_roots_add(&c->roots, words[k]);
	return err;
}

int js_heap_roots_note(struct js_heap_reader *r, const struct standstill *still)
{
	struct js_heap_copy *c = &r->copy;
	int err = 0;

	c->seeds.len = 0;
	c->roots.len = 0;
	for (size_t i = 0; i < r->heaps.len && !err; i++) {
		uint64_t heap = r->heaps.at[i].address;

		err = add_seed(c, heap - JS_HEAP_ISOLATE_BYTES, heap + JS_HEAP_BEHIND_BYTES);
	}
	for (size_t i = 0; i < still->len && !err; i++)
		err = add_thread(c, still, i);
	return err;
}

int js_heap_roots_take(struct js_heap_reader *r)
{
	struct js_heap_copy *c = &r->copy;
	const struct v8_outside outside = {
		.memory = { .pages = c->outside.at, .page_count = c->outside.len },
		.seeds = c->seeds.at,
		.seed_count = c->seeds.len,
	};

	return v8_roots_find(&outside, &c->roots);
}

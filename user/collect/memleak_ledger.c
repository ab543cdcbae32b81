// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From the kernel's tables to the value in the middle: blocks, mappings, counters, names. */
#include "collect/memleak_state.h"

#include "base/vec.h"
#include "host/clock.h"
#include "host/log.h"
#include "probe/tables.h"
#include "profile/frame_owner.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* --- blocks --- */

static int take_block(void *ctx, const void *key, const void *value)
{
	struct memleak *m = ctx;
	const struct block_key *k = key;
	const struct block *b = value;

	m->live_blocks++;
	return leaks_block(m->leaks, (pid_t)k->tgid, LEAK_HEAP, b->stack, b->bytes, b->born_ns);
}

static int take_ranges(struct memleak *m, const struct watch *w, enum leak_kind kind,
		       const struct ranges *ranges)
{
	for (size_t i = 0; i < ranges->len; i++) {
		const struct range *r = &ranges->at[i];
		int err = leaks_block(m->leaks, w->target.pid, kind, r->stack, r->end - r->start,
				      r->time_ns);

		if (err)
			return err;
	}
	return 0;
}

int memleak_walk(struct memleak *m)
{
	int err;

	leaks_begin(m->leaks, clock_monotonic_ns(), m->options->min_age_ns);
	m->live_blocks = 0;
	err = table_walk(bpf_map__fd(m->skel->maps.blocks), sizeof(struct block_key),
			 sizeof(struct block), take_block, m);
	for (size_t i = 0; i < m->watch_count && !err; i++)
		err = take_ranges(m, m->watches[i], LEAK_MMAP, &m->watches[i]->ranges);
	for (size_t i = 0; i < m->watch_count && !err; i++)
		err = take_ranges(m, m->watches[i], LEAK_RUNTIME, &m->watches[i]->runtime_ranges);
	return err ? err : leaks_end(m->leaks);
}

struct drop {
	int fd;
	uint32_t tgid;
};

static int drop_block(void *ctx, const void *key, const void *value)
{
	const struct drop *d = ctx;
	const struct block_key *k = key;

	(void)value;
	if (k->tgid == d->tgid)
		(void)bpf_map_delete_elem(d->fd, k); /* gone already is as good */
	return 0;
}

int memleak_drop_blocks(struct memleak *m, uint32_t tgid)
{
	struct drop d = { .fd = bpf_map__fd(m->skel->maps.blocks), .tgid = tgid };

	return table_walk(d.fd, sizeof(struct block_key), sizeof(struct block), drop_block, &d);
}

/* --- mappings --- */

static bool is_loader(const char *module)
{
	return strncmp(module, "ld-", 3) == 0 || strncmp(module, "ld64", 4) == 0;
}

/* Was the mapping made by the loader itself? Told by the code that called. */
static bool is_from_loader(struct memleak *m, uint64_t stack_id)
{
	struct stack_frames stack;
	const char *module;

	if (stack_read(bpf_map__fd(m->skel->maps.stacks), stack_id, &stack) || !stack.len)
		return false;
	module = symbols_module(m->symbols, (pid_t)stack.tgid, stack.at[0]);
	return module && is_loader(module);
}

/* The runtime's own business: a thread's stack, or what the loader maps. */
static bool is_runtime(struct memleak *m, const struct map_event *e)
{
	return (e->flags & (MAP_STACK | MAP_GROWSDOWN)) || is_from_loader(m, e->stack);
}

/* [start, end) is nobody's. Returns the bytes of the program's own that went. */
static uint64_t unmap(struct watch *w, uint64_t start, uint64_t end, int *ret_err)
{
	int err;
	uint64_t known = ranges_unmap(&w->ranges, start, end, ret_err);

	(void)ranges_unmap(&w->runtime_ranges, start, end, &err);
	if (err)
		*ret_err = err;
	return known;
}

/* [start, end) was mapped by this call, whosever it was before. */
static int map(struct watch *w, struct ranges *owner, const struct map_event *e, uint64_t start,
	       uint64_t end)
{
	int err;

	(void)unmap(w, start, end, &err);
	return err ? err : ranges_map(owner, start, end, e->header.time_ns, e->stack);
}

static int apply_mmap(struct memleak *m, struct watch *w, const struct map_event *e)
{
	uint64_t end = e->addr + e->bytes;
	int err;

	if (e->fd < 0 || (e->flags & MAP_ANONYMOUS))
		return map(w, is_runtime(m, e) ? &w->runtime_ranges : &w->ranges, e, e->addr, end);
	(void)unmap(w, e->addr, end, &err); /* a file, maybe over anonymous memory */
	return err;
}

static int apply_brk(struct watch *w, const struct map_event *e)
{
	int err = 0;

	if (e->addr > e->old_addr)
		return map(w, &w->ranges, e, e->old_addr, e->addr);
	if (e->addr < e->old_addr)
		(void)unmap(w, e->addr, e->old_addr, &err);
	return err;
}

/* The old place is forgotten, the new one is this call's. */
static int apply_mremap(struct watch *w, const struct map_event *e)
{
	int err = 0;
	uint64_t known;

	if (e->old_bytes) {
		known = unmap(w, e->old_addr, e->old_addr + e->old_bytes, &err);
		if (err || !known) /* from before the attach, a file, or the runtime's: not ours */
			return err;
	}
	return map(w, &w->ranges, e, e->addr, e->addr + e->bytes);
}

static int apply(struct memleak *m, struct watch *w, const struct map_event *e)
{
	int err = 0;

	switch (e->header.kind) {
	case MAP_MMAP:
		return apply_mmap(m, w, e);
	case MAP_MUNMAP:
		(void)unmap(w, e->addr, e->addr + e->bytes, &err);
		return err;
	case MAP_MREMAP:
		return apply_mremap(w, e);
	case MAP_BRK:
		return apply_brk(w, e);
	default:
		return 0;
	}
}

void memleak_map_event(struct memleak *m, const struct map_event *e)
{
	struct watch *w = memleak_watch_of(m, e->header.tgid);
	uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	struct map_event whole = *e; /* the kernel maps and unmaps whole pages */
	int err;

	whole.bytes = (e->bytes + page_bytes - 1) & ~(page_bytes - 1);
	whole.old_bytes = (e->old_bytes + page_bytes - 1) & ~(page_bytes - 1);
	err = w ? apply(m, w, &whole) : 0;

	if (err)
		log_warn("a mapping of process %u was not recorded: %s", e->header.tgid,
			 strerror(-err));
}

/* --- counters --- */

int memleak_counts(const struct memleak *m, const struct watch *w, struct leak_counts *ret_counts,
		   struct stack_counts *ret_stacks)
{
	uint64_t c[LEAK_COUNTERS];
	int err = table_sum_percpu(bpf_map__fd(m->skel->maps.counters), w->slot, c, LEAK_COUNTERS);

	if (err)
		return err;
	*ret_counts = (struct leak_counts){
		.allocs = c[LEAK_ALLOCS],
		.alloc_bytes = c[LEAK_ALLOC_BYTES],
		.frees = c[LEAK_FREES],
		.free_bytes = c[LEAK_FREE_BYTES],
		.frees_before_attach = c[LEAK_FREES_BEFORE_ATTACH],
		.failed_allocs = c[LEAK_FAILED_ALLOCS],
		.filtered = c[LEAK_FILTERED],
		.nested = c[LEAK_NESTED],
		.hits = c[LEAK_HITS],
		.lost_blocks = c[LEAK_LOST_BLOCKS],
		.lost_stacks = c[LEAK_LOST_STACKS],
		.lost_threads = c[LEAK_LOST_THREADS],
		.lost_frees = c[LEAK_LOST_FREES],
		.lost_returns = c[LEAK_LOST_RETURNS],
		.lost_reads = c[LEAK_LOST_READS],
		.lost_events = c[LEAK_LOST_EVENTS],
	};
	ret_stacks->by_fp = c[LEAK_STACKS_BY_FP];
	ret_stacks->js = w->js;
	memcpy(ret_stacks->ended, c + LEAK_STACKS, sizeof(ret_stacks->ended));
	return 0;
}

int memleak_outstanding(struct memleak *m, pid_t pid, struct memleak_outstanding *ret)
{
	const struct watch *w = memleak_watch_of(m, (uint32_t)pid);
	struct stack_counts ignored;
	struct leak_counts c;
	int err = w ? memleak_counts(m, w, &c, &ignored) : -ESRCH;

	if (err)
		return err;
	/* counted by each CPU for itself: a block may be freed before it is seen to be made */
	ret->blocks = c.allocs > c.frees ? c.allocs - c.frees : 0;
	ret->bytes = c.alloc_bytes > c.free_bytes ? c.alloc_bytes - c.free_bytes : 0;
	ret->hits = c.hits;
	return 0;
}

uint64_t memleak_total_hits(const struct memleak *m)
{
	uint64_t total = 0;

	for (size_t i = 0; i < m->watch_count; i++) {
		struct leak_counts c;
		struct stack_counts ignored;

		if (memleak_counts(m, m->watches[i], &c, &ignored) == 0)
			total += c.hits;
	}
	return total;
}

/* --- names --- */

/* The code addresses of one process that are to be named in one go. */
struct wanted {
	const struct memleak *m;
	pid_t pid;
	uint64_t *at;
	size_t len, cap;
};

static void want_stack(void *ctx, pid_t pid, uint64_t id)
{
	struct wanted *wanted = ctx;
	struct stack_frames stack;

	if (pid != wanted->pid || stack_read(bpf_map__fd(wanted->m->skel->maps.stacks), id, &stack))
		return; /* another process, or STACK_NONE */
	for (size_t i = 0; i < stack.len; i++) {
		uint64_t *addr = vec_push(wanted);

		if (addr)
			*addr = stack.at[i];
	}
}

void memleak_resolve_all(struct memleak *m)
{
	for (size_t i = 0; i < m->watch_count; i++) {
		struct wanted wanted = { .m = m, .pid = m->watches[i]->target.pid };

		m->watches[i]->js = (struct js_counts){ 0 };
		leaks_each_stack(m->leaks, want_stack, &wanted);
		if (symbols_resolve(m->symbols, wanted.pid, wanted.at, wanted.len))
			log_warn("out of memory while reading symbols: names will be missing");
		free(wanted.at);
	}
}

/* Where stacks begin, for walks that cannot tell: the first function of a process or thread. */
static bool is_start(const char *function)
{
	static const char *const starts[] = { "_start",
					      "__libc_start_main",
					      "__libc_start_call_main",
					      "start_thread",
					      "clone",
					      "clone3",
					      "__clone",
					      "__clone3" };

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (strncmp(function, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

/* Why a stack that was named down to @depth frames is not whole, or NULL. */
static const char *cut_of(const struct stack_frames *stack, const struct frame *frames,
			  size_t depth)
{
	if (stack->end == STACK_UNTOLD && depth && is_start(frames[depth - 1].function))
		return NULL;
	return stack->end == STACK_COMPLETE ? NULL : stack_end_texts[stack->end];
}

/* Of a stack of Buffers the one who had them made is left. */
static size_t keep_maker(struct frame *frames, size_t depth, const char **cut)
{
	size_t maker = frame_of_buffer_maker(frames, depth);

	if (maker == depth)
		return depth;
	frames[0] = frames[maker];
	frames[0].is_inlined = false; /* the same function, whatever it was made part of */
	if (frames[0].kind == FRAME_JIT)
		*cut = NULL; /* what follows would change nothing */
	return 1;
}

size_t memleak_names(void *ctx, pid_t pid, uint64_t id, struct frame *ret_frames, size_t max,
		     const char **ret_cut)
{
	struct memleak *m = ctx;
	struct watch *w = memleak_watch_of(m, (uint32_t)pid);
	const struct stack_code code = { .names = pid };
	struct stack_room room = { .at = ret_frames, .max = max };
	struct stack_frames stack;
	size_t depth = 0;

	*ret_cut = "stack not recorded";
	if (stack_read(bpf_map__fd(m->skel->maps.stacks), id, &stack))
		return 0;
	/* an address outside all code: what was taken for a frame pointer was none */
	for (size_t i = 0; i < stack.len && depth < max; i++) {
		size_t count = stack_names_frame(&m->names, &code, &stack, i, &room);

		if (!count)
			break;
		depth += count;
		room.at += count;
		room.max -= count;
	}
	if (w)
		js_counts_add(&w->js, &room.js, 1);
	*ret_cut = cut_of(&stack, ret_frames, depth);
	return m->options->of_buffers ? keep_maker(ret_frames, depth, ret_cut) : depth;
}

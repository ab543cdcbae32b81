/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Private to collect/mem_watch*.c: what they share. */
#ifndef COLLECT_MEM_WATCH_STATE_H
#define COLLECT_MEM_WATCH_STATE_H

#include "collect/mem_watch.h"
#include "collect/memleak.h"
#include "collect/v8_state.h"
#include "host/cgroup.h"
#include "host/target.h"
#include "symbol/smaps.h"

/* Where the stack of a thread was seen last; it stays where it is. */
struct watched_stack {
	pid_t tid;
	uint64_t pointer;
};

struct watched {
	struct memory_process value; /* first: reports are given this */
	struct mem_watch *set;
	struct target target;
	struct cgroup cgroup;
	bool is_root; /* asked for, not found below one (-s) */
	/* what it executes */
	uint64_t exe_device, exe_inode;
	/* its V8 */
	bool has_places;
	unsigned int tries; /* to find them */
	struct v8_places places;
	struct gc_heaps heaps;
	uint32_t heaps_threads; /* so many threads when its heaps were looked for */
	uint32_t heaps_age;	/* looks since then */
	bool is_unreadable;	/* its memory may not be read */
	struct memory_heap heap_values[GC_HEAPS_MAX];
	struct {
		struct watched_stack *at;
		size_t len, cap;
	} stacks; /* ascending by pointer */
	struct {
		struct memory_sample *at;
		size_t len, cap;
	} samples;
	uint32_t skipped;      /* since the one kept last */
	uint32_t each, passed; /* looked at each time so many intervals have passed */
	struct memory_buffers buffers;
	struct {
		struct leak_row *at;
		size_t len, cap;
	} makers; /* their frames are those of the last report */
};

struct mem_watch {
	const struct mem_watch_options *options;
	struct loop *loop;
	const struct mem_watch_sink *sink;
	struct {
		struct memory_process **at; /* each the first member of a struct watched */
		size_t len, cap;
	} processes;
	uint64_t *chunks; /* of one process at a time */
	uint64_t started_ns, started_realtime_ns, missed;
	uint32_t missed_children; /* at the start */
	bool is_full;		  /* there were more processes than are watched */
	struct memleak *buffers;  /* NULL: not asked for */
	bool is_stopped;	  /* the probes of that are off */
	struct memleak_options buffers_options;
	char description[128], note[192];
};

/* mem_watch_look.c: one look at @w. 0; -ESRCH: it is gone; or -errno. */
int mem_watch_look(struct watched *w, struct memory_sample *ret);

/* mem_watch_v8.c: its heaps, as far as they can be read, into the value and @s. */
#define MEM_WATCH_CHUNKS_MAX 65536 /* of 256 KiB: 16 GiB */
void mem_watch_v8(struct watched *w, const struct smaps *maps, struct memory_sample *s);
/* What it executes now is another program. */
void mem_watch_v8_forget(struct watched *w);

/* mem_watch_buffers.c: the probes. An exit status or 0 or -errno, said; nothing when not asked. */
int mem_watch_buffers_open(struct mem_watch *set);
int mem_watch_buffers_add(struct watched *w);
int mem_watch_buffers_add_descendant(struct watched *w);

#endif

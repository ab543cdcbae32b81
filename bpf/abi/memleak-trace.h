/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* memleak-trace: the ledger of live blocks, its counters, mapping events, how a function is read.
 */
#ifndef ABI_MEMLEAK_TRACE_H
#define ABI_MEMLEAK_TRACE_H

#include "abi/stacks.h"
#include "abi/target.h"

/*
 * Attach cookie of an allocating function: which argument (0..3) is what, ARG_NONE where it has
 * none. Four bits each. Of one that frees: which argument is the block, 0 or 1.
 */
#define ARG_NONE	  0xfull
#define COOKIE_SIZE(arg)  ((__u64)(arg))       /* bytes wanted */
#define COOKIE_COUNT(arg) ((__u64)(arg) << 4)  /* times this many (calloc, reallocarray) */
#define COOKIE_OLD(arg)	  ((__u64)(arg) << 8)  /* the block to be resized (realloc) */
#define COOKIE_OUT(arg)	  ((__u64)(arg) << 12) /* where the result is stored (posix_memalign) */
/* bytes in argument n, result returned */
#define COOKIE_PLAIN(n)                                                                            \
	(COOKIE_SIZE(n) | COOKIE_COUNT(ARG_NONE) | COOKIE_OLD(ARG_NONE) | COOKIE_OUT(ARG_NONE))
#define COOKIE_FIELD(c, n) (((c) >> (4 * (n))) & 0xf)

/* Map "blocks": 16 + 24 bytes, so that an element fits the kernel's 96-byte size class. */
struct block_key {
	__u64 addr;
	__u32 tgid;
	__u32 pad;
};
ABI_SIZE(struct block_key, 16);

struct block {
	__u64 bytes;   /* as asked for */
	__u64 born_ns; /* CLOCK_MONOTONIC, when the call returned */
	__u64 stack;   /* id in "stacks", STACK_NONE */
};
ABI_SIZE(struct block, 24);

/* Per-CPU counters of one process; names as in user/profile/leaks.h. */
enum leak_counter {
	LEAK_HITS,
	LEAK_ALLOCS,
	LEAK_ALLOC_BYTES,
	LEAK_FREES,
	LEAK_FREE_BYTES,
	LEAK_FREES_BEFORE_ATTACH,
	LEAK_FAILED_ALLOCS,
	LEAK_FILTERED,
	LEAK_NESTED,
	LEAK_LOST_BLOCKS,
	LEAK_LOST_STACKS,
	LEAK_LOST_THREADS,
	LEAK_LOST_FREES,
	LEAK_LOST_RETURNS,
	LEAK_LOST_READS,
	LEAK_LOST_EVENTS,
	LEAK_STACKS_BY_FP,
	LEAK_STACKS, /* STACK_ENDS of them: taken, by how they ended */
	LEAK_COUNTERS = LEAK_STACKS + STACK_ENDS,
};

enum map_event_kind { MAP_MMAP = 16, MAP_MUNMAP, MAP_MREMAP, MAP_BRK };

/* One successful mapping call of the program itself (--mmap). */
struct map_event {
	struct event_header header;
	__u64 stack;
	__u64 addr;  /* result: start of the mapping; MAP_BRK: the new break; MAP_MUNMAP: start */
	__u64 bytes; /* length; MAP_MREMAP: the new length; MAP_BRK: 0 */
	__u64 old_addr;	 /* MAP_MREMAP: the old start; MAP_BRK: the break before */
	__u64 old_bytes; /* MAP_MREMAP: the old length */
	__u32 prot;	 /* MAP_MMAP: PROT_* */
	__u32 flags;	 /* MAP_MMAP, MAP_MREMAP: the call's flags */
	__s32 fd;	 /* MAP_MMAP: -1 for anonymous memory */
	__u32 pad;
};
ABI_SIZE(struct map_event, 72);

#endif

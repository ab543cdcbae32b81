/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Private to collect/memleak*.c: what they share. */
#ifndef COLLECT_MEMLEAK_STATE_H
#define COLLECT_MEMLEAK_STATE_H

#include "abi/memleak-trace.h"
#include "collect/memleak.h"
#include "collect/stack_names.h"

#include "host/clock.h"
#include "host/target.h"
#include "probe/allocator.h"
#include "probe/process_code.h"
#include "probe/stacks.h"
#include "probe/uprobes.h"
#include "profile/ranges.h"

#include "memleak-trace.skel.h"

#include <bpf/libbpf.h>

/* So long after an exec the allocator is looked for: the loader is at work. */
#define PENDING_GIVE_UP_NS (5 * NS_PER_S)

enum watch_state {
	WATCH_RUNNING,
	WATCH_PENDING,	/* executed another program whose libraries are not all there yet */
	WATCH_ENDED,	/* the process is gone */
	WATCH_EXECUTED, /* it executed another program and we do not follow */
	WATCH_DETACHED, /* we let go */
};

/* One process under observation. */
struct watch {
	struct memleak *owner;
	struct target target;
	enum watch_state state;
	bool is_child; /* found by -s: its exec is followed */
	bool was_attached;
	uint32_t slot; /* of its counters */
	uint64_t attached_ns, ended_ns;
	uint64_t pending_since_ns;
	struct uprobe_links links;
	struct ranges ranges, runtime_ranges; /* --mmap: the program's own, and the runtime's */
	char allocator[320];		      /* for the report */
	struct js_counts js;		      /* of the stacks of the last report */
};

struct memleak {
	const struct memleak_options *options;
	enum stack_method stacks; /* as asked for, or what the kernel can do */
	struct loop *loop;
	struct memleak_trace_bpf *skel;
	struct ring_buffer *ring;
	struct symbols *symbols;
	struct unwind_tables *unwind; /* NULL with STACKS_FP */
	struct js_names *js;	      /* the same */
	struct stack_names names;
	struct leaks *leaks;
	struct watch *watches[TARGETS_MAX];
	size_t watch_count;
	uint64_t started_ns, stopped_ns;
	uint64_t live_blocks;	       /* at the last walk */
	uint64_t probe_ns;	       /* calibrated cost of one probe hit, 0 unknown */
	uint64_t guard_hits, guard_ns; /* at the last guard check */
	unsigned int guard_strikes;
	bool has_let_go; /* the guard stopped the recording */
	uint64_t refreshed_ns;
	unsigned int missed_children;  /* ended before they could be traced */
	unsigned int refused_children; /* could not be traced for another reason */
	char note[256];
	char report_note[5120]; /* note, missed children, files that could not be read */
	char description[512];
	struct leak_rows rows; /* of the last report */
	struct leak_target *report_targets;
};

/* memleak_attach.c */
int watch_attach(struct watch *w, bool is_quiet);
/* Its executable mappings, for names and for walking its stacks. 0 or -errno. */
int watch_refresh_code(struct watch *w);
/* Nothing of it is recorded from here on. */
void watch_pause(struct watch *w);
void watch_detach(struct watch *w);

/* memleak_watch.c */
void watch_free(struct watch *w);
struct watch *memleak_watch_of(struct memleak *m, uint32_t tgid);
size_t memleak_running(const struct memleak *m);
/* As a loop_fn: 0, or 1 when nothing is left to wait for. */
int memleak_goes_on(const struct memleak *m);
/* Acts on a fork, exec or exit event. 0, or 1 when nothing is left to watch, or -errno. */
int memleak_process_event(struct memleak *m, const struct process_event *event);
/* Tries the pending ones again, refreshes symbols, checks the guard. As above. */
int memleak_housekeeping(void *m);

/* memleak_ledger.c */
void memleak_map_event(struct memleak *m, const struct map_event *event);
/* Walks the ledger into m->leaks. 0 or -errno. */
int memleak_walk(struct memleak *m);
/* Drops what the ledger has of process @tgid. */
int memleak_drop_blocks(struct memleak *m, uint32_t tgid);
int memleak_counts(const struct memleak *m, const struct watch *w, struct leak_counts *ret_counts,
		   struct stack_counts *ret_stacks);
uint64_t memleak_total_hits(const struct memleak *m);
/* Names every stack that has live blocks; look-ups (memleak_names, a leak_names_fn) follow. */
void memleak_resolve_all(struct memleak *m);
size_t memleak_names(void *ctx, pid_t pid, uint64_t id, struct frame *ret_frames, size_t max,
		     const char **ret_cut);

#endif

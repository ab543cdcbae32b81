/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Private to collect/exporter*.c: what they share. */
#ifndef COLLECT_EXPORTER_STATE_H
#define COLLECT_EXPORTER_STATE_H

#include "collect/discovery.h"
#include "collect/exporter.h"
#include "collect/gc_trace.h"
#include "collect/loop_stall.h"
#include "collect/mem_watch.h"
#include "collect/memleak.h"
#include "host/cgroup.h"
#include "host/sockets.h"
#include "host/target.h"
#include "profile/budget.h"
#include "profile/vitals.h"

#include <sys/utsname.h>

/* Processes there was no room for, so that each is counted once. */
#define DROPPED_KEPT 256

/* A process that is watched. */
struct watched_target {
	struct exporter *e;
	struct target target;
	const struct exporter_target *config;
	struct vitals_process *vitals;
	struct cgroup cpu;
	unsigned int collected; /* enum exporter_collect: what really is */
	struct budget budget;
	struct budget_counts counted; /* up to the last look; of looks since then */
};

/* What only grows, of something that may begin again. */
struct loss_count {
	uint64_t last, sum;
};

enum loss {
	LOSS_LOOP_EVENTS,
	LOSS_LOOPS,
	LOSS_GC_EVENTS,
	LOSS_GC_THREADS,
	LOSS_MEMORY_LOOKS,
	LOSS_DISCOVERY,
	LOSSES,
};

struct exporter {
	const struct exporter_config *config;
	struct loop *loop;
	struct vitals *vitals;
	struct loop_stall_options loop_options;
	struct gc_trace_options gc_options;
	struct mem_watch_options memory_options;
	struct memleak_options alloc_options;
	struct loop_stall_sink loop_sink;
	struct gc_trace_sink gc_sink;
	struct mem_watch_sink memory_sink;
	struct discovery_options discovery_options;
	struct loop_stall *stalls; /* NULL: no target wants it; so the next three */
	struct gc_trace *gc;
	struct mem_watch *memory;
	struct memleak *alloc;
	struct discovery *discovery;
	const struct target_rule **rules;
	struct sockets sockets;
	struct watched_target *targets[EXPORTER_TARGETS_MAX];
	size_t target_count;
	pid_t dropped[DROPPED_KEPT];
	uint64_t dropped_targets, dropped_series;
	uint64_t started_realtime_ns;
	bool is_started, has_split;
	pid_t server;
	uint64_t server_restarts;
	struct loss_count losses[LOSSES];
	size_t loop_count; /* when last asked */
	struct utsname kernel;
};

/* discovery_options.on_process. */
int exporter_on_process(void *ctx, pid_t pid, size_t rule);
/* Each interval: what /proc says of all, and whether they are within their budget. */
int exporter_look(void *ctx);
/* What loops did so far to the sums. 0 or -errno. */
int exporter_take_loops(struct exporter *e);
void exporter_drop_all(struct exporter *e);

void exporter_count_loss(struct exporter *e, enum loss which, uint64_t now);
/* The watch itself to @s, with all groups. 0 or -ENOMEM. */
int exporter_write(struct exporter *e, struct series *s);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The collecting side of vitals-exporter: the collectors of loop-stall, gc-trace and mem-watch in
 * one process, for the targets of a configuration, for weeks; what they tell is added up
 * (profile/vitals.h), and becomes a page when one is asked for.
 */
#ifndef COLLECT_EXPORTER_H
#define COLLECT_EXPORTER_H

#include "host/loop.h"
#include "profile/exporter_config.h"
#include "profile/series.h"

struct exporter;

/* Loads the programs. 0 or -errno after saying why. Both are borrowed for the life of it. */
int exporter_open(const struct exporter_config *config, struct loop *loop, struct exporter **ret);
void exporter_free(struct exporter *e);
void exporter_freep(struct exporter **e);

/* Attaches, and looks for targets: from now on as they come and go. 0 or -errno, said. */
int exporter_start(struct exporter *e);

/* The process that listens, for its cost; not a target. */
void exporter_set_server(struct exporter *e, pid_t pid, uint64_t restarts);

/* Processes that are watched. */
size_t exporter_targets(const struct exporter *e);

/* What the page holds now (a metrics_link_fill_fn, @ctx: struct exporter). */
int exporter_fill(void *ctx, struct series *s, bool *ret_is_ready);

/* Detaches everything. */
void exporter_stop(struct exporter *e);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Finds the processes that rules are for: those that are there, by /proc; those that begin, by the
 * kernel's word, 100 ms later at most; what only becomes one (a name by prctl, another cgroup), and
 * what could not be told, by looking through /proc again each minute.
 */
#ifndef COLLECT_DISCOVERY_H
#define COLLECT_DISCOVERY_H

#include "host/loop.h"
#include "profile/target_rules.h"

#include <stdint.h>

#define DISCOVERY_NONE SIZE_MAX

struct discovery_options {
	const struct target_rule *const *rules; /* the first that matches counts; borrowed */
	size_t rule_count;
	/* @rule: its index, or DISCOVERY_NONE. Told of each process that was looked at, again and
	 * again. Results as of a loop_fn. */
	int (*on_process)(void *ctx, pid_t pid, size_t rule);
	void *ctx;
};

struct discovery;

/* Loads and attaches. 0 or -errno after saying why. */
int discovery_open(const struct discovery_options *options, struct loop *loop,
		   struct discovery **ret);
void discovery_free(struct discovery *d);
void discovery_freep(struct discovery **d);

/* Looks through /proc, now. 0 or what on_process said, or -errno. */
int discovery_scan(struct discovery *d);

/* Children of @pid are told of from now on, or not any more. */
void discovery_follow(struct discovery *d, pid_t pid, bool is_followed);

/* Events that found no room so far: a scan follows each time. */
uint64_t discovery_lost(const struct discovery *d);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A uprobe on ourselves, by uprobe_multi: to find out whether this kernel has it and what one hit
 * costs on this machine, without touching anybody else.
 */
#ifndef PROBE_SELF_PROBE_H
#define PROBE_SELF_PROBE_H

#include <stdint.h>
#include <sys/types.h>

enum self_probe_kind { SELF_ENTRY, SELF_RETURN, SELF_SESSION };

struct self_probe {
	int map_fd, prog_fd, link_fd;
};

/* The probed function. Call it through a volatile pointer, so that a call really happens. */
void *self_probed(void *unused);

/*
 * Probes the function's entry, return or both in process @pid: this one, or a child of it that has
 * not executed anything else. 0 or -errno; self_probe_done is due either way.
 */
int self_probe_open(struct self_probe *p, pid_t pid, enum self_probe_kind kind);
void self_probe_done(struct self_probe *p);

/* Hits so far. */
uint64_t self_probe_count(const struct self_probe *p);

#endif

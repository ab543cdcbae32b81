/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What /proc says of a process to one that watches many: how to know it, and its figures. */
#ifndef HOST_PROCESS_LOOK_H
#define HOST_PROCESS_LOOK_H

#include "host/cgroup.h"
#include "host/sockets.h"
#include "profile/target_rules.h"
#include "profile/vitals.h"

#define PROCESS_CGROUPS_MAX 32

/* By what rules know it; traits point into the rest. To be freed. */
struct process_look {
	struct process_traits traits;
	const char *cgroups[PROCESS_CGROUPS_MAX];
	char comm[64], words[8192], line[8192], cgroup_text[8192]; /* of longer ones the start */
};

/* 0, -ESRCH (gone, a zombie or a thread of the kernel), -ENOMEM or -errno. */
int process_look(pid_t pid, struct process_look **ret);

/*
 * Its figures now. @cpu: its cgroup for the CPU controller, version 0 when there is none; @sockets:
 * kept over processes and looks. What cannot be read is marked as not known. 0 or -ESRCH.
 */
int process_facts(pid_t pid, const struct cgroup *cpu, struct sockets *sockets,
		  struct vitals_facts *ret);

/* Resident memory, 0 when it cannot be read. */
uint64_t process_resident_bytes(pid_t pid);

/* CLOCK_REALTIME of the beginning of a process by its start_ticks. */
uint64_t process_start_ns(uint64_t start_ticks);

#endif

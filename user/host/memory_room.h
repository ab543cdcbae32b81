/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How much more memory a process may take before the machine or its cgroup has none left. */
#ifndef HOST_MEMORY_ROOM_H
#define HOST_MEMORY_ROOM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct memory_room {
	uint64_t bytes;
	bool is_of_cgroup; /* which has less than the machine */
};

/* MemAvailable of the machine, or what the cgroups of @pid leave. 0 or -errno. */
int memory_room_of(pid_t pid, struct memory_room *ret);

#endif

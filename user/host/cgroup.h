/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the memory and CPU controllers say of a process's cgroup, version 1 or 2. */
#ifndef HOST_CGROUP_H
#define HOST_CGROUP_H

#include "profile/memory.h"

/* The directory that says it, and where the cgroups above it end. */
struct cgroup {
	int version;		/* 0: none that we can see */
	char dir[1024];		/* of the mount point and the cgroup */
	size_t top_len;		/* of the mount point */
	char path[256];		/* of the cgroup, clean */
	char limited_path[256]; /* of the one that cgroup_memory told of */
};

/*
 * Finds the cgroup of @pid for @controller ("memory", "cpu"; in version 2 all have the same). 0;
 * -ENODATA: it is not mounted, or lies outside of what this process sees; or -errno.
 */
int cgroup_find(pid_t pid, const char *controller, struct cgroup *ret);

/* The same from the texts of /proc/PID/cgroup and /proc/self/mountinfo, which it changes. */
int cgroup_find_in(char *cgroups, char *mounts, const char *controller, struct cgroup *ret);

/*
 * Of the cgroup and those above it the one with the least room. 0 or -errno; @ret->version is 0
 * then. ret->path is owned by @c, until the next call.
 */
int cgroup_memory(struct cgroup *c, struct memory_cgroup *ret);

/*
 * How long its tasks were kept from running by the quota of the cgroup (one of the CPU controller)
 * or of one above it, since it was made. 0 or -ENODATA.
 */
int cgroup_throttled(const struct cgroup *c, uint64_t *ret_ns);

#endif

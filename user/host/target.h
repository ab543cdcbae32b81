/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One process under observation, held by descriptors so that a reused PID or a changed path can
 * never be taken for it (rules S4, S7, S8).
 */
#ifndef HOST_TARGET_H
#define HOST_TARGET_H

#include "host/procfs.h"
#include "symbol/procmaps.h"

#include <stdbool.h>
#include <sys/stat.h>

#define TARGET_MAX_BINARY_BYTES (4ull << 30)

struct target {
	pid_t pid; /* = tgid, in our namespace */
	uint64_t start_ticks;
	int pidfd;     /* readable once the process has ended */
	int root_fd;   /* /proc/PID/root, O_PATH */
	int proc_fd;   /* /proc/PID, O_PATH|O_DIRECTORY */
	char comm[64]; /* cleaned */
	char exe[256]; /* cleaned path of the executable, "" when unreadable */
};

/*
 * Takes hold of @pid. 0; -ESRCH no such process or it is a zombie; -EEXIST it is a thread
 * (*ret_tgid, when not NULL, is the process it belongs to); -EACCES/-EPERM not ours to look at.
 */
int target_open(struct target *t, pid_t pid, pid_t *ret_tgid);
void target_done(struct target *t);

/* Is it still that process (pidfd silent, start time the same)? */
bool target_is_same(const struct target *t);

/*
 * Device and inode of the executable it runs now. 0 or -errno (-ESRCH when gone).
 */
int target_executable(const struct target *t, struct stat *ret);

/* Parses its current maps. 0 or -errno (-ESRCH when gone). */
int target_maps(const struct target *t, struct procmaps *ret_maps);

/*
 * Opens the file behind mapping @m: by /proc/PID/map_files, else /proc/PID/exe or the path below
 * the target's root, when device and inode agree with @m. Regular files up to
 * TARGET_MAX_BINARY_BYTES only. A descriptor (O_CLOEXEC) or -errno.
 */
int target_open_mapping(const struct target *t, const struct mapping *m);

/*
 * Opens @path inside the target's root without ever leaving it (openat2 RESOLVE_IN_ROOT |
 * RESOLVE_NO_MAGICLINKS), non-blocking, no terminal, last component not a link, regular file only,
 * at most @max_bytes. A descriptor or -errno (-EINVAL not a regular file, -E2BIG).
 */
int target_open_path(const struct target *t, const char *path, uint64_t max_bytes);

/* The same, and no component of @path is a link: for paths made of what the target said. */
int target_open_without_links(const struct target *t, const char *path, uint64_t max_bytes);

/* The same checks for a host path (separate debug files). */
int host_open_regular(const char *path, uint64_t max_bytes);

/* Reads the target's memory (process_vm_readv). 0, -EFAULT (not mapped or short), -ESRCH, -EPERM.
 */
int target_read_memory(const struct target *t, uint64_t addr, void *buf, size_t len);

#endif

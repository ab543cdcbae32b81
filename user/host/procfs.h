/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Processes as /proc shows them. PIDs are those of this tool's PID namespace. Reads are bounded.
 */
#ifndef HOST_PROCFS_H
#define HOST_PROCFS_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROCFS_MAX_FILE (64u << 20)

/* /proc/PID/@file for reading, O_CLOEXEC. A descriptor, -ESRCH (no such process) or -errno. */
int procfs_open(pid_t pid, const char *file);

/*
 * Whole content of an open /proc file, NUL-terminated (the NUL is not counted). *ret_data is to be
 * freed. 0, -E2BIG over @max, or the read's errno (-ESRCH when the process is gone).
 */
int procfs_read(int fd, size_t max, char **ret_data, size_t *ret_len);

struct process_stat {
	pid_t pid, ppid, tgid;
	pid_t ns_pid;	      /* its number in its own PID namespace, the innermost */
	uint64_t start_ticks; /* field 22 of stat: clock ticks since boot; tells a reused PID */
	char state;	      /* R S D Z T ... */
	char comm[64];	      /* cleaned */
	pid_t tracer;	      /* TracerPid of status, 0 when none */
	uid_t euid;
	int seccomp;			   /* Seccomp: of status */
	uint64_t user_ticks, system_ticks; /* CPU time since it began, of all its threads */
	uint32_t threads;
	uint64_t minor_faults, major_faults; /* since it began, of all its threads */
	uint64_t peak_rss_bytes;	     /* VmHWM of status, 0 when it has none */
	uint64_t anon_rss_bytes;	     /* RssAnon, 0 likewise */
	uint64_t caught_signals;	     /* bit N - 1: it has a handler for signal N */
};

/* 0, -ESRCH (no such process), or another errno. */
int procfs_stat(pid_t pid, struct process_stat *ret_stat);

/*
 * The stack pointer of thread @tid of process @pid where it waits in the kernel. 0; -ENODATA: it
 * runs; or another errno.
 */
int procfs_stack_pointer(pid_t pid, pid_t tid, uint64_t *ret_address);

struct pid_list {
	pid_t *at;
	size_t len, cap;
};

void pid_list_done(struct pid_list *list);

/*
 * Processes whose comm equals @name, or whose argv[0] has that base name, or whose argv[1] has (so
 * that "server.js" finds "node server.js"); with NULL all. This process and its parents are left
 * out. 0 (also with none) or -errno.
 */
int procfs_find_by_name(const char *name, struct pid_list *ret_list);

/* The threads of @pid. 0 or -errno (-ESRCH when it is gone). */
int procfs_threads(pid_t pid, struct pid_list *ret_list);

/* Children of @pid and theirs, not @pid itself. Threads' children included. */
int procfs_descendants(pid_t pid, struct pid_list *ret_list);

/*
 * Can small allocations of @pid fail though the machine has memory: an address space limit
 * (RLIMIT_AS), or strict overcommit accounting (vm.overcommit_memory = 2)? True when unknown.
 */
bool procfs_memory_is_limited(pid_t pid);

/* Resident memory of this process, bytes; 0 when unknown. */
uint64_t procfs_own_rss_bytes(void);

/* Its data and stack, which RLIMIT_DATA counts; 0 when unknown. */
uint64_t procfs_own_data_bytes(void);

#endif

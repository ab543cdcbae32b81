// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Holds a process by descriptors and opens its files without trusting a path it chose: every file
 * is first held by O_PATH, which has no side effect on devices and pipes, then checked, then
 * opened.
 */
#include "host/target.h"

#include "base/scope.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>

#define OPENAT2_TRIES 16 /* -EAGAIN: something was renamed or mounted while it walked the path */

void target_done(struct target *t)
{
	if (!t || t->pid == 0)
		return;
	closep(&t->proc_fd);
	closep(&t->root_fd);
	closep(&t->pidfd);
	*t = (struct target){ .pidfd = -1, .root_fd = -1, .proc_fd = -1 };
}

static bool has_ended(const struct target *t)
{
	struct pollfd p = { .fd = t->pidfd, .events = POLLIN };

	return poll(&p, 1, 0) != 0;
}

bool target_is_same(const struct target *t)
{
	struct process_stat st;

	return !has_ended(t) && procfs_stat(t->pid, &st) == 0 && st.start_ticks == t->start_ticks;
}

/* Of files below /proc/PID both words mean that the process is gone. */
static int process_errno(void)
{
	return errno == ENOENT ? -ESRCH : -errno;
}

static int open_process_files(struct target *t)
{
	char path[32], link[PATH_MAX];
	ssize_t len;

	(void)snprintf(path, sizeof(path), "/proc/%d", (int)t->pid); /* always fits */
	t->proc_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (t->proc_fd < 0)
		return process_errno();
	t->root_fd = openat(t->proc_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (t->root_fd < 0)
		return process_errno();
	len = readlinkat(t->proc_fd, "exe", link, sizeof(link));
	if (len > 0)
		(void)text_clean(link, (size_t)len, t->exe, sizeof(t->exe));
	return 0;
}

int target_open(struct target *t, pid_t pid, pid_t *ret_tgid)
{
	_release_(target_done) struct target held = {
		.pid = pid, .pidfd = -1, .root_fd = -1, .proc_fd = -1
	};
	struct process_stat st;
	int err, no_pidfd;

	if (pid <= 0)
		return -ESRCH;
	/* First of all: while this stays silent the number means the same process. */
	held.pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	no_pidfd = process_errno();
	err = procfs_stat(pid, &st); /* also tells why there is no pidfd: a thread has none */
	if (err)
		return err;
	if (st.tgid != pid) {
		if (ret_tgid)
			*ret_tgid = st.tgid;
		return -EEXIST;
	}
	if (held.pidfd < 0)
		return no_pidfd;
	held.start_ticks = st.start_ticks;
	memcpy(held.comm, st.comm, sizeof(held.comm));
	err = open_process_files(&held);
	if (err)
		return err;
	if (!target_is_same(&held))
		return -ESRCH; /* a zombie too */
	*t = held;
	held.pid = 0; /* handed over */
	return 0;
}

int target_executable(const struct target *t, struct stat *ret)
{
	struct stat st;

	if (fstatat(t->proc_fd, "exe", &st, 0))
		return process_errno();
	*ret = st;
	return 0;
}

int target_maps(const struct target *t, struct procmaps *ret_maps)
{
	_release_(closep) int fd = openat(t->proc_fd, "maps", O_RDONLY | O_CLOEXEC);
	_release_(freep) char *text = NULL;
	uint64_t bad_at;
	size_t len;
	int err;

	if (fd < 0)
		return process_errno();
	err = procfs_read(fd, PROCFS_MAX_FILE, &text, &len);
	if (err)
		return err;
	if (len == 0)
		return -ESRCH; /* a zombie's; nothing that runs has no memory */
	return procmaps_parse((struct bytes){ (const uint8_t *)text, len }, ret_maps, &bad_at);
}

/* The file held by @path_fd (O_PATH), if it is one to read. Opens it for reading or says why not.
 */
static int open_held(int path_fd, uint64_t max_bytes)
{
	char self[64];
	struct stat st;
	int fd;

	if (path_fd < 0)
		return -errno;
	if (fstat(path_fd, &st))
		return -errno;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if ((uint64_t)st.st_size > max_bytes)
		return -E2BIG;
	/* The inode itself again, by no path that somebody could have changed. */
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", path_fd); /* always fits */
	fd = open(self, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

/* @resolve: restrictions (RESOLVE_...) on top of those that always hold. */
static int hold_below_root(const struct target *t, const char *path, uint64_t resolve)
{
	const struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve,
	};
	int fd = -1;

	for (int i = 0; i < OPENAT2_TRIES; i++) {
		fd = (int)syscall(SYS_openat2, t->root_fd, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd;
}

int target_open_path(const struct target *t, const char *path, uint64_t max_bytes)
{
	_release_(closep) int held = hold_below_root(t, path, 0);

	return open_held(held, max_bytes);
}

int target_open_without_links(const struct target *t, const char *path, uint64_t max_bytes)
{
	_release_(closep) int held = hold_below_root(t, path, RESOLVE_NO_SYMLINKS);

	return open_held(held, max_bytes);
}

int host_open_regular(const char *path, uint64_t max_bytes)
{
	_release_(closep) int held = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	return open_held(held, max_bytes);
}

static bool is_file_of(int path_fd, const struct mapping *m)
{
	struct stat st;

	return path_fd >= 0 && fstat(path_fd, &st) == 0 && st.st_ino == m->inode &&
	       major(st.st_dev) == m->dev_major && minor(st.st_dev) == m->dev_minor;
}

int target_open_mapping(const struct target *t, const struct mapping *m)
{
	_release_(closep) int mapped = -1, exe = -1, named = -1;
	char range[64];

	if (m->inode == 0)
		return -ENODATA; /* no file behind it */
	(void)snprintf(range, sizeof(range), "map_files/%llx-%llx", (unsigned long long)m->start,
		       (unsigned long long)m->end); /* always fits */
	mapped = openat(t->proc_fd, range, O_PATH | O_CLOEXEC);
	if (mapped >= 0)
		return open_held(mapped, TARGET_MAX_BINARY_BYTES);

	/* No CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE, or the mapping was split since. */
	exe = openat(t->proc_fd, "exe", O_PATH | O_CLOEXEC);
	if (is_file_of(exe, m))
		return open_held(exe, TARGET_MAX_BINARY_BYTES);
	named = hold_below_root(t, m->path, 0);
	if (named < 0)
		return -errno;
	return is_file_of(named, m) ? open_held(named, TARGET_MAX_BINARY_BYTES) : -ESTALE;
}

int target_read_memory(const struct target *t, uint64_t addr, void *buf, size_t len)
{
	struct iovec local = { .iov_base = buf, .iov_len = len };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)addr, .iov_len = len };
	ssize_t n = process_vm_readv(t->pid, &local, 1, &remote, 1, 0);

	if (n < 0)
		return -errno;
	if (has_ended(t))
		return -ESRCH; /* the number may be another's by now, and so may the bytes */
	return (size_t)n == len ? 0 : -EFAULT;
}

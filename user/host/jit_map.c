// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Follows the perf map of a process while it grows. The descriptor of the file being read is held,
 * so that its inode cannot be another's; each refresh opens the path again, by all the rules, and
 * looks whether it still leads there.
 */
#include "host/jit_map.h"

#include "base/scope.h"
#include "host/clock.h"
#include "host/fd.h"
#include "host/log.h"
#include "symbol/perfmap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES 32768
#define SEEN_BYTES  64 /* looked at again, to know whether the file is still the one it was */
/* Stamps of files are some ms behind the clock, and the clock may have been set a little. */
#define STAMP_SLACK_NS NS_PER_S

struct jit_map {
	const struct target *target;
	char path[64]; /* as the target sees it */
	int fd;	       /* of the file being read, -1 */
	uint64_t offset;
	size_t seen_len;
	char seen[SEEN_BYTES]; /* the last bytes before @offset */
	bool has_warned;
	struct perfmap names;
};

static void warn_once(struct jit_map *map, const char *reason)
{
	if (!map->has_warned)
		log_warn("process %d: names of JIT code: %s: %s", (int)map->target->pid, map->path,
			 reason);
	map->has_warned = true;
}

static int stat_of_target(const struct target *t, struct process_stat *ret_stat)
{
	struct process_stat st;
	int err = procfs_stat(t->pid, &st);

	if (!err && !target_is_same(t))
		err = -ESRCH;
	if (!err)
		*ret_stat = st;
	return err;
}

int jit_map_open(const struct target *t, struct jit_map **ret_map)
{
	struct process_stat st;
	struct jit_map *map;
	int err = stat_of_target(t, &st);

	if (err)
		return err;
	map = calloc(1, sizeof(*map));
	if (!map)
		return -ENOMEM;
	map->target = t;
	map->fd = -1;
	/* Always fits. */
	(void)snprintf(map->path, sizeof(map->path), "/tmp/perf-%d.map", (int)st.ns_pid);
	*ret_map = map;
	return 0;
}

void jit_map_free(struct jit_map *map)
{
	if (!map)
		return;
	closep(&map->fd);
	perfmap_done(&map->names);
	free(map);
}

void jit_map_freep(struct jit_map **map)
{
	jit_map_free(*map);
}

static const char *open_reason(int err)
{
	if (err == -ELOOP)
		return "refused, it is a symbolic link";
	if (err == -EINVAL)
		return "refused, it is not a regular file";
	if (err == -E2BIG)
		return "refused, it is larger than 256 MiB";
	return strerror(-err);
}

static bool is_older(const struct stat *file, const struct process_stat *process)
{
	uint64_t ticks_per_s = (uint64_t)sysconf(_SC_CLK_TCK);
	uint64_t started_ns = process->start_ticks * (NS_PER_S / ticks_per_s);
	uint64_t booted_at_ns = clock_realtime_ns() - clock_boottime_ns();
	uint64_t written_at_ns;

	if (file->st_mtim.tv_sec < 0)
		return true;
	if ((uint64_t)file->st_mtim.tv_sec > UINT64_MAX / NS_PER_S - 1)
		return false;
	written_at_ns = (uint64_t)file->st_mtim.tv_sec * NS_PER_S + (uint64_t)file->st_mtim.tv_nsec;
	return written_at_ns + STAMP_SLACK_NS < booted_at_ns + started_ns;
}

/* Why @file is not believed, NULL when it is (rule S6). */
static const char *refusal(const struct stat *file, const struct process_stat *process)
{
	if (file->st_uid != 0 && file->st_uid != process->euid)
		return "refused, it belongs to another user";
	if (file->st_mode & (S_IWGRP | S_IWOTH))
		return "refused, others may write to it";
	if (file->st_nlink != 1)
		return file->st_nlink ? "refused, it has more names (hard links)"
				      : "it was removed";
	if (is_older(file, process))
		return "refused, it was written before the process started";
	return NULL;
}

/* A descriptor of the file that the path leads to now; -ENOENT there is none; -EACCES refused. */
static int open_checked(struct jit_map *map, struct stat *ret_file)
{
	_release_(closep) int fd = target_open_path(map->target, map->path, PERFMAP_MAX_BYTES);
	struct process_stat process = { 0 };
	const char *reason = NULL;
	int opened, err;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return -ENOENT;
	if (fd < 0) {
		warn_once(map, open_reason(fd));
		return -EACCES;
	}
	err = fstat(fd, ret_file) ? -errno : stat_of_target(map->target, &process);
	if (err == -ESRCH)
		return -ENOENT; /* ended: nobody's file any more */
	reason = err ? strerror(-err) : refusal(ret_file, &process);
	if (reason) {
		warn_once(map, reason);
		return -EACCES;
	}
	opened = fd;
	fd = -1; /* NOLINT(clang-analyzer-deadcode.DeadStores): what is released at the end */
	return opened;
}

static void start_over(struct jit_map *map)
{
	perfmap_done(&map->names);
	map->offset = 0;
	map->seen_len = 0;
}

static bool is_same_file(int fd, const struct stat *file)
{
	struct stat held;

	return fd >= 0 && fstat(fd, &held) == 0 && held.st_ino == file->st_ino &&
	       held.st_dev == file->st_dev;
}

/* Is what was read still there: the file not cut, nor cut and written anew? */
static bool has_what_was_seen(const struct jit_map *map)
{
	char now[SEEN_BYTES];
	ssize_t n = fd_read_at(map->fd, map->offset - map->seen_len, now, map->seen_len);

	return n == (ssize_t)map->seen_len && memcmp(now, map->seen, map->seen_len) == 0;
}

static void remember_seen(struct jit_map *map)
{
	size_t len = map->offset < SEEN_BYTES ? (size_t)map->offset : SEEN_BYTES;
	ssize_t n = fd_read_at(map->fd, map->offset - len, map->seen, len);

	map->seen_len = n == (ssize_t)len ? len : 0;
}

/* Turns to the file to be read now. False: there is nothing to be read. */
static bool follow_path(struct jit_map *map)
{
	struct stat file;
	_release_(closep) int fd = open_checked(map, &file);

	if (fd == -EACCES)
		return false; /* also the one we hold: it may be the same */
	if (fd >= 0 && !is_same_file(map->fd, &file)) {
		closep(&map->fd);
		map->fd = fd;
		fd = -1; /* NOLINT(clang-analyzer-deadcode.DeadStores): what is released at the end
			  */
		start_over(map);
	}
	return map->fd >= 0;
}

static int read_on(struct jit_map *map)
{
	uint64_t end = map->offset + JIT_MAP_REFRESH_BYTES;
	uint8_t piece[PIECE_BYTES];
	int err = 0;

	while (!err && map->offset < end) {
		ssize_t n = fd_read_at(map->fd, map->offset, piece, sizeof(piece));

		if (n <= 0)
			return (int)n;
		map->offset += (uint64_t)n;
		err = perfmap_add(&map->names, (struct bytes){ piece, (size_t)n });
	}
	return err ? err : 1;
}

int jit_map_refresh(struct jit_map *map)
{
	int err;

	if (!follow_path(map))
		return 0;
	if (!has_what_was_seen(map))
		start_over(map);
	if (map->names.err)
		return map->names.err;
	err = read_on(map);
	remember_seen(map);
	if (err == -E2BIG)
		warn_once(map, "too long, code that was made later has no names");
	return err;
}

bool jit_map_find(const struct jit_map *map, uint64_t addr, const char **ret_name,
		  uint64_t *ret_start)
{
	return perfmap_find(&map->names, addr, ret_name, ret_start);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From the lines of /proc to a directory, and from the files there to limits. */
#include "host/cgroup.h"

#include "base/parse.h"
#include "base/scope.h"
#include "base/text.h"
#include "host/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define FILE_MAX    65536
#define MOUNTS_MAX  (4u << 20)
#define NO_LIMIT_V1 (1ull << 62) /* version 1 says so by a number near 2^63 */

/* --- where ------------------------------------------------------------------------------------ */

/* "8:cpu,memory:/a" has both controllers; "0::/a" is version 2. */
static char *path_in(char *text, int version, const char *controller)
{
	char *line, *controllers, *word;

	while ((line = strsep(&text, "\n"))) {
		(void)strsep(&line, ":");
		controllers = strsep(&line, ":");
		if (!controllers || !line)
			continue;
		if (version == 2 && !*controllers)
			return line;
		while (version == 1 && (word = strsep(&controllers, ",")))
			if (strcmp(word, controller) == 0)
				return line;
	}
	return NULL;
}

static bool has_option(char *options, const char *wanted)
{
	char *word;

	while ((word = strsep(&options, ",")))
		if (strcmp(word, wanted) == 0)
			return true;
	return false;
}

/*
 * "36 35 0:30 ROOT MOUNT OPTIONS [FIELD...] - TYPE SOURCE OPTIONS": of the controller (version 2:
 * NULL)? Changes the line.
 */
static bool is_mount(char *line, const char *controller, char **ret_root, char **ret_mount)
{
	char *behind = strstr(line, " - "), *type, *options;

	if (!behind)
		return false;
	*behind = 0;
	behind += strlen(" - ");
	type = strsep(&behind, " ");
	(void)strsep(&behind, " ");
	options = behind;
	for (int i = 0; i < 3; i++)
		(void)strsep(&line, " ");
	*ret_root = strsep(&line, " ");
	*ret_mount = strsep(&line, " ");
	if (!*ret_root || !*ret_mount || !options)
		return false;
	if (!controller)
		return strcmp(type, "cgroup2") == 0;
	return strcmp(type, "cgroup") == 0 && has_option(options, controller);
}

/* What of @path lies below the @root that is mounted; NULL: it is not below it. */
static const char *below(const char *path, const char *root)
{
	size_t len = strlen(root);

	if (strcmp(root, "/") == 0)
		return path;
	if (strncmp(path, root, len) != 0 || (path[len] && path[len] != '/'))
		return NULL;
	return path + len;
}

static int compose(struct cgroup *c, const char *mount, const char *inside)
{
	int len = snprintf(c->dir, sizeof(c->dir), "%s%s", mount, inside);

	if (len < 0 || (size_t)len >= sizeof(c->dir))
		return -ENAMETOOLONG;
	while (len > 1 && c->dir[len - 1] == '/')
		c->dir[--len] = 0;
	c->top_len = strlen(mount);
	return 0;
}

static int find_version(char *cgroups, char *mounts, const char *controller, struct cgroup *ret)
{
	int version = controller ? 1 : 2;
	const char *path = path_in(cgroups, version, controller), *inside;
	char *line, *root, *mount;

	/* above what this process sees of the tree */
	if (!path || path[0] != '/' || strstr(path, "/.."))
		return -ENODATA;
	while ((line = strsep(&mounts, "\n"))) {
		if (!is_mount(line, controller, &root, &mount))
			continue;
		inside = below(path, root);
		if (!inside || compose(ret, mount, inside))
			continue;
		(void)text_clean(path, strlen(path), ret->path, sizeof(ret->path));
		ret->version = version;
		return 0;
	}
	return -ENODATA;
}

int cgroup_find_in(char *cgroups, char *mounts, const char *controller, struct cgroup *ret)
{
	_release_(freep) char *cgroups_again = strdup(cgroups);
	_release_(freep) char *mounts_again = strdup(mounts);
	int err;

	*ret = (struct cgroup){ 0 };
	if (!cgroups_again || !mounts_again)
		return -ENOMEM;
	err = find_version(cgroups, mounts, controller, ret);
	return err == -ENODATA ? find_version(cgroups_again, mounts_again, NULL, ret) : err;
}

int cgroup_find(pid_t pid, const char *controller, struct cgroup *ret)
{
	_release_(closep) int cgroup_fd = procfs_open(pid, "cgroup");
	_release_(closep) int mounts_fd = procfs_open(getpid(), "mountinfo");
	_release_(freep) char *cgroups = NULL;
	_release_(freep) char *mounts = NULL;
	size_t len;
	int err = cgroup_fd < 0 ? cgroup_fd : procfs_read(cgroup_fd, FILE_MAX, &cgroups, &len);

	*ret = (struct cgroup){ 0 };
	if (!err)
		err = mounts_fd < 0 ? mounts_fd : procfs_read(mounts_fd, MOUNTS_MAX, &mounts, &len);
	return err ? err : cgroup_find_in(cgroups, mounts, controller, ret);
}

/* --- what ------------------------------------------------------------------------------------- */

static int read_text(int dir, const char *name, char **ret_text)
{
	_release_(closep) int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t len;

	return fd < 0 ? -errno : procfs_read(fd, FILE_MAX, ret_text, &len);
}

/* The one number of a file; "max" is 0, as no limit. */
static int read_number(int dir, const char *name, uint64_t *ret)
{
	_release_(freep) char *text = NULL;
	int err = read_text(dir, name, &text);

	if (err || !text)
		return err;
	text[strcspn(text, "\n")] = 0;
	*ret = 0;
	if (strcmp(text, "max") == 0)
		return 0;
	return parse_u64(text, UINT64_MAX, ret) ? -EBADMSG : 0;
}

/* Of the lines "KEY NUMBER" that of @key; 0 when there is none. */
static uint64_t keyed_number(int dir, const char *name, const char *key)
{
	_release_(freep) char *text = NULL;
	char *rest, *line, *word;
	uint64_t value = 0;

	if (read_text(dir, name, &text))
		return 0;
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		word = strsep(&line, " ");
		if (line && word && strcmp(word, key) == 0 &&
		    parse_u64(line, UINT64_MAX, &value) == 0)
			return value;
	}
	return 0;
}

/* "some avg10=0.12 avg60=... total=..." */
static bool take_pressure(char *text, const char *kind, double *ret_pct)
{
	char *line, *word;

	while ((line = strsep(&text, "\n"))) {
		word = strsep(&line, " ");
		if (!word || strcmp(word, kind) != 0)
			continue;
		while ((word = strsep(&line, " ")))
			if (strncmp(word, "avg10=", 6) == 0)
				return parse_decimal(word + 6, ret_pct) == 0;
	}
	return false;
}

static void read_pressure(int dir, struct memory_cgroup *ret)
{
	_release_(freep) char *some = NULL;
	_release_(freep) char *full = NULL;

	if (read_text(dir, "memory.pressure", &some) || !some)
		return;
	full = strdup(some);
	ret->has_pressure = full && take_pressure(some, "some", &ret->some_pct) &&
			    take_pressure(full, "full", &ret->full_pct);
}

static int read_v1(int dir, struct memory_cgroup *ret)
{
	int err = read_number(dir, "memory.limit_in_bytes", &ret->limit_bytes);

	if (!err)
		err = read_number(dir, "memory.usage_in_bytes", &ret->used_bytes);
	if (err)
		return err;
	if (ret->limit_bytes >= NO_LIMIT_V1)
		ret->limit_bytes = 0;
	(void)read_number(dir, "memory.failcnt", &ret->limit_hits);
	ret->oom_kills = keyed_number(dir, "memory.oom_control", "oom_kill");
	ret->reclaimable_bytes = keyed_number(dir, "memory.stat", "total_inactive_file") +
				 keyed_number(dir, "memory.stat", "total_active_file");
	return 0;
}

static int read_v2(int dir, struct memory_cgroup *ret)
{
	/* the root has neither */
	int err = read_number(dir, "memory.current", &ret->used_bytes);

	if (!err)
		err = read_number(dir, "memory.max", &ret->limit_bytes);
	if (err)
		return err;
	(void)read_number(dir, "memory.high", &ret->high_bytes);
	ret->limit_hits = keyed_number(dir, "memory.events", "max");
	ret->oom_kills = keyed_number(dir, "memory.events", "oom_kill");
	ret->reclaimable_bytes = keyed_number(dir, "memory.stat", "inactive_file") +
				 keyed_number(dir, "memory.stat", "active_file");
	read_pressure(dir, ret);
	return 0;
}

static int read_at(const struct cgroup *c, const char *dir, struct memory_cgroup *ret)
{
	_release_(closep) int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int err;

	*ret = (struct memory_cgroup){ .version = c->version };
	if (fd < 0)
		return -errno;
	err = c->version == 1 ? read_v1(fd, ret) : read_v2(fd, ret);
	return err;
}

static bool is_tighter(const struct memory_cgroup *a, const struct memory_cgroup *than)
{
	if (!a->limit_bytes)
		return false;
	return !than->limit_bytes || memory_cgroup_room(a) < memory_cgroup_room(than);
}

int cgroup_memory(struct cgroup *c, struct memory_cgroup *ret)
{
	struct memory_cgroup found = { 0 }, seen;
	char dir[sizeof(c->dir)];
	int err = c->version ? -ENODATA : -EINVAL;

	memcpy(dir, c->dir, sizeof(dir));
	while (c->version && strlen(dir) >= c->top_len) {
		char *slash = strrchr(dir, '/');
		int now = read_at(c, dir, &seen);

		if (now == 0 && (err || is_tighter(&seen, &found))) {
			const char *path = dir + c->top_len;

			err = 0;
			found = seen;
			(void)text_clean(*path ? path : "/", strlen(dir), c->limited_path,
					 sizeof(c->limited_path));
		}
		if (!slash || slash == dir)
			break;
		*slash = 0;
	}
	*ret = found;
	ret->path = c->limited_path;
	return err;
}

int cgroup_throttled(const struct cgroup *c, uint64_t *ret_ns)
{
	const char *key = c->version == 1 ? "throttled_time" : "throttled_usec";
	char dir[sizeof(c->dir)], *slash;
	uint64_t sum = 0;

	if (!c->version)
		return -ENODATA;
	memcpy(dir, c->dir, sizeof(dir));
	do {
		_release_(closep) int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0)
			sum += keyed_number(fd, "cpu.stat", key);
		slash = strrchr(dir, '/');
		if (slash)
			*slash = 0;
	} while (slash && strlen(dir) > c->top_len);
	*ret_ns = c->version == 1 ? sum : sum * 1000;
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* perf_event_open(2) by the number that tracefs has for the tracepoint. */
#include "probe/tracepoint.h"

#include "base/parse.h"
#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A tracefs without a mount point: fsopen(2), fsmount(2). A descriptor or -errno. */
static int open_private_tracefs(void)
{
	_release_(closep) int context = fsopen("tracefs", FSOPEN_CLOEXEC);
	int fd;

	if (context < 0 || fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return -errno;
	fd = fsmount(context, FSMOUNT_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

static int open_tracefs(void)
{
	static const char *const places[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		int fd = open(places[i], O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0 && faccessat(fd, "events/syscalls", F_OK, 0) == 0)
			return fd;
		if (fd >= 0)
			(void)close(fd);
	}
	return open_private_tracefs();
}

static int read_id(const char *category, const char *name, uint64_t *ret_id)
{
	_release_(closep) int tracefs = open_tracefs();
	_release_(closep) int fd = -1;
	char path[128], text[32];
	ssize_t len;

	if (tracefs < 0)
		return tracefs;
	(void)snprintf(path, sizeof(path), "events/%s/%s/id", category, name);
	fd = openat(tracefs, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = read(fd, text, sizeof(text) - 1);
	if (len <= 0)
		return len < 0 ? -errno : -EINVAL;
	text[len] = 0;
	text[strcspn(text, "\n")] = 0;
	return parse_u64(text, UINT32_MAX, ret_id);
}

int tracepoint_attach(struct bpf_program *prog, const char *category, const char *name,
		      struct bpf_link **ret_link)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr) };
	uint64_t id = 0;
	int err = read_id(category, name, &id);
	int fd;

	if (err)
		return err;
	attr.config = id;
	/* on one CPU: the program runs on all of them, the event counts for nobody */
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_link = bpf_program__attach_perf_event(prog, fd);
	if (!*ret_link) {
		err = -errno;
		(void)close(fd);
		return err;
	}
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The raw system call. */
#include "probe/uprobe_multi.h"

#include "base/scope.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define UPROBE_MULTI_RETURN 1 /* BPF_F_UPROBE_MULTI_RETURN */

/* The arm of union bpf_attr that the kernel reads. */
struct link_create {
	uint32_t prog_fd, target_fd, attach_type, flags;
	uint64_t path, offsets, ref_ctr_offsets, cookies;
	uint32_t count, multi_flags, pid, pad;
};

int uprobe_multi_attach(int prog_fd, enum uprobe_multi_type type,
			const struct uprobe_request *request)
{
	size_t count = request->count;
	_release_(freep) uint64_t *offsets = calloc(count, sizeof(*offsets));
	_release_(freep) uint64_t *cookies = calloc(count, sizeof(*cookies));
	struct link_create attr = { 0 };
	char path[64];
	long fd;

	if (!offsets || !cookies)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		offsets[i] = request->places[i].offset;
		cookies[i] = request->places[i].cookie;
	}
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", request->fd);
	attr.prog_fd = prog_fd;
	attr.attach_type = type;
	attr.path = (uintptr_t)path;
	attr.offsets = (uintptr_t)offsets;
	attr.cookies = (uintptr_t)cookies;
	attr.count = count;
	attr.multi_flags = request->is_return ? UPROBE_MULTI_RETURN : 0;
	attr.pid = request->pid;
	fd = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	return fd < 0 ? -errno : (int)fd;
}

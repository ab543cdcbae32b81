// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The smaller one of /proc/meminfo and host/cgroup. */
#include "host/memory_room.h"

#include "base/parse.h"
#include "base/scope.h"
#include "host/cgroup.h"
#include "host/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define MEMINFO_MAX 65536

static int available_bytes(uint64_t *ret)
{
	static const char key[] = "\nMemAvailable:";
	_release_(closep) int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	_release_(freep) char *text = NULL;
	char *at;
	uint64_t kb;
	size_t len;
	int err;

	if (fd < 0)
		return -errno;
	err = procfs_read(fd, MEMINFO_MAX, &text, &len);
	if (err)
		return err;
	at = strstr(text, key);
	if (!at)
		return -ENODATA;
	at += sizeof(key) - 1;
	at += strspn(at, " ");
	at[strcspn(at, " \n")] = '\0';
	if (parse_u64(at, UINT64_MAX >> 10, &kb))
		return -EBADMSG;
	*ret = kb << 10;
	return 0;
}

int memory_room_of(pid_t pid, struct memory_room *ret)
{
	struct memory_room room = { 0 };
	struct memory_cgroup memory;
	struct cgroup group;
	int err = available_bytes(&room.bytes);

	if (err)
		return err;
	/* Without a controller there is no limit of one. */
	if (!cgroup_find(pid, "memory", &group) && !cgroup_memory(&group, &memory) &&
	    memory.limit_bytes) {
		uint64_t left = memory_cgroup_room(&memory) + memory.reclaimable_bytes;

		room.is_of_cgroup = left < room.bytes;
		room.bytes = room.is_of_cgroup ? left : room.bytes;
	}
	*ret = room;
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* By the descriptors that this process has open: each of its programs has one. */
#include "probe/own_programs.h"

#include "base/parse.h"
#include "base/scope.h"
#include "host/fd.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <string.h>

static bool is_counted(void)
{
	_release_(closep) int fd = open("/proc/sys/kernel/bpf_stats_enabled", O_RDONLY | O_CLOEXEC);
	char digit = '0';

	return fd >= 0 && fd_read_at(fd, 0, &digit, 1) == 1 && digit == '1';
}

static bool is_program(int dir, const char *name)
{
	static const char wanted[] = "anon_inode:bpf-prog";
	char link[64];
	ssize_t len = readlinkat(dir, name, link, sizeof(link));

	return len == (ssize_t)strlen(wanted) && memcmp(link, wanted, strlen(wanted)) == 0;
}

static size_t add(struct own_program *at, size_t count, const struct bpf_prog_info *info)
{
	struct own_program *p = at;

	while (p < at + count && strcmp(p->name, info->name) != 0)
		p++;
	if (p == at + count) {
		if (count == OWN_PROGRAMS_MAX)
			return count;
		*p = (struct own_program){ 0 };
		memcpy(p->name, info->name, sizeof(p->name));
		count++;
	}
	p->run_ns += info->run_time_ns;
	p->runs += info->run_cnt;
	return count;
}

size_t own_programs_read(struct own_program ret[OWN_PROGRAMS_MAX])
{
	_release_(closedirp) DIR *dir = is_counted() ? opendir("/proc/self/fd") : NULL;
	const struct dirent *entry;
	size_t count = 0;
	uint64_t fd;

	while (dir && (entry = readdir(dir))) {
		struct bpf_prog_info info = { 0 };
		__u32 size = sizeof(info);

		if (parse_u64(entry->d_name, INT32_MAX, &fd) ||
		    !is_program(dirfd(dir), entry->d_name))
			continue;
		if (bpf_obj_get_info_by_fd((int)fd, &info, &size) == 0)
			count = add(ret, count, &info);
	}
	return count;
}

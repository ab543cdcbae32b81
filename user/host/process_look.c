// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "host/process_look.h"

#include "base/hash.h"
#include "base/parse.h"
#include "base/scope.h"
#include "host/clock.h"
#include "host/fd.h"
#include "host/procfs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LIMITS_MAX 65536

/* The start of a file, ended by two NULs. How much there is, or -errno. */
static ssize_t read_start(pid_t pid, const char *file, char *buf, size_t size)
{
	_release_(closep) int fd = procfs_open(pid, file);
	ssize_t n = fd < 0 ? fd : fd_read_at(fd, 0, buf, size - 2);

	if (n >= 0)
		memset(buf + n, 0, 2);
	return n;
}

static void join_words(struct process_look *look, size_t len)
{
	memcpy(look->line, look->words, len + 1);
	while (len && !look->line[len - 1])
		len--;
	for (size_t i = 0; i < len; i++)
		if (!look->line[i])
			look->line[i] = ' ';
}

/* The third word of each line "NUMBER:CONTROLLERS:PATH". */
static void split_cgroups(struct process_look *look)
{
	char *rest = look->cgroup_text, *line;

	while ((line = strsep(&rest, "\n")) && look->traits.cgroup_count < PROCESS_CGROUPS_MAX) {
		(void)strsep(&line, ":");
		(void)strsep(&line, ":");
		if (line)
			look->cgroups[look->traits.cgroup_count++] = line;
	}
}

int process_look(pid_t pid, struct process_look **ret)
{
	_release_(freep) struct process_look *look = calloc(1, sizeof(*look));
	ssize_t n;

	if (!look)
		return -ENOMEM;
	n = read_start(pid, "cmdline", look->words, sizeof(look->words));
	if (n <= 0)
		return n < 0 ? (int)n : -ESRCH;
	join_words(look, (size_t)n);
	n = read_start(pid, "comm", look->comm, sizeof(look->comm));
	if (n < 0)
		return (int)n;
	look->comm[strcspn(look->comm, "\n")] = 0;
	n = read_start(pid, "cgroup", look->cgroup_text, sizeof(look->cgroup_text));
	if (n > 0)
		split_cgroups(look);
	look->traits.pid = pid;
	look->traits.comm = look->comm;
	look->traits.words = look->words;
	look->traits.line = look->line;
	look->traits.cgroups = look->cgroups;
	*ret = look;
	look = NULL;
	return 0;
}

/* --- figures ---------------------------------------------------------------------------------- */

static uint64_t ticks_to_ns(uint64_t ticks)
{
	return ticks * (NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK));
}

uint64_t process_start_ns(uint64_t start_ticks)
{
	return clock_realtime_ns() - clock_boottime_ns() + ticks_to_ns(start_ticks);
}

/* "RAN WAITED SLICES" of each thread, ns. */
static bool read_run_queue(pid_t pid, uint64_t *ret_ns)
{
	_release_(pid_list_done) struct pid_list threads = { 0 };
	char file[64], text[128], *rest;
	uint64_t sum = 0, ns;

	if (procfs_threads(pid, &threads))
		return false;
	for (size_t i = 0; i < threads.len; i++) {
		(void)snprintf(file, sizeof(file), "task/%d/schedstat", threads.at[i]);
		if (read_start(pid, file, text, sizeof(text)) <= 0)
			continue; /* it has just ended, or the kernel does not count */
		rest = text;
		(void)strsep(&rest, " ");
		if (!rest || parse_u64(strsep(&rest, " "), UINT64_MAX, &ns))
			return false;
		sum += ns;
	}
	*ret_ns = sum;
	return sum > 0;
}

/* The soft one; "unlimited" is 0. */
static uint32_t read_fd_limit(pid_t pid)
{
	static const char key[] = "Max open files";
	_release_(closep) int fd = procfs_open(pid, "limits");
	_release_(freep) char *text = NULL;
	char *at;
	uint64_t limit;
	size_t len;

	if (fd < 0 || procfs_read(fd, LIMITS_MAX, &text, &len))
		return 0;
	at = strstr(text, key);
	if (!at)
		return 0;
	at += strlen(key);
	at += strspn(at, " ");
	at[strcspn(at, " \n")] = 0;
	return parse_u64(at, UINT32_MAX, &limit) ? 0 : (uint32_t)limit;
}

int process_facts(pid_t pid, const struct cgroup *cpu, struct sockets *sockets,
		  struct vitals_facts *ret)
{
	struct process_stat st = { 0 };
	struct vitals_facts f = { 0 };
	int err = procfs_stat(pid, &st);

	if (err)
		return err;
	f.user_ns = ticks_to_ns(st.user_ticks);
	f.system_ns = ticks_to_ns(st.system_ticks);
	f.minor_faults = st.minor_faults;
	f.major_faults = st.major_faults;
	f.threads = st.threads;
	f.has_run_queue = read_run_queue(pid, &f.run_queue_ns);
	if (cpu->version) {
		f.cgroup = hash_text(1, cpu->dir);
		f.has_throttled = cgroup_throttled(cpu, &f.throttled_ns) == 0;
	}
	f.max_fds = read_fd_limit(pid);
	f.has_fds =
		sockets_count(sockets, pid, &f.open_fds, &f.connections, &f.has_connections) == 0;
	*ret = f;
	return 0;
}

/* The second number of statm, in pages. */
uint64_t process_resident_bytes(pid_t pid)
{
	char text[128], *rest = text;
	uint64_t pages;

	if (read_start(pid, "statm", text, sizeof(text)) <= 0)
		return 0;
	(void)strsep(&rest, " ");
	if (!rest || parse_u64(strsep(&rest, " "), UINT32_MAX, &pages))
		return 0;
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

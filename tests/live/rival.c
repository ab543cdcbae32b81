// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Another tracer that holds malloc of process PID with a reference counter, as bcc's Python tools
 * do by accident (iovisor/bcc#5236): until it ends, nobody can attach there without the same
 * counter. usage: rival PID; says "ready" and waits for a line.
 */
#include "gate.h"

#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>

struct place {
	char path[256];
	unsigned long malloc_offset, counter_offset; /* in the file */
};

/* Our own libc is the target's: where malloc is, and two bytes of data behind everything used. */
static int find_place(struct place *place)
{
	unsigned long address = (unsigned long)(void *)malloc, start, end, offset;
	char line[512], mode[8], path[256];
	FILE *maps = fopen("/proc/self/maps", "r");
	int found = 0;

	while (maps && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %7s %lx %*s %*s %255s", &start, &end, mode, &offset,
			   path) != 5)
			continue;
		if (address >= start && address < end) {
			place->malloc_offset = address - start + offset;
			memcpy(place->path, path, sizeof(path));
			found |= 1;
		} else if (found && mode[1] == 'w' && strcmp(path, place->path) == 0) {
			place->counter_offset = end - start + offset - 8;
			found |= 2;
		}
	}
	return found == 3 ? 0 : -1;
}

static unsigned int uprobe_type(void)
{
	FILE *file = fopen("/sys/bus/event_source/devices/uprobe/type", "r");
	unsigned int type = 0;

	return file && fscanf(file, "%u", &type) == 1 ? type : 0;
}

int main(int argc, char **argv)
{
	struct place place = { .counter_offset = 0 };
	struct perf_event_attr attr = { .size = sizeof(attr), .type = uprobe_type() };
	long fd;

	if (argc != 2 || find_place(&place))
		return 1;
	attr.config = (uint64_t)place.counter_offset << 32; /* PERF_UPROBE_REF_CTR_OFFSET_SHIFT */
	attr.uprobe_path = (uintptr_t)place.path;
	attr.probe_offset = place.malloc_offset;
	fd = syscall(SYS_perf_event_open, &attr, (pid_t)number_or(argv[1], 0), -1, -1,
		     PERF_FLAG_FD_CLOEXEC);
	if (fd < 0) {
		perror("perf_event_open");
		return 1;
	}
	gate_ready();
	gate_wait();
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* perf_event_open(2) for each CPU; the links end with it. */
#include "probe/clock_events.h"

#include "host/clock.h"
#include "probe/release.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_event(const struct perf_event_attr *attr, int cpu)
{
	int fd = (int)syscall(SYS_perf_event_open, attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* On one CPU. -ENODEV: it is offline. */
static int attach_cpu(struct bpf_program *prog, const struct perf_event_attr *attr, int cpu,
		      struct clock_events *c)
{
	int fd = open_event(attr, cpu);
	struct bpf_link *link;

	if (fd < 0)
		return fd;
	link = bpf_program__attach_perf_event(prog, fd);
	if (!link) {
		int err = -errno;

		(void)close(fd);
		return err;
	}
	c->links[c->len++] = link; /* has the descriptor now */
	return 0;
}

static int attach_all(struct bpf_program *prog, const struct perf_event_attr *attr, int cpus,
		      struct clock_events *c)
{
	for (int cpu = 0; cpu < cpus; cpu++) {
		int err = attach_cpu(prog, attr, cpu, c);

		if (err && err != -ENODEV)
			return err;
	}
	return c->len ? 0 : -ENODEV;
}

int clock_events_attach(struct bpf_program *prog, uint64_t frequency_hz, bool wants_cycles,
			struct clock_events *ret)
{
	struct perf_event_attr cycles = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(cycles),
		.config = PERF_COUNT_HW_CPU_CYCLES,
		.freq = 1,
		.sample_freq = frequency_hz,
	};
	struct perf_event_attr time = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(time),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = NS_PER_S / frequency_hz,
	};
	int cpus = libbpf_num_possible_cpus();
	int err = -ENOENT;

	*ret = (struct clock_events){ 0 };
	if (cpus < 0)
		return cpus;
	ret->links = calloc((size_t)cpus, sizeof(struct bpf_link *));
	if (!ret->links)
		return -ENOMEM;
	if (wants_cycles)
		err = attach_all(prog, &cycles, cpus, ret);
	ret->is_hardware = !err;
	if (err == -ENOENT || err == -EOPNOTSUPP || err == -ENODEV)
		err = attach_all(prog, &time, cpus, ret);
	if (err)
		clock_events_detach(ret);
	return err;
}

void clock_events_detach(struct clock_events *c)
{
	release_probes(c->links, c->len, NULL, 0);
	free(c->links);
	c->links = NULL;
	c->len = 0;
}

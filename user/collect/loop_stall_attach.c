// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Programs to where they run: tracepoints, switches, the clock. */
#include "collect/loop_stall_state.h"

#include "host/log.h"
#include "probe/load.h"
#include "probe/release.h"
#include "probe/tracepoint.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

/* The programs of the wait calls: the name of each is that of its tracepoint but for "sys_". */
static bool is_of_wait_call(const struct bpf_program *prog)
{
	return bpf_program__type(prog) == BPF_PROG_TYPE_TRACEPOINT;
}

/* Architectures lack some of the calls; without epoll there is nothing to find. */
static int attach_waits(struct loop_stall *c)
{
	struct bpf_program *prog;
	size_t len = 0, epolls = 0;

	bpf_object__for_each_program (prog, c->skel->obj) {
		const char *name = bpf_program__name(prog);
		char tracepoint[64];
		int err;

		if (!is_of_wait_call(prog) || len == LOOP_WAIT_LINKS)
			continue;
		(void)snprintf(tracepoint, sizeof(tracepoint), "sys_%s", name);
		err = tracepoint_attach(prog, "syscalls", tracepoint, &c->waits[len]);
		if (err == -ENOENT)
			continue;
		if (err)
			return log_errno(err, "cannot attach to %s", tracepoint);
		len++;
		epolls += strstr(name, "epoll") != NULL;
	}
	if (epolls)
		return 0;
	log_error("this kernel has no tracepoints of system calls");
	log_hint("it needs CONFIG_FTRACE_SYSCALLS");
	return -EOPNOTSUPP;
}

static int attach_switches(struct loop_stall *c)
{
	struct loop_stall_bpf *skel = c->skel;
	const struct probe_hook hooks[] = {
		{ skel->progs.on_wakeup, &skel->links.on_wakeup, true },
		{ skel->progs.on_switch, &skel->links.on_switch, true },
	};

	return probe_attach(hooks, sizeof(hooks) / sizeof(*hooks));
}

static void detach_switches(struct loop_stall *c)
{
	struct bpf_link *const links[] = { c->skel->links.on_switch, c->skel->links.on_wakeup };

	release_probes(links, sizeof(links) / sizeof(*links), NULL, 0);
	c->skel->links.on_switch = c->skel->links.on_wakeup = NULL;
}

int loop_stall_set_split(struct loop_stall *c, bool has_split)
{
	uint32_t only = 0, is_off = !has_split;
	int err;

	if (!c->options->has_split || has_split == (c->split_since_ns != 0))
		return 0;
	err = bpf_map_update_elem(bpf_map__fd(c->skel->maps.split_off), &only, &is_off, BPF_ANY);
	if (err)
		return log_errno(err, "cannot divide stalls");
	c->split_since_ns = has_split ? clock_monotonic_ns() : 0;
	if (!c->started_ns)
		return 0;
	if (has_split)
		return attach_switches(c);
	detach_switches(c);
	return 0;
}

int loop_stall_attach(struct loop_stall *c)
{
	struct loop_stall_bpf *skel = c->skel;
	const struct loop_stall_options *o = c->options;
	const struct probe_hook hooks[] = {
		{ skel->progs.process_exit, &skel->links.process_exit, true },
		{ skel->progs.process_exec, &skel->links.process_exec, true },
		{ skel->progs.process_fork, &skel->links.process_fork, o->follow_children },
	};
	int err = probe_attach(hooks, sizeof(hooks) / sizeof(*hooks));

	if (!err && c->split_since_ns)
		err = attach_switches(c);
	if (!err)
		err = attach_waits(c);
	if (!err && o->has_stacks) {
		err = clock_events_attach(skel->progs.on_clock, o->frequency_hz, false, &c->clock);
		if (err)
			return log_errno(err, "cannot sample the CPUs");
	}
	return err;
}

void loop_stall_detach(struct loop_stall *c)
{
	clock_events_detach(&c->clock);
	release_probes(c->waits, LOOP_WAIT_LINKS, NULL, 0);
	memset(c->waits, 0, sizeof(c->waits));
	processes_detach(&c->processes);
	if (c->skel)
		loop_stall_bpf__detach(c->skel);
}

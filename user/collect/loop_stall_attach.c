// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Programs to where they run: tracepoints, switches, the clock. */
#include "collect/loop_stall_state.h"

#include "host/log.h"
#include "probe/features.h"
#include "probe/load.h"
#include "probe/release.h"
#include "probe/tracepoint.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <string.h>

#define EPOLL_PWAIT "__x64_sys_epoll_pwait" /* node's; where it can be probed, the others can */

/* --- wait calls ------------------------------------------------------------------------------- */

/* By tracepoints, the name of each is that of its tracepoint but for "sys_". */
static bool is_by_tracepoint(const struct bpf_program *prog)
{
	return bpf_program__type(prog) == BPF_PROG_TYPE_TRACEPOINT;
}

/* By functions: the name of what is probed, NULL: it is none of these. */
static const char *function_of(const struct bpf_program *prog)
{
	const char *section = bpf_program__section_name(prog);
	bool is_one = strncmp(section, "fentry/", 7) == 0 || strncmp(section, "fexit/", 6) == 0;

	return is_one ? strchr(section, '/') + 1 : NULL;
}

/*
 * Functions, where this kernel has those that matter, for a watch without end: that a thread inside
 * a call is not seen to leave it is nothing then, and that all calls of all processes cost more
 * would be much. Tracepoints otherwise.
 */
int loop_stall_choose_waits(struct loop_stall *c)
{
	bool has_functions = c->options->is_endless && features_have_function(EPOLL_PWAIT);
	struct btf *kernel = has_functions ? btf__load_vmlinux_btf() : NULL;
	struct bpf_program *prog;
	int err = 0;

	bpf_object__for_each_program (prog, c->skel->obj) {
		const char *function = function_of(prog);

		if (function && kernel)
			err |= bpf_program__set_autoload(
				prog, btf__find_by_name_kind(kernel, function, BTF_KIND_FUNC) > 0);
		if (is_by_tracepoint(prog))
			err |= bpf_program__set_autoload(prog, !kernel);
	}
	btf__free(kernel);
	return err;
}

/* 0; -ENOENT: this architecture or kernel lacks the call. */
static int attach_wait(struct bpf_program *prog, struct bpf_link **ret_link)
{
	char tracepoint[64];

	if (function_of(prog)) {
		*ret_link = bpf_program__attach_trace(prog);
		return *ret_link ? 0 : -errno;
	}
	(void)snprintf(tracepoint, sizeof(tracepoint), "sys_%s", bpf_program__name(prog));
	return tracepoint_attach(prog, "syscalls", tracepoint, ret_link);
}

/* Without epoll there is nothing to find. */
static int attach_waits(struct loop_stall *c)
{
	struct bpf_program *prog;
	size_t len = 0, epolls = 0;

	bpf_object__for_each_program (prog, c->skel->obj) {
		const char *name = bpf_program__name(prog);
		int err;

		if (!(is_by_tracepoint(prog) || function_of(prog)) ||
		    !bpf_program__autoload(prog) || len == LOOP_WAIT_LINKS)
			continue;
		err = attach_wait(prog, &c->waits[len]);
		if (err == -ENOENT)
			continue;
		if (err)
			return log_errno(err, "cannot attach %s", name);
		len++;
		epolls += strstr(name, "epoll") != NULL;
	}
	if (epolls)
		return 0;
	log_error("this kernel has no tracepoints of system calls");
	log_hint("it needs CONFIG_FTRACE_SYSCALLS");
	return -EOPNOTSUPP;
}

/* --- switches --------------------------------------------------------------------------------- */

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
	err = has_split ? attach_switches(c) : 0;
	if (err)
		c->split_since_ns = 0;
	if (!c->split_since_ns)
		detach_switches(c);
	return err;
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

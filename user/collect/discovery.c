// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From events and /proc to the traits of a process, and to the rule that it is for. */
#include "collect/discovery.h"

#include "abi/vitals-exporter.h"
#include "base/scope.h"
#include "host/clock.h"
#include "host/log.h"
#include "host/process_look.h"
#include "host/procfs.h"
#include "probe/load.h"
#include "probe/tables.h"

#include "vitals-exporter.skel.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#define LOOK_NS (100 * NS_PER_MS)
#define SCAN_NS (60 * NS_PER_S)

struct discovery {
	const struct discovery_options *options;
	struct vitals_exporter_bpf *skel;
	struct ring_buffer *ring;
	uint64_t lost, scanned_ns;
	int result; /* of on_process, while events are read */
};

static size_t rule_of(const struct discovery *d, const struct process_traits *t)
{
	for (size_t i = 0; i < d->options->rule_count; i++)
		if (target_rule_matches(d->options->rules[i], t))
			return i;
	return DISCOVERY_NONE;
}

/* One that is gone by now is nobody's. */
static int look_at(struct discovery *d, pid_t pid)
{
	_release_(freep) struct process_look *look = NULL;
	int err = process_look(pid, &look);

	if (err)
		return err == -ENOMEM ? err : 0;
	return d->options->on_process(d->options->ctx, pid, rule_of(d, &look->traits));
}

int discovery_scan(struct discovery *d)
{
	_release_(pid_list_done) struct pid_list all = { 0 };
	int result = procfs_find_by_name(NULL, &all);

	d->scanned_ns = clock_monotonic_ns();
	for (size_t i = 0; i < all.len && !result; i++)
		result = look_at(d, all.at[i]);
	return result;
}

static int on_event(void *ctx, void *data, size_t size)
{
	const struct process_event *event = data;
	struct discovery *d = ctx;

	if (size >= sizeof(*event) && !d->result)
		d->result = look_at(d, (pid_t)(event->header.kind == PROCESS_FORK
						       ? event->child
						       : event->header.tgid));
	return 0;
}

static int on_look(void *ctx)
{
	struct discovery *d = ctx;
	uint64_t lost = 0;
	int n;

	d->result = 0;
	n = ring_buffer__consume(d->ring);
	if (n < 0 || d->result)
		return n < 0 ? n : d->result;
	if (table_sum_rows(bpf_map__fd(d->skel->maps.counters), 1, &lost, DISCOVERY_COUNTERS))
		lost = d->lost;
	if (lost == d->lost && clock_monotonic_ns() - d->scanned_ns < SCAN_NS)
		return 0;
	d->lost = lost;
	return discovery_scan(d);
}

static int start(struct discovery *d, struct loop *loop)
{
	int err;

	d->skel = vitals_exporter_bpf__open();
	if (!d->skel)
		return log_errno(-errno, "cannot open the BPF programs");
	err = probe_load(d->skel->skeleton);
	if (err)
		return err;
	d->ring = ring_buffer__new(bpf_map__fd(d->skel->maps.events), on_event, d, NULL);
	if (!d->ring)
		return log_errno(-errno, "cannot read what begins");
	const struct probe_hook hooks[] = {
		{ d->skel->progs.process_exec, &d->skel->links.process_exec, true },
		{ d->skel->progs.process_fork, &d->skel->links.process_fork, true },
	};
	err = probe_attach(hooks, sizeof(hooks) / sizeof(*hooks));
	if (err)
		return err;
	err = loop_every(loop, LOOK_NS, on_look, d);
	return err ? log_errno(err, "cannot start") : 0;
}

int discovery_open(const struct discovery_options *options, struct loop *loop,
		   struct discovery **ret)
{
	_release_(discovery_freep) struct discovery *d = calloc(1, sizeof(*d));
	int err;

	if (!d)
		return log_errno(-ENOMEM, "cannot start");
	d->options = options;
	err = start(d, loop);
	if (err)
		return err;
	*ret = d;
	d = NULL;
	return 0;
}

void discovery_free(struct discovery *d)
{
	if (!d)
		return;
	ring_buffer__free(d->ring);
	vitals_exporter_bpf__destroy(d->skel);
	free(d);
}

void discovery_freep(struct discovery **d)
{
	discovery_free(*d);
}

void discovery_follow(struct discovery *d, pid_t pid, bool is_followed)
{
	struct target_state state = { .is_stopped = TARGET_RECORDS };
	uint32_t tgid = (uint32_t)pid;
	int fd = bpf_map__fd(d->skel->maps.targets);

	if (is_followed) /* full: its children are found by the next scan */
		(void)bpf_map_update_elem(fd, &tgid, &state, BPF_ANY);
	else
		(void)bpf_map_delete_elem(fd, &tgid);
}

uint64_t discovery_lost(const struct discovery *d)
{
	return d->lost;
}

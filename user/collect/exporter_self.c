// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the watch costs and loses itself. */
#include "collect/exporter_state.h"

#include "host/clock.h"
#include "host/process_look.h"
#include "probe/load.h"
#include "probe/own_programs.h"

#include <unistd.h>

void exporter_count_loss(struct exporter *e, enum loss which, uint64_t now)
{
	struct loss_count *l = &e->losses[which];

	l->sum += now >= l->last ? now - l->last : now;
	l->last = now;
}

/* What cannot be read is 0. */
static struct vitals_cost cost_of(struct exporter *e, const char *role, pid_t pid)
{
	static const struct cgroup none;
	struct vitals_cost cost = { .role = role };
	struct vitals_facts facts = { 0 };

	if (process_facts(pid, &none, &e->sockets, &facts))
		return cost;
	cost.cpu_ns = facts.user_ns + facts.system_ns;
	cost.open_fds = facts.open_fds;
	cost.resident_bytes = process_resident_bytes(pid);
	return cost;
}

int exporter_write(struct exporter *e, struct series *s)
{
	static const char *const stages[LOSSES] = {
		[LOSS_LOOP_EVENTS] = "loop_ringbuf", [LOSS_LOOPS] = "loop_table_full",
		[LOSS_GC_EVENTS] = "gc_ringbuf",     [LOSS_GC_THREADS] = "gc_table_full",
		[LOSS_MEMORY_LOOKS] = "memory_look", [LOSS_DISCOVERY] = "exec_ringbuf",
	};
	const struct vitals_map maps[] = {
		{ "targets", e->target_count, e->config->max_targets },
		{ "loops", e->loop_count, e->loop_options.max_loops },
	};
	struct vitals_loss losses[LOSSES];
	struct own_program own[OWN_PROGRAMS_MAX];
	struct vitals_program programs[OWN_PROGRAMS_MAX];
	size_t program_count = own_programs_read(own);
	const struct vitals_cost costs[] = {
		cost_of(e, "collector", getpid()),
		cost_of(e, "server", e->server),
	};
	const struct vitals_self self = {
		.version = VERSION,
		.libbpf = libbpf_version_string(),
		.kernel = e->kernel.release,
		.losses = losses,
		.loss_count = LOSSES,
		.maps = maps,
		.map_count = sizeof(maps) / sizeof(*maps),
		.programs = programs,
		.program_count = program_count,
		.costs = costs,
		.cost_count = e->server ? 2 : 1,
		.dropped_series = e->dropped_series,
		.dropped_targets = e->dropped_targets,
		.server_restarts = e->server_restarts,
	};

	for (int i = 0; i < LOSSES; i++)
		losses[i] = (struct vitals_loss){ stages[i], e->losses[i].sum };
	for (size_t i = 0; i < program_count; i++)
		programs[i] = (struct vitals_program){ own[i].name, own[i].run_ns, own[i].runs };
	return vitals_series(e->vitals, &self, s);
}

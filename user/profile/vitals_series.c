// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * From sums to families: the watch itself and its targets first, since what comes last is what is
 * dropped when there are too many.
 */
#include "profile/vitals_series.h"

#include <errno.h>

const struct series_info vitals_infos[] = {
	[INFO_BUILD] = { "vitals_build_info", SERIES_GAUGE, "",
			 "What serves this page; always 1." },
	[INFO_SERIES_DROPPED] = { "vitals_series_dropped_total", SERIES_COUNTER, "",
				  "Time series left out of a page for max_series, over all pages." },
	[INFO_TARGETS_DROPPED] = { "vitals_targets_dropped_total", SERIES_COUNTER, "",
				   "Processes that were not watched for max_targets." },
	[INFO_LOST] = { "vitals_events_lost_total", SERIES_COUNTER, "",
			"Events that were not counted, by where they were lost." },
	[INFO_RESTARTS] = { "vitals_server_restarts_total", SERIES_COUNTER, "",
			    "Times that the process which listens had to be started again." },
	[INFO_SELF_CPU] = { "vitals_exporter_cpu_seconds_total", SERIES_COUNTER, "seconds",
			    "CPU time of the exporter's own processes." },
	[INFO_SELF_MEMORY] = { "vitals_exporter_resident_memory_bytes", SERIES_GAUGE, "bytes",
			       "Resident memory of the exporter's own processes." },
	[INFO_SELF_FDS] = { "vitals_exporter_open_fds", SERIES_GAUGE, "",
			    "Open descriptors of the exporter's own processes." },
	[INFO_MAP] = { "vitals_map_entries", SERIES_GAUGE, "", "Entries of a kernel table." },
	[INFO_MAP_MAX] = { "vitals_map_max_entries", SERIES_GAUGE, "",
			   "Entries that a kernel table has room for." },
	[INFO_RUN] = { "vitals_bpf_run_seconds_total", SERIES_COUNTER, "seconds",
		       "Time in a kernel program; only with kernel.bpf_stats_enabled." },
	[INFO_RUNS] = { "vitals_bpf_runs_total", SERIES_COUNTER, "",
			"Runs of a kernel program; only with kernel.bpf_stats_enabled." },
	[INFO_UP] = { "vitals_target_up", SERIES_GAUGE, "", "Is a process of the group watched?" },
	[INFO_PROCESSES] = { "vitals_target_processes", SERIES_GAUGE, "",
			     "Processes of the group that are watched." },
	[INFO_START] = { "vitals_target_start_time_seconds", SERIES_GAUGE, "seconds",
			 "When the youngest process of the group began, since the epoch." },
	[INFO_STARTS] = { "vitals_target_starts_total", SERIES_COUNTER, "",
			  "Processes of the group that were seen to begin." },
	[INFO_DEGRADED] = { "vitals_target_degraded", SERIES_GAUGE, "",
			    "Is this switched off, or done less often, to stay in the budget?" },
};

/* --- writing ---------------------------------------------------------------------------------- */

void put_family(struct series_writer *w, const struct series_info *info)
{
	if (!w->err)
		w->err = series_family(w->s, info);
}

void put_labelled(struct series_writer *w, const struct series_label *labels, size_t count,
		  double value)
{
	if (!w->err)
		w->err = series_add(w->s, labels, count, value);
}

void put_of_group(struct series_writer *w, const struct vitals_group *g, const char *label,
		  const char *name, double value)
{
	const struct series_label labels[] = { { "process", g->name }, { label, name } };

	put_labelled(w, labels, label ? 2 : 1, value);
}

static void put_self(struct series_writer *w, enum info info, const char *label, const char *name,
		     double value)
{
	const struct series_label labels[] = { { label, name } };

	put_family(w, &vitals_infos[info]);
	put_labelled(w, labels, label ? 1 : 0, value);
}

/* --- the watch itself ------------------------------------------------------------------------- */

static void put_build(struct series_writer *w, const struct vitals_self *self)
{
	const struct series_label labels[] = { { "version", self->version },
					       { "libbpf", self->libbpf },
					       { "kernel", self->kernel } };

	put_family(w, &vitals_infos[INFO_BUILD]);
	put_labelled(w, labels, 3, 1);
}

static void put_losses(struct series_writer *w, const struct vitals_self *self)
{
	for (size_t i = 0; i < self->loss_count; i++) {
		const struct series_label labels[] = { { "process", "" },
						       { "stage", self->losses[i].stage } };

		put_family(w, &vitals_infos[INFO_LOST]);
		put_labelled(w, labels, 2, (double)self->losses[i].count);
	}
}

static void put_watch(struct series_writer *w, const struct vitals_self *self)
{
	put_build(w, self);
	put_self(w, INFO_SERIES_DROPPED, NULL, NULL, (double)self->dropped_series);
	put_self(w, INFO_TARGETS_DROPPED, NULL, NULL, (double)self->dropped_targets);
	put_losses(w, self);
	put_self(w, INFO_RESTARTS, NULL, NULL, (double)self->server_restarts);
	for (size_t i = 0; i < self->cost_count; i++) {
		const struct vitals_cost *c = &self->costs[i];

		put_self(w, INFO_SELF_CPU, "role", c->role, (double)c->cpu_ns / 1e9);
		put_self(w, INFO_SELF_MEMORY, "role", c->role, (double)c->resident_bytes);
		put_self(w, INFO_SELF_FDS, "role", c->role, (double)c->open_fds);
	}
	for (size_t i = 0; i < self->map_count; i++) {
		put_self(w, INFO_MAP, "map", self->maps[i].name, (double)self->maps[i].entries);
		put_self(w, INFO_MAP_MAX, "map", self->maps[i].name,
			 (double)self->maps[i].max_entries);
	}
	for (size_t i = 0; i < self->program_count; i++) {
		const struct vitals_program *p = &self->programs[i];

		put_self(w, INFO_RUN, "program", p->name, (double)p->run_ns / 1e9);
		put_self(w, INFO_RUNS, "program", p->name, (double)p->runs);
	}
}

/* --- targets ---------------------------------------------------------------------------------- */

const struct vitals_process *next_of(const struct vitals_process *from,
				     const struct vitals_group *g)
{
	while (from && (from->group != g || from->ended_ns))
		from = from->next;
	return from;
}

static void put_target(struct series_writer *w, const struct vitals_group *g)
{
	uint64_t youngest_ns = 0;
	size_t count = 0;

	for_each_process(p, w->v, g)
	{
		count++;
		if (p->birth.began_ns > youngest_ns)
			youngest_ns = p->birth.began_ns;
	}
	put_family(w, &vitals_infos[INFO_UP]);
	put_of_group(w, g, NULL, NULL, count > 0);
	put_family(w, &vitals_infos[INFO_PROCESSES]);
	put_of_group(w, g, NULL, NULL, (double)count);
	put_family(w, &vitals_infos[INFO_STARTS]);
	put_of_group(w, g, NULL, NULL, (double)g->sums[SUM_STARTS]);
	if (youngest_ns) {
		put_family(w, &vitals_infos[INFO_START]);
		put_of_group(w, g, NULL, NULL, (double)youngest_ns / 1e9);
	}
	put_family(w, &vitals_infos[INFO_DEGRADED]);
	for (int part = 0; part < VITALS_PARTS; part++)
		put_of_group(w, g, "what", vitals_part_names[part], g->is_degraded[part]);
}

int vitals_series(const struct vitals *v, const struct vitals_self *self, struct series *s)
{
	struct series_writer w = { .v = v, .s = s };

	put_watch(&w, self);
	for (const struct vitals_group *g = v->groups; g; g = g->next)
		put_target(&w, g);
	for (const struct vitals_group *g = v->groups; g; g = g->next)
		put_process_figures(&w, g);
	for (const struct vitals_group *g = v->groups; g; g = g->next)
		put_heap_figures(&w, g);
	for (const struct vitals_group *g = v->groups; g; g = g->next)
		put_loop_figures(&w, g);
	return w.err;
}

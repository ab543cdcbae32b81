// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The last sample of each process: every family once, its samples together, a line each. */
#include "report/memory_report.h"
#include "report/prometheus.h"

#include <errno.h>
#include <inttypes.h>

static const struct memory_sample *last_of(const struct memory_process *p)
{
	return p->sample_count ? &p->samples[p->sample_count - 1] : NULL;
}

/* "NAME{process=...,pid=..." : the caller adds more and closes. */
static void begin_sample(const char *name, const struct memory_process *p, FILE *out)
{
	(void)fprintf(out, "%s{process=\"", name);
	prometheus_value(p->name, out);
	(void)fprintf(out, "\",pid=\"%d\"", p->pid);
}

static void end_sample(uint64_t value, FILE *out)
{
	(void)fprintf(out, "} %" PRIu64 "\n", value);
}

/* Figures @from to before @to, told apart by the label @label. */
static void put_figures(const struct memory *m, const char *name, const char *label,
			enum memory_figure from, enum memory_figure to, FILE *out)
{
	for (size_t i = 0; i < m->process_count; i++) {
		const struct memory_sample *s = last_of(m->processes[i]);

		for (enum memory_figure f = from; s && f < to; f++) {
			if (!memory_is_known(s, f))
				continue;
			begin_sample(name, m->processes[i], out);
			(void)fprintf(out, ",%s=\"%s\"", label, memory_figures[f].name);
			end_sample(s->bytes[f], out);
		}
	}
}

static void put_growing(const struct memory *m, FILE *out)
{
	prometheus_family(out, "vitals_memory_growing", "gauge",
			  "1: the figure grows, by the trend of what it falls back to.");
	for (size_t i = 0; i < m->process_count; i++)
		for (enum memory_figure f = 0; f < MEMORY_FIGURES; f++) {
			struct memory_trend t = memory_trend_of(m->processes[i], f);

			if (!t.is_known)
				continue;
			begin_sample("vitals_memory_growing", m->processes[i], out);
			(void)fprintf(out, ",figure=\"%s\"", memory_figures[f].name);
			end_sample(t.grows, out);
		}
}

static uint64_t minor_faults(const struct memory_process *p)
{
	return last_of(p)->minor_faults;
}

static uint64_t major_faults(const struct memory_process *p)
{
	return last_of(p)->major_faults;
}

static uint64_t peak(const struct memory_process *p)
{
	return p->peak_bytes;
}

static uint64_t cgroup_limit(const struct memory_process *p)
{
	return p->cgroup.limit_bytes;
}

static uint64_t oom_kills(const struct memory_process *p)
{
	return p->cgroup.oom_kills;
}

static uint64_t heap_limit(const struct memory_process *p)
{
	for (size_t i = 0; i < p->heap_count; i++)
		if (!p->heaps[i].is_worker)
			return p->heaps[i].limit_bytes;
	return 0;
}

static const struct number {
	const char *name, *type, *help;
	uint64_t (*of)(const struct memory_process *p);
	bool needs_value; /* one of 0 is not known */
} numbers[] = {
	{ "vitals_memory_peak_resident_bytes", "gauge", "The most that was resident.", peak, true },
	{ "vitals_memory_minor_faults_total", "counter", "Page faults without reading a file.",
	  minor_faults, false },
	{ "vitals_memory_major_faults_total", "counter", "Page faults that read a file.",
	  major_faults, false },
	{ "vitals_memory_cgroup_limit_bytes", "gauge",
	  "The limit of the cgroup with the least room.", cgroup_limit, true },
	{ "vitals_memory_cgroup_oom_kills_total", "counter",
	  "Processes of that cgroup that were killed for lack of memory.", oom_kills, false },
	{ "vitals_memory_v8_limit_bytes", "gauge", "What V8's heap may grow to.", heap_limit,
	  true },
};

int memory_report_prometheus(const struct memory *m, FILE *out)
{
	prometheus_family(out, "vitals_memory_bytes", "gauge",
			  "Memory of the process, as the kernel counts it.");
	put_figures(m, "vitals_memory_bytes", "kind", MEMORY_RSS, MEMORY_FIRST_POOL, out);
	prometheus_family(out, "vitals_memory_pool_bytes", "gauge",
			  "Resident memory by what it is for; adds up to kind=\"rss\".");
	put_figures(m, "vitals_memory_pool_bytes", "pool", MEMORY_FIRST_POOL, MEMORY_END_POOLS,
		    out);
	prometheus_family(out, "vitals_memory_v8_bytes", "gauge",
			  "V8's own figures, as process.memoryUsage() calls them.");
	put_figures(m, "vitals_memory_v8_bytes", "figure", MEMORY_HEAP_TOTAL, MEMORY_CGROUP, out);
	prometheus_family(out, "vitals_memory_cgroup_bytes", "gauge",
			  "Memory of the cgroup with the least room.");
	put_figures(m, "vitals_memory_cgroup_bytes", "kind", MEMORY_CGROUP, MEMORY_FIGURES, out);
	put_growing(m, out);
	for (size_t n = 0; n < sizeof(numbers) / sizeof(*numbers); n++) {
		prometheus_family(out, numbers[n].name, numbers[n].type, numbers[n].help);
		for (size_t i = 0; i < m->process_count; i++) {
			const struct memory_process *p = m->processes[i];
			uint64_t value = p->sample_count ? numbers[n].of(p) : 0;

			if (!p->sample_count || (!value && numbers[n].needs_value))
				continue;
			begin_sample(numbers[n].name, p, out);
			end_sample(value, out);
		}
	}
	return fflush(out) || ferror(out) ? -EIO : 0;
}

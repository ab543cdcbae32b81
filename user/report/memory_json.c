// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The report as one JSON object; docs/schema/mem-watch.schema.json describes each field. */
#include "base/json.h"
#include "report/label.h"
#include "report/memory_buffers.h"
#include "report/memory_report.h"

#include <errno.h>

static void write_known(struct json *j, const char *key, bool is_known, uint64_t value)
{
	if (is_known)
		json_key_u64(j, key, value);
	else
		json_key_string(j, key, NULL);
}

static void write_header(struct json *j, const struct memory_meta *m)
{
	char time[LABEL_TIME_LEN];

	json_key_string(j, "schema", MEMORY_REPORT_SCHEMA);
	json_key_string(j, "tool", "mem-watch");
	json_key_string(j, "version", m->version);
	json_key_string(j, "time", label_time(m->time_ns, time));
	json_key_string(j, "target", m->title);
	json_key_bool(j, "complete", !m->missed);
	json_key(j, "lost");
	json_object(j);
	json_key_u64(j, "looks", m->missed);
	json_end(j);
	json_key_string(j, "note", m->note);
	json_key_seconds(j, "duration_s", m->duration_ns);
	json_key_seconds(j, "interval_s", m->interval_ns);
}

static void write_figure(struct json *j, const struct memory_process *p, enum memory_figure f)
{
	struct memory_trend t = memory_trend_of(p, f);

	if (!t.is_known) {
		json_key_string(j, memory_figures[f].name, NULL);
		return;
	}
	json_key(j, memory_figures[f].name);
	json_object(j);
	json_key_u64(j, "first_bytes", t.first_bytes);
	json_key_u64(j, "last_bytes", t.last_bytes);
	json_key_u64(j, "min_bytes", t.min_bytes);
	json_key_u64(j, "max_bytes", t.max_bytes);
	json_key_string(j, "verdict", memory_trend_names[t.trend.verdict]);
	json_key_double(j, "z", t.trend.z);
	json_key_double(j, "slope_bytes_per_s", t.slope_bytes_per_s);
	json_end(j);
}

static void write_figures(struct json *j, const struct memory_process *p)
{
	json_key(j, "figures");
	json_object(j);
	for (enum memory_figure f = 0; f < MEMORY_FIGURES; f++)
		if (f < MEMORY_FIRST_POOL || f >= MEMORY_END_POOLS)
			write_figure(j, p, f);
	json_end(j);
	json_key(j, "pools");
	json_object(j);
	for (enum memory_figure f = MEMORY_FIRST_POOL; f < MEMORY_END_POOLS; f++)
		write_figure(j, p, f);
	json_end(j);
}

static void write_heap(struct json *j, const struct memory_heap *h)
{
	json_object(j);
	json_key(j, "address");
	json_hex(j, h->address);
	json_key_bool(j, "worker", h->is_worker);
	write_known(j, "tid", h->tid, (uint64_t)h->tid);
	write_known(j, "heap_total_bytes", h->has_total, h->total_bytes);
	write_known(j, "heap_used_bytes", h->has_used, h->used_bytes);
	write_known(j, "external_bytes", h->has_external, h->external_bytes);
	write_known(j, "array_buffers_bytes", h->has_array_buffers, h->array_buffers_bytes);
	write_known(j, "limit_bytes", h->limit_bytes, h->limit_bytes);
	json_key(j, "spaces");
	json_array(j);
	for (size_t i = 0; i < h->space_count; i++) {
		json_object(j);
		json_key_string(j, "name", h->spaces[i].name);
		json_key_u64(j, "committed_bytes", h->spaces[i].committed_bytes);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

static void write_cgroup(struct json *j, const struct memory_process *p)
{
	const struct memory_cgroup *c = &p->cgroup;
	struct memory_trend t = memory_trend_of(p, MEMORY_CGROUP);
	uint64_t left_ns = c->limit_bytes ? memory_time_left_ns(&t, memory_cgroup_room(c)) : 0;

	if (!c->version) {
		json_key_string(j, "cgroup", NULL);
		return;
	}
	json_key(j, "cgroup");
	json_object(j);
	json_key_u64(j, "version", (uint64_t)c->version);
	json_key_string(j, "path", c->path);
	json_key_u64(j, "used_bytes", c->used_bytes);
	write_known(j, "limit_bytes", c->limit_bytes, c->limit_bytes);
	write_known(j, "high_bytes", c->high_bytes, c->high_bytes);
	json_key_u64(j, "reclaimable_bytes", c->reclaimable_bytes);
	write_known(j, "limit_reached_in_ns", left_ns, left_ns);
	json_key_u64(j, "limit_hits", c->limit_hits);
	json_key_u64(j, "oom_kills", c->oom_kills);
	json_key_double(j, "some_pressure_pct", c->has_pressure ? c->some_pct : __builtin_nan(""));
	json_key_double(j, "full_pressure_pct", c->has_pressure ? c->full_pct : __builtin_nan(""));
	json_end(j);
}

static void write_sample(struct json *j, const struct memory_sample *s)
{
	char time[LABEL_TIME_LEN];

	json_object(j);
	json_key_string(j, "time", label_time_ms(s->time_ns, time));
	json_key_u64(j, "at_ns", s->at_ns);
	json_key_u64(j, "took_ns", s->took_ns);
	for (enum memory_figure f = 0; f < MEMORY_FIGURES; f++)
		write_known(j, memory_figures[f].name, memory_is_known(s, f), s->bytes[f]);
	json_key_u64(j, "threads", s->threads);
	json_key_u64(j, "mappings", s->mappings);
	json_key_u64(j, "minor_faults", s->minor_faults);
	json_key_u64(j, "major_faults", s->major_faults);
	json_end(j);
}

static void write_process(struct json *j, const struct memory_process *p)
{
	struct memory_faults faults = memory_fault_rates(p, 0, p->sample_count - 1);

	json_object(j);
	json_key_i64(j, "pid", p->pid);
	json_key_string(j, "process", p->name);
	json_key_string(j, "exe", p->exe);
	json_key_bool(j, "ended", p->is_ended);
	json_key_bool(j, "v8", p->has_v8);
	json_key_string(j, "v8_note", p->v8_note);
	json_key_u64(j, "samples_taken", p->taken);
	json_key_u64(j, "samples_kept_each", p->kept_each);
	json_key_string(j, "suspect", memory_suspect_names[memory_suspect_of(p)]);
	write_known(j, "peak_rss_bytes", p->peak_bytes, p->peak_bytes);
	json_key_double(j, "minor_faults_per_s", faults.minor_per_s);
	json_key_double(j, "major_faults_per_s", faults.major_per_s);
	write_known(j, "old_space_limit_bytes", p->option_limit_bytes, p->option_limit_bytes);
	write_figures(j, p);
	json_key(j, "heaps");
	json_array(j);
	for (size_t i = 0; i < p->heap_count; i++)
		write_heap(j, &p->heaps[i]);
	json_end(j);
	write_cgroup(j, p);
	json_key(j, "buffers");
	memory_buffers_json(p->buffers, j);
	json_key(j, "samples");
	json_array(j);
	for (size_t i = 0; i < p->sample_count; i++)
		write_sample(j, &p->samples[i]);
	json_end(j);
	json_end(j);
}

int memory_report_json(const struct memory *m, FILE *out)
{
	struct json j;

	json_init(&j, out);
	json_object(&j);
	write_header(&j, &m->meta);
	json_key(&j, "data");
	json_array(&j);
	for (size_t i = 0; i < m->process_count; i++)
		write_process(&j, m->processes[i]);
	json_end(&j);
	json_key(&j, "cost");
	json_object(&j);
	json_key_u64(&j, "rss_bytes", m->meta.own_rss_bytes);
	json_key_seconds(&j, "cpu_s", m->meta.own_cpu_ns);
	json_end(&j);
	json_end(&j);
	(void)fputc('\n', out);
	return fflush(out) || ferror(out) ? -EIO : 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The report as one JSON object; docs/schema/loop-stall.schema.json describes each field. */
#include "base/json.h"
#include "report/frame_json.h"
#include "report/label.h"
#include "report/loop_report.h"
#include "report/loop_report_parts.h"
#include "report/stack_line.h"

#include <errno.h>
#include <math.h>

static const char *or_null(const char *text)
{
	return text && text[0] ? text : NULL;
}

static void write_null(struct json *j, const char *key)
{
	json_key_string(j, key, NULL);
}

static void write_header(struct json *j, const struct loops_meta *m)
{
	char time[LABEL_TIME_LEN];

	json_key_string(j, "schema", LOOP_REPORT_SCHEMA);
	json_key_string(j, "tool", "loop-stall");
	json_key_string(j, "version", m->version);
	json_key_string(j, "time", label_time(m->time_ns, time));
	json_key_string(j, "target", m->title);
	json_key_bool(j, "complete", m->is_complete);
	json_key(j, "lost");
	json_object(j);
	json_key_u64(j, "events", m->lost_events);
	json_key_u64(j, "stacks", m->lost_stacks);
	json_key_u64(j, "loops", m->lost_loops);
	json_key_u64(j, "dropped_stalls", m->dropped_stalls);
	json_key_u64(j, "skipped_stacks", m->skipped_stacks);
	json_end(j);
	json_key_string(j, "note", m->note);
	json_key_seconds(j, "duration_s", m->duration_ns);
	if (m->interval_ns)
		json_key_seconds(j, "interval_s", m->interval_ns);
	else
		write_null(j, "interval_s");
	json_key_u64(j, "threshold_ns", m->threshold_ns);
	if (m->frequency_hz)
		json_key_u64(j, "frequency_hz", m->frequency_hz);
	else
		write_null(j, "frequency_hz");
	json_key_bool(j, "divided", m->has_split);
	json_key(j, "stacks");
	stack_line_json(&m->stacks, j);
}

/* --- loops ------------------------------------------------------------------------------------ */

static void write_parts(struct json *j, const struct loops *l, const uint64_t part_ns[LOOP_PARTS])
{
	if (!l->meta.has_split) {
		write_null(j, "parts_ns");
		return;
	}
	json_key(j, "parts_ns");
	json_object(j);
	for (enum loop_part part = LOOP_RUNNING; part < LOOP_PARTS; part++)
		json_key_u64(j, loop_part_names[part], part_ns[part]);
	json_end(j);
}

static void write_percentile(struct json *j, size_t index, uint64_t count, uint64_t ns)
{
	if (count >= loop_percentiles[index].needs)
		json_key_u64(j, loop_percentiles[index].key, ns);
	else
		write_null(j, loop_percentiles[index].key);
}

static void write_values(struct json *j, const char *key, const struct loop_hist *h)
{
	json_key(j, key);
	json_object(j);
	json_key_u64(j, "count", h->count);
	json_key_u64(j, "sum_ns", h->sum);
	for (size_t i = 0; i < LOOP_PERCENTILES; i++)
		write_percentile(j, i, h->count, loop_hist_quantile(h, loop_percentiles[i].q));
	json_key_u64(j, "max_ns", h->max);
	json_end(j);
}

static void write_lag(struct json *j, const struct loop_info *info, const struct loop_times *t)
{
	struct loop_hist busy;

	loop_busy_hist(info, t, &busy);
	json_key(j, "lag");
	json_object(j);
	for (size_t i = 0; i < LOOP_PERCENTILES; i++)
		write_percentile(
			j, i, t->hists[LOOP_HIST_GAP].count,
			loop_hist_lag_quantile(&busy, t->window_ns, loop_percentiles[i].q));
	json_key_u64(j, "max_ns", busy.max);
	json_end(j);
}

static void write_buckets(struct json *j, const struct loop_hist *h)
{
	json_key(j, "histogram");
	json_array(j);
	for (uint32_t i = 0; i < LOOP_HIST_BUCKETS; i++) {
		if (!h->buckets[i].count)
			continue;
		json_array(j);
		json_u64(j, log_bucket_low(i, LOOP_HIST_SUB_BITS));
		json_u64(j, h->buckets[i].count);
		json_u64(j, h->buckets[i].sum);
		json_end(j);
	}
	json_end(j);
}

/* Nothing tells more than six digits of a share. */
static void write_share(struct json *j, const char *key, double share)
{
	json_key_double(j, key, round(share * 1e6) / 1e6);
}

static void write_times(struct json *j, const struct loops *l, const struct loop_info *info,
			const struct loop_times *t)
{
	json_object(j);
	json_key_u64(j, "window_ns", t->window_ns);
	json_key_u64(j, "waits", t->waits);
	json_key_u64(j, "iterations", t->iterations);
	json_key_u64(j, "merged", t->merged);
	json_key_u64(j, "busy_ns", t->busy_ns);
	json_key_u64(j, "polling_ns", t->polling_ns);
	json_key_u64(j, "waiting_ns", t->waiting_ns);
	json_key_u64(j, "idle_ns", t->idle_ns);
	write_parts(j, l, t->part_ns);
	write_share(j, "elu", loop_elu(t));
	write_share(j, "utilisation", loop_utilisation(t));
	json_key_u64(j, "stalls", t->stalls);
	json_key_u64(j, "stall_ns", t->stall_ns);
	write_values(j, "iteration", &t->hists[LOOP_HIST_GAP]);
	write_lag(j, info, t);
	write_values(j, "wake_lag", &t->hists[LOOP_HIST_WAKE_LAG]);
	write_values(j, "expired", &t->hists[LOOP_HIST_EXPIRY]);
	write_values(j, "passed", &t->hists[LOOP_HIST_PASSED]);
	if (l->meta.has_timers)
		write_values(j, "timers", &t->hists[LOOP_HIST_TIMER]);
	write_buckets(j, &t->hists[LOOP_HIST_GAP]);
	json_end(j);
}

static void write_loop(struct json *j, const struct loops *l, const struct loop_info *info)
{
	json_object(j);
	json_key_i64(j, "pid", info->pid);
	json_key_i64(j, "tid", info->tid);
	json_key_string(j, "process", info->process);
	json_key_string(j, "thread", info->thread);
	json_key_string(j, "wait", info->wait);
	if (info->fd >= 0)
		json_key_i64(j, "fd", info->fd);
	else
		write_null(j, "fd");
	json_key_bool(j, "ended", info->is_ended);
	if (info->stuck_ns)
		json_key_u64(j, "stuck_ns", info->stuck_ns);
	else
		write_null(j, "stuck_ns");
	json_key(j, "total");
	write_times(j, l, info, &info->total);
	json_key(j, "interval");
	if (l->meta.interval_ns)
		write_times(j, l, info, &info->interval);
	else
		json_string(j, NULL);
	json_end(j);
}

/* --- stalls ----------------------------------------------------------------------------------- */

static void write_stack(struct json *j, const struct stall_stack *s)
{
	json_object(j);
	json_key_string(j, "part", loop_part_names[s->part]);
	json_key_string(j, "wait", or_null(s->wait));
	json_key_u64(j, "ns", s->ns);
	json_key_u64(j, "count", s->count);
	json_key_bool(j, "truncated", s->cut);
	json_key_string(j, "truncated_by", s->cut);
	json_key(j, "frames");
	json_array(j);
	for (size_t i = 0; i < s->depth; i++)
		frame_json(&s->frames[i], j);
	json_end(j);
	json_end(j);
}

static void write_longest(struct json *j, const struct stall *s)
{
	json_key(j, "longest");
	if (!s->longest_ns) {
		json_string(j, NULL);
		return;
	}
	json_object(j);
	json_key_u64(j, "ns", s->longest_ns);
	json_key_string(j, "part", loop_part_names[s->longest_part]);
	json_key_string(j, "wait", or_null(s->longest_wait));
	json_key_string(j, "file", or_null(s->longest_file));
	json_end(j);
}

static void write_verdict(struct json *j, const struct loops *l, const struct stall *s)
{
	enum stall_verdict verdict = loop_verdict(l, s);

	json_key_string(j, "verdict", stall_verdict_names[verdict]);
	if (verdict == STALL_UNKNOWN)
		write_null(j, "own");
	else
		json_key_bool(j, "own", stall_is_own(s));
}

static void write_stall(struct json *j, const struct loops *l, const struct stall *s)
{
	char time[LABEL_TIME_LEN];

	json_object(j);
	json_key_u64(j, "loop", s->loop);
	json_key_string(j, "time", label_time_ms(s->time_ns, time));
	json_key_u64(j, "began_ns", s->began_ns);
	json_key_u64(j, "ns", s->ns);
	json_key_bool(j, "at_least", s->is_at_least);
	json_key_bool(j, "going_on", s->is_going_on);
	write_parts(j, l, s->part_ns);
	write_verdict(j, l, s);
	json_key_u64(j, "min_faults", s->min_faults);
	json_key_u64(j, "maj_faults", s->maj_faults);
	json_key_u64(j, "steal_pct", s->steal_pct);
	write_longest(j, s);
	json_key(j, "stacks");
	json_array(j);
	for (size_t i = 0; i < s->stack_count; i++)
		write_stack(j, &s->stacks[i]);
	json_end(j);
	json_end(j);
}

int loop_report_json(const struct loops *l, FILE *out)
{
	struct json j;

	json_init(&j, out);
	json_object(&j);
	write_header(&j, &l->meta);
	json_key(&j, "loops");
	json_array(&j);
	for (size_t i = 0; i < l->loop_count; i++)
		write_loop(&j, l, &l->loops[i]);
	json_end(&j);
	json_key(&j, "data");
	json_array(&j);
	for (size_t i = 0; i < l->stall_count; i++)
		write_stall(&j, l, &l->stalls[i]);
	json_end(&j);
	json_key(&j, "cost");
	json_object(&j);
	json_key_u64(&j, "rss_bytes", l->meta.own_rss_bytes);
	json_key_seconds(&j, "cpu_s", l->meta.own_cpu_ns);
	json_key_u64(&j, "table_bytes", l->meta.table_bytes);
	json_end(&j);
	json_end(&j);
	(void)fputc('\n', out); /* a failed write stays in the stream's error flag */
	return fflush(out) || ferror(out) ? -EIO : 0;
}

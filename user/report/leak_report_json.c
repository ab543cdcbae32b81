// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The report as one JSON object; docs/schema/memleak-trace.schema.json describes each field. */
#include "base/json.h"
#include "report/frame_json.h"
#include "report/label.h"
#include "report/leak_report_parts.h"
#include "report/stack_line.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static const char *kind_name(enum leak_kind kind)
{
	return kind == LEAK_HEAP ? "heap" : kind == LEAK_MMAP ? "mmap" : "runtime";
}

/* What programs compare, without spaces and commas. */
static const char *verdict_name(enum trend_verdict verdict)
{
	static const char *const names[] = {
		[TREND_TOO_SHORT] = "too-short",
		[TREND_STEADY] = "growing-steadily",
		[TREND_MAY_LEVEL] = "growing-may-level-off",
		[TREND_PLATEAU] = "plateau",
		[TREND_SHRINKING] = "shrinking",
	};

	return names[verdict];
}

static void write_target(struct json *j, const struct leak_target *t)
{
	json_object(j);
	json_key_i64(j, "pid", t->pid);
	json_key_u64(j, "start_ticks", t->start_ticks);
	json_key_string(j, "comm", t->comm);
	json_key_string(j, "exe", t->exe);
	json_key_string(j, "allocator", t->allocator);
	json_key_string(j, "state", t->state);
	json_key_seconds(j, "window_s", t->window_ns);
	leak_counts_json(&t->counts, j);
	json_key(j, "stacks");
	stack_line_json(&t->stacks, j);
	json_end(j);
}

static void write_frame(struct json *j, const struct frame *f)
{
	json_object(j);
	frame_json_place(f, j);
	json_key_bool(j, "inlined", f->is_inlined);
	json_end(j);
}

/* Bytes carry no useful fraction. */
static void write_trend(struct json *j, const struct leak_report *r, const struct trend *t)
{
	json_key_string(j, "verdict", verdict_name(t->verdict));
	json_key(j, "trend");
	json_object(j);
	json_key_double(j, "z", round(t->z * 1000) / 1000);
	json_key_i64(j, "slope_bytes_per_min", leak_per_minute(r->interval_ns, t->slope_bytes));
	json_key_i64(j, "late_slope_bytes_per_min",
		     leak_per_minute(r->interval_ns, t->late_slope_bytes));
	json_end(j);
}

static void write_row(struct json *j, const struct leak_report *r, const struct leak_row *row)
{
	json_object(j);
	json_key_i64(j, "pid", row->pid);
	json_key_string(j, "kind", kind_name(row->kind));
	json_key_u64(j, "bytes", row->bytes);
	json_key_u64(j, "blocks", row->blocks);
	json_key_i64(j, "growth_last_bytes", row->growth_last_bytes);
	json_key_i64(j, "growth_run_bytes", row->growth_run_bytes);
	json_key_seconds(j, "age_median_s", row->age_median_ns);
	json_key_seconds(j, "age_oldest_s", row->age_oldest_ns);
	json_key_double(j, "share", round(row->share * 1e6) / 1e6);
	write_trend(j, r, &row->trend);
	json_key_bool(j, "truncated", row->cut);
	json_key_string(j, "truncated_by", row->cut);
	json_key(j, "frames");
	json_array(j);
	for (size_t i = 0; i < row->depth; i++)
		write_frame(j, &row->frames[i]);
	json_end(j);
	json_end(j);
}

static void write_header(struct json *j, const struct leak_report *r)
{
	char time[LABEL_TIME_LEN];

	json_key_string(j, "schema", LEAK_REPORT_SCHEMA);
	json_key_string(j, "tool", "memleak-trace");
	json_key_string(j, "version", r->version);
	json_key_string(j, "time", label_time(r->time_ns, time));
	json_key_bool(j, "final", r->is_final);
	json_key_bool(j, "complete", r->is_complete);
	json_key_double(j, "lost_pct", round(r->lost_pct * 1e6) / 1e6);
	json_key_string(j, "note", r->note);
	json_key_seconds(j, "window_s", r->window_ns);
	json_key_seconds(j, "interval_s", r->interval_ns);
	json_key_u64(j, "samples", r->samples);
	json_key_string(j, "sort", r->sort);
	json_key(j, "filters");
	json_object(j);
	json_key_seconds(j, "min_age_s", r->min_age_ns);
	json_key_u64(j, "min_size_bytes", r->min_size_bytes);
	json_key(j, "max_size_bytes");
	if (r->max_size_bytes == UINT64_MAX)
		json_string(j, NULL);
	else
		json_u64(j, r->max_size_bytes);
	json_end(j);
}

static void write_cost(struct json *j, const struct leak_report *r)
{
	json_key(j, "cost");
	json_object(j);
	json_key_u64(j, "rss_bytes", r->own_rss_bytes);
	json_key_seconds(j, "cpu_s", r->own_cpu_ns);
	json_key_u64(j, "table_bytes", r->table_bytes);
	json_key_u64(j, "unwind_bytes", r->unwind_bytes);
	json_key_seconds(j, "unwind_load_s", r->unwind_load_ns);
	json_key_u64(j, "live_blocks", r->live_blocks);
	json_key_u64(j, "max_blocks", r->max_blocks);
	json_key_double(j, "probe_s_per_hit",
			r->probe_cost_ns ? (double)r->probe_cost_ns / 1e9 : (double)NAN);
	json_end(j);
}

int leak_report_json(const struct leak_report *r, FILE *out)
{
	struct leak_counts counts = leak_report_counts(r);
	struct stack_counts stacks = leak_report_stacks(r);
	struct json j;

	json_init(&j, out);
	json_object(&j);
	write_header(&j, r);
	leak_counts_json(&counts, &j);
	json_key(&j, "stacks");
	stack_line_json(&stacks, &j);
	json_key(&j, "targets");
	json_array(&j);
	for (size_t i = 0; i < r->target_count; i++)
		write_target(&j, &r->targets[i]);
	json_end(&j);
	json_key(&j, "data");
	json_array(&j);
	for (size_t i = 0; i < r->row_count; i++)
		write_row(&j, r, &r->rows[i]);
	json_end(&j);
	write_cost(&j, r);
	json_end(&j);
	(void)fputc('\n', out); /* a failed write stays in the stream's error flag */
	return fflush(out) || ferror(out) ? -EIO : 0;
}

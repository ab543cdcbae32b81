// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The report as one JSON object; docs/schema/js-heap.schema.json describes each field. */
#include "base/json.h"
#include "report/js_heap_report.h"
#include "report/label.h"

#include <errno.h>

static void write_total(struct json *j, const struct js_heap_total *t)
{
	json_key_u64(j, "count", t->count);
	json_key_u64(j, "bytes", t->bytes);
	json_key_u64(j, "live_count", t->live_count);
	json_key_u64(j, "live_bytes", t->live_bytes);
}

static void write_reading(struct json *j, const struct js_heap_reading *r)
{
	char time[LABEL_TIME_LEN];

	json_object(j);
	json_key_string(j, "time", label_time(r->time_ns, time));
	json_key_u64(j, "pause_ns", r->pause_ns);
	json_key_u64(j, "took_ns", r->took_ns);
	json_key_u64(j, "attempts", r->attempts);
	json_key_u64(j, "heaps", r->heaps);
	json_key_u64(j, "pages", r->page_count);
	json_key_u64(j, "total_bytes", r->total_bytes);
	json_key_u64(j, "code_bytes", r->code_bytes);
	json_key_u64(j, "free_bytes", r->free_bytes);
	json_key_u64(j, "unknown_bytes", r->unknown_bytes);
	json_key_u64(j, "roots_bytes", r->roots_bytes);
	write_total(j, &r->all);
	json_end(j);
}

static void write_row(struct json *j, const struct js_heap *h, const struct js_heap_row *row)
{
	json_object(j);
	json_key_string(j, "name", row->name);
	json_key(j, "readings");
	json_array(j);
	for (size_t i = 0; i < h->reading_count; i++) {
		json_object(j);
		write_total(j, &row->at[i]);
		json_end(j);
	}
	json_end(j);
	if (h->reading_count > 1) {
		json_key_i64(j, "count_delta", js_heap_count_delta(row));
		json_key_i64(j, "bytes_delta", js_heap_bytes_delta(row));
	}
	json_end(j);
}

int js_heap_report_json(const struct js_heap *h, FILE *out)
{
	char version[32];
	struct json j;

	(void)snprintf(version, sizeof(version), "%u.%u", h->v8_major, h->v8_minor);
	json_init(&j, out);
	json_object(&j);
	json_key_string(&j, "schema", JS_HEAP_REPORT_SCHEMA);
	json_key_string(&j, "tool", "mem-watch");
	json_key_string(&j, "version", h->version);
	json_key_u64(&j, "pid", (uint64_t)h->pid);
	json_key_string(&j, "name", h->name);
	json_key_string(&j, "exe", h->exe);
	json_key_string(&j, "v8", version);
	json_key(&j, "readings");
	json_array(&j);
	for (size_t i = 0; i < h->reading_count; i++)
		write_reading(&j, &h->readings[i]);
	json_end(&j);
	json_key(&j, "constructors");
	json_array(&j);
	for (size_t i = 0; i < h->row_count; i++)
		write_row(&j, h, &h->rows[i]);
	json_end(&j);
	json_key(&j, "cost");
	json_object(&j);
	json_key_u64(&j, "rss_bytes", h->own_rss_bytes);
	json_key_u64(&j, "cpu_ns", h->own_cpu_ns);
	json_end(&j);
	json_end(&j);
	(void)fputc('\n', out);
	return fflush(out) || ferror(out) ? -EIO : 0;
}

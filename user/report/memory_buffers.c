// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A table of functions, what they have of arrayBuffers, and what was lost. */
#include "report/memory_buffers.h"

#include "base/units.h"
#include "report/frame_json.h"
#include "report/label.h"
#include "report/leak_report_parts.h"
#include "report/table_text.h"

#include <math.h>

#define NAME_MAX_SHOWN 96

const char *const memory_trend_names[] = {
	[TREND_TOO_SHORT] = "too_short",     [TREND_STEADY] = "growing",
	[TREND_MAY_LEVEL] = "may_level_off", [TREND_PLATEAU] = "not_growing",
	[TREND_SHRINKING] = "shrinking",
};

/* --- text ------------------------------------------------------------------------------------- */

static void put_maker(const struct memory_buffers *b, const struct leak_row *maker, FILE *out)
{
	char bytes[UNITS_LEN], slope[UNITS_LEN] = "";
	char label[LABEL_LEN], cut[LABEL_LEN];
	int64_t per_minute = leak_per_minute(b->interval_ns, maker->trend.slope_bytes);
	bool has_slope = maker->trend.verdict != TREND_TOO_SHORT;

	(void)fprintf(out, "  %10s  %8ju  %5.1f %%  %10s%s  %-22s  %s\n",
		      units_bytes(maker->bytes, bytes), (uintmax_t)maker->blocks,
		      maker->share * 100, has_slope ? units_bytes_delta(per_minute, slope) : "",
		      has_slope ? "/min" : "    ", trend_text(maker->trend.verdict),
		      maker->depth ? label_shorten(label_graph(&maker->frames[0], label),
						   NAME_MAX_SHOWN, cut)
				   : "[not known]");
}

static void put_rest(const struct memory_buffers *b, FILE *out)
{
	uint64_t bytes = 0, blocks = 0;
	char text[UNITS_LEN];

	for (size_t i = b->top; i < b->maker_count; i++) {
		bytes += b->makers[i].bytes;
		blocks += b->makers[i].blocks;
	}
	if (b->top < b->maker_count)
		(void)fprintf(out, "  %10s  %8ju  of %zu more function%s (-T %zu shows all)\n",
			      units_bytes(bytes, text), (uintmax_t)blocks, b->maker_count - b->top,
			      b->maker_count - b->top == 1 ? "" : "s", b->maker_count);
}

/* What the probes saw beside what V8 says. */
static void put_pool(const struct memory_buffers *b, FILE *out)
{
	char a[UNITS_LEN], c[UNITS_LEN], d[UNITS_LEN];

	(void)fprintf(out, "  %10s  %8ju  ", units_bytes(b->bytes, a), (uintmax_t)b->blocks);
	if (!b->has_pool)
		(void)fputs("in all; arrayBuffers is not known\n", out);
	else if (b->bytes > b->pool_bytes)
		(void)fprintf(out, "in all, more than arrayBuffers has (%s)\n",
			      units_bytes(b->pool_bytes, d));
	else
		(void)fprintf(
			out, "in all: %.1f %% of arrayBuffers (%s); the other %s are from before\n",
			table_share_pct(b->bytes, b->pool_bytes), units_bytes(b->pool_bytes, d),
			units_bytes(b->pool_bytes - b->bytes, c));
}

static void put_flow(const struct memory_buffers *b, FILE *out)
{
	const struct leak_counts *n = &b->counts;
	char a[UNITS_LEN], c[UNITS_LEN], d[UNITS_LEN];

	(void)fprintf(out, "  made %s in %ju, freed %s in %ju, and %ju from before",
		      units_bytes(n->alloc_bytes, a), (uintmax_t)n->allocs,
		      units_bytes(n->free_bytes, c), (uintmax_t)n->frees,
		      (uintmax_t)n->frees_before_attach);
	if (b->has_pool && b->has_pool_first)
		(void)fprintf(out, "; arrayBuffers went from %s to %s",
			      units_bytes(b->pool_first_bytes, a), units_bytes(b->pool_bytes, d));
	(void)fputc('\n', out);
	if (b->note)
		(void)fprintf(out, "  Note: %s\n", b->note);
	if (!leak_counts_lost(n)) {
		(void)fputs("  Nothing was lost: each that was made or freed is in these figures\n",
			    out);
		return;
	}
	(void)fprintf(out, "  %s%.3g %% of them lost; the figures may be off by as much\n",
		      b->is_complete ? "" : "INCOMPLETE: ", b->lost_pct);
	leak_losses_text(n, out);
}

void memory_buffers_text(const struct memory_buffers *b, FILE *out)
{
	char text[UNITS_LEN];

	if (!b)
		return;
	(void)fprintf(out,
		      "\n  Buffers made in the last %s that live, by the function that made them\n",
		      units_duration(b->window_ns, text));
	if (b->maker_count)
		(void)fprintf(out, "  %10s  %8s  %7s  %14s  %-22s  %s\n", "bytes", "count", "share",
			      "growth", "", "function");
	for (size_t i = 0; i < b->maker_count && i < b->top; i++)
		put_maker(b, &b->makers[i], out);
	put_rest(b, out);
	put_pool(b, out);
	put_flow(b, out);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void write_maker(const struct memory_buffers *b, const struct leak_row *maker,
			struct json *j)
{
	const struct frame unknown = { .function = "", .module = "", .file = "" };
	const struct frame *f = maker->depth ? &maker->frames[0] : &unknown;

	json_object(j);
	frame_json_place(f, j);
	json_key_string(j, "kind", frame_kind_names[f->kind]);
	json_key_u64(j, "bytes", maker->bytes);
	json_key_u64(j, "count", maker->blocks);
	json_key_double(j, "share", round(maker->share * 1e6) / 1e6);
	json_key_i64(j, "growth_bytes", maker->growth_run_bytes);
	json_key_i64(j, "slope_bytes_per_min",
		     leak_per_minute(b->interval_ns, maker->trend.slope_bytes));
	json_key_string(j, "verdict", memory_trend_names[maker->trend.verdict]);
	json_key_seconds(j, "age_median_s", maker->age_median_ns);
	json_key_seconds(j, "age_oldest_s", maker->age_oldest_ns);
	json_end(j);
}

static void write_pool(struct json *j, const char *key, bool is_known, uint64_t bytes)
{
	if (is_known)
		json_key_u64(j, key, bytes);
	else
		json_key_string(j, key, NULL);
}

void memory_buffers_json(const struct memory_buffers *b, struct json *j)
{
	if (!b) {
		json_string(j, NULL);
		return;
	}
	json_object(j);
	json_key_seconds(j, "window_s", b->window_ns);
	json_key_u64(j, "bytes", b->bytes);
	json_key_u64(j, "count", b->blocks);
	write_pool(j, "array_buffers_bytes", b->has_pool, b->pool_bytes);
	write_pool(j, "array_buffers_first_bytes", b->has_pool_first, b->pool_first_bytes);
	json_key_bool(j, "complete", b->is_complete);
	json_key_double(j, "lost_pct", round(b->lost_pct * 1e6) / 1e6);
	json_key_string(j, "note", b->note);
	leak_counts_json(&b->counts, j);
	json_key(j, "functions");
	json_array(j);
	for (size_t i = 0; i < b->maker_count; i++)
		write_maker(b, &b->makers[i], j);
	json_end(j);
	json_end(j);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * From the top: what is sampled, how much of it there is, where the time went (off the CPU), what
 * is listed, the table, the keys. A low screen has less of it, a narrow one fewer columns.
 */
#include "report/live_screen.h"

#include "base/units.h"
#include "report/label.h"
#include "report/table_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BAR_LEN	     10

#define MODULE_WIDTH 20
#define ROLE_WIDTH   9
#define LINE_LEN     512

/* Screens that are narrower do without the columns. */
#define COLUMNS_FOR_MODULE 60
#define COLUMNS_FOR_BAR	   78
#define COLUMNS_FOR_MEMORY 100
#define COLUMNS_FOR_SHARES 24

/* Rows that a screen must have for a line other than the table. */
enum {
	ROWS_TITLE = 2,
	ROWS_HEAD = 3,
	ROWS_COUNTS = 4,
	ROWS_LIST = 5,
	ROWS_KEYS = 7,
	ROWS_MORE = 9
};

/* --- above the table -------------------------------------------------------------------------- */

static bool is_event(const struct profile_meta *m, const char *event)
{
	return strcmp(m->event, event) == 0;
}

static const char *state_of(const struct live_view *v)
{
	if (v->is_frozen)
		return "FROZEN  ";
	return v->has_ended ? "ENDED  " : "";
}

static void put_title(const struct live_view *v, struct screen *s)
{
	const struct profile_meta *m = &v->meta;
	char line[LINE_LEN], cost[64], rate[32] = "", time[UNITS_LEN], rss[UNITS_LEN];
	size_t cost_width;

	if (m->frequency_hz)
		(void)snprintf(rate, sizeof(rate), " at %ju Hz", (uintmax_t)m->frequency_hz);
	screen_begin(s, v->is_frozen || v->has_ended ? SCREEN_ALARM : SCREEN_TITLE);
	(void)snprintf(line, sizeof(line), "%scpu-sample: %s, %s%s, %s", state_of(v), m->title,
		       m->event, rate, units_duration(m->duration_ns, time));
	(void)snprintf(cost, sizeof(cost), "  own cost %.1f %% of a CPU, %s", v->own_cpu_pct,
		       units_bytes(m->own_rss_bytes, rss));
	if (s->columns < COLUMNS_FOR_MEMORY)
		*strrchr(cost, ',') = '\0';
	cost_width = s->columns < COLUMNS_FOR_MODULE ? 0 : screen_width(cost);
	screen_cell(s, screen_left(s) - cost_width, line);
	screen_cell(s, cost_width, cost);
}

static void put_counts(const struct live_view *v, struct screen *s)
{
	const struct profile_meta *m = &v->meta;
	bool has_waits = is_event(m, "off-cpu") || is_event(m, "wall");
	uint64_t weight = profile_total_weight(v->profile);
	char line[LINE_LEN], stacks[48] = "none";

	if (stack_counts_total(&m->stacks) && m->stacks.ended[STACK_UNTOLD])
		(void)snprintf(stacks, sizeof(stacks), "by frame pointers");
	else if (stack_counts_total(&m->stacks))
		(void)snprintf(stacks, sizeof(stacks), "%.1f %% complete",
			       stack_counts_complete_pct(&m->stacks));
	(void)snprintf(line, sizeof(line), "%ju %s, %.2f %s on average; lost %ju%s; stacks %s",
		       (uintmax_t)profile_total_count(v->profile),
		       is_event(m, "off-cpu") ? "waits" : "samples",
		       m->duration_ns ? (double)weight / (double)m->duration_ns : 0,
		       has_waits ? "threads" : "CPUs", (uintmax_t)m->lost,
		       m->is_complete ? "" : " (INCOMPLETE)", stacks);
	screen_line(s, m->is_complete ? SCREEN_PLAIN : SCREEN_ALARM, line);
}

static bool has_waits(const struct live_view *v)
{
	for (size_t i = 0; i < v->waits.len; i++)
		if (v->waits.at[i].state != PROFILE_ON_CPU)
			return true;
	return false;
}

static void put_waits(const struct live_view *v, struct screen *s)
{
	uint64_t whole = profile_total_weight(v->profile);

	screen_begin(s, SCREEN_PLAIN);
	for (size_t i = 0; i < v->waits.len && screen_left(s) > MODULE_WIDTH; i++) {
		const struct profile_wait *w = &v->waits.at[i];
		const char *what = w->state == PROFILE_RUNNABLE ? "runnable"
				   : w->state == PROFILE_ON_CPU ? "on CPU"
				   : w->wait[0]			? w->wait
								: "blocked";
		char text[LABEL_LEN + 32];

		(void)snprintf(text, sizeof(text), "%s%s %.1f %%", i ? ", " : "", what,
			       table_share_pct(w->weight, whole));
		screen_text(s, text);
	}
}

static void put_list(const struct live_view *v, struct screen *s)
{
	static const char *const orders[] = { "own time", "time with what they call", "name" };
	char line[LINE_LEN + LABEL_LEN], name[LABEL_LEN];

	if (v->is_typing)
		(void)snprintf(line, sizeof(line), "filter: %s_", v->filter);
	else if (v->zoom_len)
		(void)snprintf(line, sizeof(line), "callers and callees of %s",
			       label_frame(&v->zoom[v->zoom_len - 1], name));
	else if (v->filter[0])
		(void)snprintf(line, sizeof(line), "%zu of %zu functions, those with '%s', by %s",
			       v->rows.len, v->rows.unfiltered_len, v->filter, orders[v->order]);
	else
		(void)snprintf(line, sizeof(line), "%zu functions by %s", v->rows.len,
			       orders[v->order]);
	screen_line(s, SCREEN_PLAIN, line);
}

/* --- the table -------------------------------------------------------------------------------- */

static void put_head(const struct live_view *v, struct screen *s)
{
	screen_begin(s, SCREEN_HEAD);
	screen_text(s, "  ");
	if (s->columns >= COLUMNS_FOR_SHARES) {
		screen_cell(s, 9, v->zoom_len ? "  of it" : "   self");
		screen_cell(s, 9, v->zoom_len ? " of all" : "  total");
	}
	if (s->columns >= COLUMNS_FOR_BAR)
		screen_cell(s, BAR_LEN + 2, "");
	if (v->zoom_len)
		screen_cell(s, ROLE_WIDTH + 2, "");
	if (s->columns >= COLUMNS_FOR_MODULE) {
		screen_cell(s, screen_left(s) - MODULE_WIDTH, "function");
		screen_text(s, "module");
	} else {
		screen_text(s, "function");
	}
	screen_cell(s, screen_left(s), "");
}

static const char *role_text(enum live_role role)
{
	switch (role) {
	case LIVE_NO_CALLER:
	case LIVE_CALLER:
		return "called by";
	case LIVE_CALLEE:
		return "calls";
	case LIVE_ITSELF:
		return "itself";
	default:
		return "";
	}
}

static void put_name(const struct frame *f, size_t width, struct screen *s)
{
	char label[LABEL_LEN];

	(void)label_frame(f, label);
	if (screen_width(label) > width)
		label_drop_parameters(label);
	screen_cell(s, width, label);
}

static void put_function(const struct frame *f, struct screen *s)
{
	bool has_module = f->function[0] && f->module[0]; /* else it is in the name */

	if (s->columns < COLUMNS_FOR_MODULE) {
		put_name(f, screen_left(s), s);
		return;
	}
	put_name(f, screen_left(s) - MODULE_WIDTH - 1, s);
	screen_text(s, " ");
	screen_cell(s, screen_left(s), has_module ? f->module : "");
}

static void put_share(double pct, struct screen *s)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%5.1f %%  ", pct);
	screen_cell(s, 9, text);
}

static void put_row(const struct live_view *v, const struct live_row *row, struct screen *s)
{
	uint64_t all = profile_total_weight(v->profile);
	double total_pct = table_share_pct(row->total_weight, all);
	double first_pct = v->zoom_len ? table_share_pct(row->total_weight, v->rows.whole_weight)
				       : table_share_pct(row->self_weight, all);
	bool is_chosen = row == &v->rows.at[v->cursor.at];
	bool by_total = v->order == LIVE_BY_TOTAL && !v->zoom_len;

	screen_begin(s, is_chosen		  ? SCREEN_SELECTED
			: row->role == LIVE_FOCUS ? SCREEN_TITLE
						  : SCREEN_PLAIN);
	screen_text(s, is_chosen ? "> " : "  ");
	if (s->columns >= COLUMNS_FOR_SHARES) {
		put_share(first_pct, s);
		put_share(total_pct, s);
	}
	if (s->columns >= COLUMNS_FOR_BAR)
		screen_cell(s, BAR_LEN + 2, table_bar(by_total ? total_pct : first_pct, BAR_LEN));
	if (v->zoom_len)
		screen_cell(s, ROLE_WIDTH + 2, role_text(row->role));
	if (row->role == LIVE_NO_CALLER)
		screen_cell(s, screen_left(s), "[no known caller]");
	else if (row->role == LIVE_ITSELF)
		screen_cell(s, screen_left(s), "");
	else
		put_function(profile_frame(v->profile, row->frame), s);
}

static const char *nothing_text(const struct live_view *v)
{
	if (v->zoom_len)
		return "  It is in no stack any more.";
	if (v->filter[0] && v->rows.unfiltered_len)
		return "  No function has that in its name.";
	if (is_event(&v->meta, "off-cpu"))
		return "  No wait was seen yet.";
	return "  No sample was taken yet: the target does not run.";
}

static void put_table(struct live_view *v, size_t page, struct screen *s)
{
	size_t put = 0;

	list_cursor_scroll(&v->cursor, page, v->rows.len);
	if (!v->rows.len) {
		screen_line(s, SCREEN_FAINT, nothing_text(v));
		put++;
	}
	for (size_t i = v->cursor.top; i < v->rows.len && put < page; i++, put++)
		put_row(v, &v->rows.at[i], s);
	for (; put < page; put++)
		screen_begin(s, SCREEN_PLAIN);
}

/* --- all of it -------------------------------------------------------------------------------- */

static void put_help(struct screen *s)
{
	static const char *const lines[] = {
		"Keys",
		"",
		"  s t n          sort by own time, by time with what is called, by name",
		"  arrows j k     up and down; PgUp, PgDn; Home g, End G",
		"  Enter          the callers and callees of the function; again: of one of them",
		"  Backspace Esc  back, or without the filter",
		"  /              show only names and modules with what is typed",
		"  space          freeze the figures, go on",
		"  c              count anew from now",
		"  q              quit",
		"",
		"self is the function's own time, total with what it calls; both of all that was",
		"sampled. Around a function, of it is the share of its total.",
		"",
		"Any key goes back.",
	};

	screen_lines(s, lines, sizeof(lines) / sizeof(*lines));
}

static const char *keys_text(const struct live_view *v)
{
	if (v->is_typing)
		return "Enter keep  Esc without filter";
	if (v->zoom_len)
		return "q quit  Backspace back  Enter zoom  space freeze  ? help";
	return "q quit  s/t/n sort  Enter zoom  / filter  space freeze  c anew  ? help";
}

int live_screen_draw(struct live_view *v, size_t rows, size_t columns, struct screen *ret)
{
	int err = screen_start(ret, rows, columns);
	size_t keys = ret->rows >= ROWS_KEYS;

	if (err || !v->profile)
		return err;
	if (v->has_help) {
		put_help(ret);
		return 0;
	}
	if (ret->rows >= ROWS_TITLE)
		put_title(v, ret);
	if (ret->rows >= ROWS_COUNTS)
		put_counts(v, ret);
	if (ret->rows >= ROWS_MORE && has_waits(v))
		put_waits(v, ret);
	if (ret->rows >= ROWS_MORE && v->meta.note)
		screen_line(ret, SCREEN_FAINT, v->meta.note);
	if (ret->rows >= ROWS_LIST || v->is_typing)
		put_list(v, ret);
	if (ret->rows >= ROWS_HEAD)
		put_head(v, ret);
	if (ret->rows > ret->len + keys)
		put_table(v, ret->rows - ret->len - keys, ret);
	if (keys)
		screen_line(ret, SCREEN_FAINT, keys_text(v));
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * From the top: what is watched, how much of it there is, which list, the list or one of it in
 * full, the keys. A low screen has less of it, a narrow one fewer columns.
 */
#include "report/loop_screen.h"

#include "base/units.h"
#include "report/label.h"
#include "report/loop_report_parts.h"
#include "report/table_text.h"

#include <stdio.h>
#include <string.h>

#define BAR_LEN	 10
#define LINE_LEN 512
#define CELL	 11 /* a figure, and what parts it from the next */
#define WHEN	 14
#define WHAT	 24
#define WHO	 20

/* Screens that are narrower do without some columns. */
#define COLUMNS_FOR_ONE	   24
#define COLUMNS_FOR_SOME   70
#define COLUMNS_FOR_COST   100
#define COLUMNS_FOR_ALL	   110
#define COLUMNS_FOR_MEMORY 120

/* Rows that a screen must have for a line other than the table. */
enum { ROWS_HEAD = 3, ROWS_COUNTS = 4, ROWS_LISTS = 5, ROWS_KEYS = 7, ROWS_NOTE = 9 };

/* Right-aligned, and a gap. */
static void put_figure(struct screen *s, const char *text)
{
	char cell[LINE_LEN];

	(void)snprintf(cell, sizeof(cell), "%*s  ", CELL - 2, text);
	screen_cell(s, CELL, cell);
}

static void put_duration(struct screen *s, bool is_known, uint64_t ns)
{
	char text[UNITS_LEN];

	put_figure(s, is_known ? units_duration(ns, text) : "-");
}

static void put_count(struct screen *s, uint64_t count)
{
	char text[UNITS_LEN];

	put_figure(s, units_count(count, text));
}

static void put_share(struct screen *s, double pct)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%.1f %%", pct);
	put_figure(s, text);
}

/* --- above the list --------------------------------------------------------------------------- */

static void put_title(const struct loop_view *v, struct screen *s)
{
	const struct loops_meta *m = &v->value.meta;
	const char *state = v->is_frozen ? "FROZEN  " : v->has_ended ? "ENDED  " : "";
	char line[LINE_LEN], cost[64], threshold[UNITS_LEN], time[UNITS_LEN], rss[UNITS_LEN];
	size_t cost_width;

	(void)snprintf(line, sizeof(line), "%sloop-stall: %s, stalls from %s, %s", state, m->title,
		       units_duration(m->threshold_ns, threshold),
		       units_duration(m->duration_ns, time));
	(void)snprintf(cost, sizeof(cost), "  own cost %.1f %% of a CPU, %s", v->own_cpu_pct,
		       units_bytes(m->own_rss_bytes, rss));
	if (s->columns < COLUMNS_FOR_MEMORY)
		*strrchr(cost, ',') = '\0';
	cost_width = s->columns < COLUMNS_FOR_COST ? 0 : screen_width(cost);
	screen_begin(s, *state ? SCREEN_ALARM : SCREEN_TITLE);
	screen_cell(s, screen_left(s) - cost_width, line);
	screen_cell(s, cost_width, cost);
}

static void put_counts(const struct loop_view *v, struct screen *s)
{
	const struct loops *l = &v->value;
	const struct loops_meta *m = &l->meta;
	uint64_t stalls = 0, ns = 0, going_on = 0;
	char line[LINE_LEN], stacks[48] = "none", time[UNITS_LEN];

	for (size_t i = 0; i < l->loop_count; i++) {
		stalls += l->loops[i].total.stalls;
		ns += l->loops[i].total.stall_ns;
		going_on += l->loops[i].stuck_ns != 0;
	}
	if (stack_counts_total(&m->stacks))
		(void)snprintf(stacks, sizeof(stacks), "%.1f %% complete",
			       stack_counts_complete_pct(&m->stacks));
	(void)snprintf(
		line, sizeof(line),
		"%zu loop%s, %ju stall%s over (%s), %ju going on; lost %ju%s; stacks %s",
		l->loop_count, l->loop_count == 1 ? "" : "s", (uintmax_t)stalls,
		stalls == 1 ? "" : "s", units_duration(ns, time), (uintmax_t)going_on,
		(uintmax_t)(m->lost_events + m->lost_stacks + m->lost_loops + m->dropped_stalls),
		m->is_complete ? "" : " (INCOMPLETE)", stacks);
	screen_line(s, m->is_complete ? SCREEN_PLAIN : SCREEN_ALARM, line);
}

/* What holds a loop up this moment is what one looks at such a screen for. */
static void put_stuck(const struct loop_view *v, struct screen *s)
{
	const struct stall *longest = NULL;
	char name[LOOP_TEXT_LEN], text[LOOP_TEXT_LEN];
	size_t count = 0;

	for (size_t i = 0; i < v->value.stall_count; i++) {
		const struct stall *stall = &v->value.stalls[i];

		count += stall->is_going_on;
		if (stall->is_going_on && (!longest || stall->ns > longest->ns))
			longest = stall;
	}
	if (!longest)
		return;
	screen_begin(s, SCREEN_ALARM);
	screen_text(s, loop_name_text(&v->value.loops[longest->loop], name));
	screen_text(s, " ");
	screen_text(s, loop_length_text(&v->value, longest, text));
	if (count > 1) {
		(void)snprintf(text, sizeof(text), ", and %zu more", count - 1);
		screen_text(s, text);
	}
}

/* Which list this is, and by which keys the others come. */
static void put_lists(const struct loop_view *v, struct screen *s)
{
	static const char *const names[LOOP_LISTS] = {
		[LOOP_LIST_LOOPS] = "l loops by time busy",
		[LOOP_LIST_STALLS] = "s stalls, latest first",
		[LOOP_LIST_CULPRITS] = "c culprits by time",
	};

	screen_begin(s, SCREEN_PLAIN);
	for (int i = 0; i < LOOP_LISTS; i++) {
		bool is_shown = v->list == (enum loop_list)i;

		screen_text(s, is_shown ? "[" : " ");
		screen_text(s, names[i]);
		screen_text(s, is_shown ? "]  " : "   ");
	}
}

/* --- rows ------------------------------------------------------------------------------------- */

static bool is_going_on(const struct loop_view *v, const struct loop_row *row)
{
	if (v->list == LOOP_LIST_LOOPS)
		return v->value.loops[row->index].stuck_ns != 0;
	return v->list == LOOP_LIST_STALLS && v->value.stalls[row->index].is_going_on;
}

static void put_loop(const struct loop_view *v, size_t index, struct screen *s)
{
	const struct loop_info *info = &v->value.loops[index];
	const struct loop_times *now = &info->interval, *all = &info->total;
	const struct loop_percentile *p99 = &loop_percentiles[3];
	struct loop_hist busy;
	char name[LOOP_TEXT_LEN];

	loop_busy_hist(info, all, &busy);
	if (s->columns >= COLUMNS_FOR_ONE)
		put_share(s, 100 * loop_utilisation(now));
	if (s->columns >= COLUMNS_FOR_SOME) {
		put_count(s, now->window_ns ? now->iterations * 1000000000 / now->window_ns : 0);
		put_duration(s, busy.count, busy.max);
	}
	if (s->columns >= COLUMNS_FOR_ALL) {
		put_duration(s, all->hists[LOOP_HIST_GAP].count >= p99->needs,
			     loop_hist_lag_quantile(&busy, all->window_ns, p99->q));
		put_count(s, all->stalls);
		put_duration(s, true, all->stall_ns);
	}
	screen_text(s, loop_name_text(info, name));
	screen_text(s, info->is_ended ? " ended" : info->stuck_ns ? " stuck" : "");
}

/* What it was mostly about: the call that it slept in, or what took its time. */
static const char *about_text(const struct loops *l, const struct stall *stall,
			      char buf[LOOP_WAIT_LEN])
{
	enum stall_verdict verdict = loop_verdict(l, stall);
	char *colon;

	if (verdict == STALL_IN_SLEEP || verdict == STALL_IN_DISK || verdict == STALL_UNKNOWN)
		if (loop_wait_text(stall, buf)[0])
			return buf;
	(void)snprintf(buf, LOOP_WAIT_LEN, "%s", stall_verdict_texts[verdict]);
	colon = strchr(buf, ':'); /* ": not its own code": no function beside it says so */
	if (colon)
		*colon = 0;
	return buf;
}

static const char *function_text(const struct loops *l, const struct stall *stall,
				 char buf[LABEL_LEN])
{
	const struct stall_stack *stack = stall->stack_count ? &stall->stacks[0] : NULL;
	size_t own = stack ? loop_own_frame(stack->frames, stack->depth) : 0;

	if (!stack || own == stack->depth || (l->meta.has_split && !stall_is_own(stall)))
		return "-";
	return label_frame(&stack->frames[own], buf);
}

static void put_stall(const struct loop_view *v, size_t index, struct screen *s)
{
	const struct loops *l = &v->value;
	const struct stall *stall = &l->stalls[index];
	char time[LABEL_TIME_LEN], about[LOOP_WAIT_LEN], name[LOOP_TEXT_LEN], function[LABEL_LEN];

	if (s->columns >= COLUMNS_FOR_SOME)
		screen_cell(s, WHEN, label_clock(stall->time_ns, time));
	if (s->columns >= COLUMNS_FOR_ONE)
		put_duration(s, true, stall->ns);
	(void)about_text(l, stall, about);
	if (s->columns < COLUMNS_FOR_SOME) {
		screen_text(s, about);
		return;
	}
	screen_cell(s, WHAT - 1, about);
	screen_text(s, " ");
	if (s->columns < COLUMNS_FOR_ALL) {
		screen_text(s, function_text(l, stall, function));
		return;
	}
	screen_cell(s, screen_left(s) - WHO, function_text(l, stall, function));
	screen_text(s, " ");
	screen_text(s, loop_name_text(&l->loops[stall->loop], name));
}

/* The function of the program itself, and who called it. */
static void put_functions(const struct profile *p, const struct profile_stack *stack,
			  struct screen *s)
{
	struct frame frames[PROFILE_MAX_DEPTH];
	char label[LABEL_LEN];
	size_t own;

	for (size_t i = 0; i < stack->depth; i++)
		frames[i] = *profile_frame(p, stack->frames[i]);
	own = loop_own_frame(frames, stack->depth);
	for (size_t i = own; i < stack->depth && i < own + 2; i++) {
		screen_text(s, i == own ? "" : " < ");
		screen_text(s, label_frame(&frames[i], label));
	}
}

static void put_culprit(const struct loop_view *v, size_t index, struct screen *s)
{
	const struct profile_stack *stack = profile_stack(v->culprits, index);
	double pct = table_share_pct(stack->weight, profile_total_weight(v->culprits));

	if (s->columns >= COLUMNS_FOR_ONE)
		put_share(s, pct);
	if (s->columns >= COLUMNS_FOR_ALL)
		screen_cell(s, BAR_LEN + 2, table_bar(pct, BAR_LEN));
	if (s->columns >= COLUMNS_FOR_SOME) {
		put_duration(s, true, stack->weight);
		put_count(s, stack->count);
		screen_cell(s, WHO - 1, stack->state == PROFILE_ON_CPU ? "running" : stack->wait);
		screen_text(s, " ");
	}
	put_functions(v->culprits, stack, s);
}

static void put_row(const struct loop_view *v, size_t i, struct screen *s)
{
	const struct loop_row *row = &v->rows.at[i];
	bool is_chosen = i == v->cursor.at;

	screen_begin(s, is_chosen	      ? SCREEN_SELECTED
			: is_going_on(v, row) ? SCREEN_ALARM
					      : SCREEN_PLAIN);
	screen_text(s, is_chosen ? "> " : "  ");
	if (v->list == LOOP_LIST_LOOPS)
		put_loop(v, row->index, s);
	else if (v->list == LOOP_LIST_STALLS)
		put_stall(v, row->index, s);
	else
		put_culprit(v, row->index, s);
	if (is_chosen)
		screen_cell(s, screen_left(s), "");
}

/* --- the list --------------------------------------------------------------------------------- */

/* @titles: as many as there are columns of that width; NULL ends them. */
static void put_titles(struct screen *s, const char *const *titles)
{
	for (; *titles; titles++)
		put_figure(s, *titles);
}

static void put_head(const struct loop_view *v, struct screen *s)
{
	bool has_one = s->columns >= COLUMNS_FOR_ONE, has_some = s->columns >= COLUMNS_FOR_SOME;
	bool has_all = s->columns >= COLUMNS_FOR_ALL;

	screen_begin(s, SCREEN_HEAD);
	screen_text(s, "  ");
	if (v->list == LOOP_LIST_LOOPS) {
		put_titles(s,
			   (const char *[]){ has_one ? "busy" : NULL, has_some ? "a second" : NULL,
					     "longest", has_all ? "lag p99" : NULL, "stalls",
					     "stalled", NULL });
		screen_text(s, "loop");
	} else if (v->list == LOOP_LIST_STALLS) {
		screen_cell(s, has_some ? WHEN : 0, "from (UTC)");
		put_titles(s, (const char *[]){ has_one ? "length" : NULL, NULL });
		screen_cell(s, has_some ? WHAT : screen_left(s), "mostly");
		screen_cell(s, screen_left(s) - (has_all ? WHO : 0), "in");
		screen_text(s, has_all ? " loop" : "");
	} else {
		put_titles(s, (const char *[]){ has_one ? "share" : NULL, NULL });
		screen_cell(s, has_all ? BAR_LEN + 2 : 0, "");
		put_titles(s, (const char *[]){ has_some ? "time" : NULL, "stalls", NULL });
		screen_cell(s, has_some ? WHAT : 0, "how");
		screen_text(s, "function < its caller");
	}
	screen_cell(s, screen_left(s), "");
}

static const char *nothing_text(const struct loop_view *v)
{
	static const char *const texts[LOOP_LISTS] = {
		[LOOP_LIST_LOOPS] =
			"  No event loop was seen yet: an idle one may wait for minutes.",
		[LOOP_LIST_STALLS] = "  No stall yet.",
		[LOOP_LIST_CULPRITS] = "  No stack was seen in a stall yet.",
	};

	return texts[v->list];
}

static void put_list(struct loop_view *v, size_t page, struct screen *s)
{
	size_t put = 0;

	list_cursor_scroll(&v->cursor, page, v->rows.len);
	if (!v->rows.len) {
		screen_line(s, SCREEN_FAINT, nothing_text(v));
		put++;
	}
	for (size_t i = v->cursor.top; i < v->rows.len && put < page; i++, put++)
		put_row(v, i, s);
	for (; put < page; put++)
		screen_begin(s, SCREEN_PLAIN);
}

/* The text of one row, from the line that was scrolled to. */
static void put_text(struct loop_view *v, size_t page, struct screen *s)
{
	const char *at = v->text ? v->text : "";
	char line[LINE_LEN];

	loop_view_page(v, page);
	for (size_t i = 0; i < v->line.at + page; i++) {
		size_t len = strcspn(at, "\n");

		if (i >= v->line.at) {
			(void)snprintf(line, sizeof(line), "%.*s", (int)len, at);
			screen_line(s, SCREEN_PLAIN, line);
		}
		at += len + (at[len] == '\n');
	}
}

/* --- all of it -------------------------------------------------------------------------------- */

static void put_help(struct screen *s)
{
	static const char *const lines[] = {
		"Keys",
		"",
		"  l s c Tab      loops, stalls, culprits; the next of them",
		"  arrows j k     up and down; PgUp, PgDn; Home g, End G",
		"  Enter          all that is known of the chosen one: figures, division, stacks",
		"  Backspace Esc  back to the list",
		"  space          freeze the figures, go on",
		"  q              quit",
		"",
		"busy is the share of time not asleep, a second iterations: both since the last",
		"figures. longest, lag p99 (what an arrival at any time meets), stalls, stalled:",
		"since the start, a stall that goes on in longest and lag.",
		"",
		"Any key goes back.",
	};

	screen_lines(s, lines, sizeof(lines) / sizeof(*lines));
}

int loop_screen_draw(struct loop_view *v, size_t rows, size_t columns, struct screen *ret)
{
	int err = screen_start(ret, rows, columns);
	size_t keys = ret->rows >= ROWS_KEYS;

	if (err || !v->value.meta.title)
		return err;
	if (v->has_help) {
		put_help(ret);
		return 0;
	}
	put_title(v, ret);
	if (ret->rows >= ROWS_COUNTS)
		put_counts(v, ret);
	if (ret->rows >= ROWS_NOTE)
		put_stuck(v, ret);
	if (ret->rows >= ROWS_NOTE && v->value.meta.note)
		screen_line(ret, SCREEN_FAINT, v->value.meta.note);
	if (ret->rows >= ROWS_LISTS)
		put_lists(v, ret);
	if (ret->rows >= ROWS_HEAD && !v->open)
		put_head(v, ret);
	if (ret->rows > ret->len + keys && v->open)
		put_text(v, ret->rows - ret->len - keys, ret);
	else if (ret->rows > ret->len + keys)
		put_list(v, ret->rows - ret->len - keys, ret);
	if (keys)
		screen_line(ret, SCREEN_FAINT,
			    v->open ? "q quit  Backspace back  space freeze  ? help"
				    : "q quit  l/s/c lists  Enter details  space freeze  ? help");
	return 0;
}

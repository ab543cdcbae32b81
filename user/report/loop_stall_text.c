// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One stall as people read it: a line of sums, broken where it gets too wide, a verdict, a stack.
 */
#include "base/units.h"
#include "report/frames_text.h"
#include "report/label.h"
#include "report/loop_report.h"
#include "report/loop_report_parts.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#define LINE_WIDTH   100
#define INDENT	     4
#define FRAMES_SHOWN 12 /* of a stall that is told of */
#define NAME_MAX     24 /* of a thread */
#define WAIT_MAX     32
#define FILE_MAX     36

/* --- lines that break ------------------------------------------------------------------------- */

struct line {
	FILE *out;
	size_t used;
};

/* A piece begins with a blank, or with what ends the one before. */
__attribute__((format(printf, 2, 3))) static void put(struct line *line, const char *format, ...)
{
	char piece[3 * LOOP_TEXT_LEN];
	const char *text = piece;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(piece, sizeof(piece), format, args);
	va_end(args);
	if (line->used > INDENT && line->used + strlen(piece) >= LINE_WIDTH) {
		if (*text == ';' || *text == ':')
			(void)fputc(*text++, line->out);
		(void)fprintf(line->out, "\n%*s", INDENT, "");
		line->used = INDENT;
		text += *text == ' ';
	}
	line->used += strlen(text);
	(void)fputs(text, line->out);
}

/* --- words ------------------------------------------------------------------------------------ */

char *loop_name_text(const struct loop_info *info, char buf[LOOP_TEXT_LEN])
{
	char name[LABEL_LEN];

	(void)snprintf(buf, LOOP_TEXT_LEN, "%s (TID %d)",
		       label_shorten(info->thread[0] ? info->thread : "?", NAME_MAX, name),
		       (int)info->tid);
	return buf;
}

char *loop_wait_text(const struct stall *s, char buf[LOOP_WAIT_LEN])
{
	char wait[LABEL_LEN], file[LABEL_LEN];
	bool has_wait = s->longest_ns && s->longest_wait && s->longest_wait[0];
	bool has_file = has_wait && s->longest_file && s->longest_file[0];

	buf[0] = 0;
	if (has_wait)
		(void)snprintf(buf, LOOP_WAIT_LEN, "%s%s%s",
			       label_shorten(s->longest_wait, WAIT_MAX, wait),
			       has_file ? " on " : "",
			       has_file ? label_shorten(s->longest_file, FILE_MAX, file) : "");
	return buf;
}

/* Is it what it waited for longest that the stall is about? */
static bool is_asleep(enum stall_verdict verdict)
{
	return verdict == STALL_IN_DISK || verdict == STALL_IN_SLEEP || verdict == STALL_IN_CHILD ||
	       verdict == STALL_IN_FAULTS || verdict == STALL_UNKNOWN;
}

/* 857 and 9 of a long stall, 25.8 and 0.1 of a short one. */
static const char *ms_text(const struct stall *s, uint64_t ns, char buf[UNITS_LEN])
{
	(void)snprintf(buf, UNITS_LEN, "%.*f", s->ns < 100000000 ? 1 : 0, (double)ns / 1e6);
	return buf;
}

char *loop_length_text(const struct loops *l, const struct stall *s, char buf[LOOP_TEXT_LEN])
{
	const char *at_least = s->is_at_least ? "at least " : "";
	enum stall_verdict verdict = loop_verdict(l, s);
	char text[UNITS_LEN], wait[LOOP_WAIT_LEN];

	if (!s->is_going_on)
		(void)snprintf(buf, LOOP_TEXT_LEN, "%s%s ms", at_least, ms_text(s, s->ns, text));
	else if (is_asleep(verdict) && loop_wait_text(s, wait)[0])
		(void)snprintf(buf, LOOP_TEXT_LEN, "stuck for %s%s in %s", at_least,
			       units_duration(s->ns, text), wait);
	else if (verdict != STALL_UNKNOWN)
		(void)snprintf(buf, LOOP_TEXT_LEN, "stuck for %s%s, %s", at_least,
			       units_duration(s->ns, text), stall_verdict_texts[verdict]);
	else
		(void)snprintf(buf, LOOP_TEXT_LEN, "stuck for %s%s", at_least,
			       units_duration(s->ns, text));
	return buf;
}

/* --- the line --------------------------------------------------------------------------------- */

static void put_division(struct line *line, const struct stall *s)
{
	uint64_t queue_ns = s->part_ns[LOOP_RUN_QUEUE], throttled_ns = s->part_ns[LOOP_THROTTLED];
	uint64_t least_ns = s->ns < 100000000 ? 50000 : 500000; /* what does not read 0 */
	char a[UNITS_LEN], b[UNITS_LEN];

	put(line, " = running %s", ms_text(s, s->part_ns[LOOP_RUNNING], a));
	put(line, " + CPU wait %s (throttled %s)", ms_text(s, queue_ns + throttled_ns, a),
	    ms_text(s, throttled_ns, b));
	for (enum loop_part part = LOOP_THROTTLED + 1; part < LOOP_PARTS; part++)
		if (s->part_ns[part] >= least_ns)
			put(line, " + %s %s", loop_part_texts[part],
			    ms_text(s, s->part_ns[part], a));
}

static uint64_t samples_of(const struct stall *s)
{
	uint64_t count = 0;

	for (size_t i = 0; i < s->stack_count; i++)
		count += s->stacks[i].wait[0] ? 0 : s->stacks[i].count;
	return count;
}

static void put_counts(struct line *line, const struct stall *s)
{
	uint64_t samples = samples_of(s);

	if (s->maj_faults)
		put(line, "; faults %ju (%ju major)", (uintmax_t)(s->min_faults + s->maj_faults),
		    (uintmax_t)s->maj_faults);
	else if (s->min_faults)
		put(line, "; faults %ju", (uintmax_t)s->min_faults);
	if (samples)
		put(line, "; %ju sample%s", (uintmax_t)samples, samples == 1 ? "" : "s");
}

static void put_verdict(const struct loops *l, const struct stall *s, FILE *out)
{
	struct line line = { out, INDENT };
	char text[UNITS_LEN], wait[LOOP_WAIT_LEN];

	(void)fprintf(out, "%*s", INDENT, "");
	put(&line, "%s", stall_verdict_texts[loop_verdict(l, s)]);
	if (s->longest_ns >= 1000000 && loop_wait_text(s, wait)[0])
		put(&line, "; longest asleep %s ms in %s", ms_text(s, s->longest_ns, text), wait);
	if (s->steal_pct)
		put(&line, "; its host took %ju %% of the machine meanwhile",
		    (uintmax_t)s->steal_pct);
	(void)fputc('\n', out);
}

void loop_put_stall(const struct loops *l, const struct stall *s, FILE *out)
{
	const struct loop_info *info = &l->loops[s->loop];
	struct line line = { out, 0 };
	char time[LABEL_TIME_LEN], name[LABEL_LEN], text[LOOP_TEXT_LEN];

	if (l->loop_count > 1)
		(void)loop_name_text(info, text);
	else
		(void)snprintf(text, sizeof(text), "%s",
			       label_shorten(info->thread[0] ? info->thread : "?", NAME_MAX, name));
	put(&line, "%s %s", label_clock(s->time_ns, time), text);
	if (info->fd >= 0)
		put(&line, " fd %d", info->fd);
	put(&line, ": %s", loop_length_text(l, s, text));
	if (l->meta.has_split)
		put_division(&line, s);
	put_counts(&line, s);
	(void)fputc('\n', out);
	put_verdict(l, s, out);
}

/* --- its stack -------------------------------------------------------------------------------- */

/* The innermost frames of user mode, if it has some: what it waits in is said, the rest is for the
 * report. */
static void put_innermost(const struct stall_stack *stack, FILE *out)
{
	size_t first = loop_user_frame(stack->frames, stack->depth), shown;

	if (first == stack->depth)
		first = 0;
	shown = stack->depth - first;
	if (shown <= FRAMES_SHOWN) {
		frames_text(stack->frames + first, shown, stack->cut, out);
		return;
	}
	frames_text(stack->frames + first, FRAMES_SHOWN, NULL, out);
	(void)fprintf(out, "%*s... and %zu callers\n", INDENT + 2, "", shown - FRAMES_SHOWN);
}

static void put_stack_title(const struct stall *s, const struct stall_stack *stack, FILE *out)
{
	char text[UNITS_LEN], wait[LABEL_LEN];

	(void)fprintf(out, "%*s%s ms", INDENT, "", ms_text(s, stack->ns, text));
	if (stack->wait[0])
		(void)fprintf(out, " in %s (%s):\n", label_shorten(stack->wait, WAIT_MAX, wait),
			      loop_part_texts[stack->part]);
	else
		(void)fprintf(out, " %s, %ju sample%s:\n", loop_part_texts[stack->part],
			      (uintmax_t)stack->count, stack->count == 1 ? "" : "s");
}

static bool is_blamed(const struct loops *l, const struct stall *s)
{
	return !l->meta.has_split || stall_is_own(s);
}

void loop_put_stall_stack(const struct loops *l, const struct stall *s, FILE *out)
{
	if (!s->stack_count || !is_blamed(l, s))
		return;
	put_stack_title(s, &s->stacks[0], out);
	put_innermost(&s->stacks[0], out);
}

void loop_put_stall_stacks(const struct loops *l, const struct stall *s, FILE *out)
{
	for (size_t i = 0; i < s->stack_count && is_blamed(l, s); i++) {
		put_stack_title(s, &s->stacks[i], out);
		frames_text(s->stacks[i].frames, s->stacks[i].depth, s->stacks[i].cut, out);
	}
}

int loop_report_stall(const struct loops *l, const struct stall *s, FILE *out)
{
	loop_put_stall(l, s, out);
	loop_put_stall_stack(l, s, out);
	return fflush(out) || ferror(out) ? -EIO : 0;
}

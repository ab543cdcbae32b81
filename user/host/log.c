// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Lines on stderr: formatted, cut at newlines, cleaned, prefixed. */
#include "host/log.h"

#include "base/scope.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_LINE_MAX  4096
#define LOG_HELD_SIZE (32 << 10)

/* The one global: libbpf's print hook takes no context. */
static struct {
	const char *tool;
	enum log_level level;
	FILE *held;			   /* NULL: lines are said at once */
	char held_text[LOG_HELD_SIZE + 1]; /* what fills it ends all the same */
} log_state = { .tool = "bpf-vitals", .level = LOG_WARN };

void log_init(const char *tool, enum log_level level)
{
	log_state.tool = tool;
	log_state.level = level;
}

enum log_level log_level(void)
{
	return log_state.level;
}

const char *log_tool(void)
{
	return log_state.tool;
}

static FILE *log_out(void)
{
	return log_state.held ? log_state.held : stderr;
}

void log_hold(void)
{
	if (log_state.held)
		return;
	log_state.held_text[0] = '\0';
	log_state.held = fmemopen(log_state.held_text, LOG_HELD_SIZE, "w");
}

void log_release(void)
{
	FILE *held = log_state.held;

	if (!held)
		return;
	log_state.held = NULL;
	(void)fclose(held); /* the rest of what does not fit is lost with it */
	(void)fputs(log_state.held_text, stderr);
}

/* "tool: <one line of @text>", for each line that is not empty. */
static void print_lines(const char *text, const char *suffix)
{
	while (*text) {
		char line[LOG_LINE_MAX];
		size_t len = strcspn(text, "\n");

		(void)text_clean(text, len, line, sizeof(line));
		if (len > 0)
			(void)fprintf(log_out(), "%s: %s%s\n", log_state.tool, line, suffix);
		text += len + (text[len] == '\n');
	}
}

/* NULL when out of memory: the bare format says more than nothing then. */
__attribute__((format(printf, 1, 0))) static char *format_text(const char *format, va_list args)
{
	char *text = NULL;

	return vasprintf(&text, format, args) < 0 ? NULL : text;
}

void log_vline(enum log_level level, const char *format, va_list args)
{
	_release_(freep) char *text = NULL;

	if (level > log_state.level)
		return;
	text = format_text(format, args);
	print_lines(text ? text : format, "");
}

void log_line(enum log_level level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_vline(level, format, args);
	va_end(args);
}

int log_errno(int err, const char *format, ...)
{
	_release_(freep) char *text = NULL;
	char why[256];
	va_list args;

	va_start(args, format);
	text = format_text(format, args);
	va_end(args);
	(void)snprintf(why, sizeof(why), ": %s", strerror(-err));
	print_lines(text ? text : format, why);
	return err;
}

void log_hint(const char *format, ...)
{
	_release_(freep) char *text = NULL;
	char line[LOG_LINE_MAX];
	va_list args;

	va_start(args, format);
	text = format_text(format, args);
	va_end(args);
	(void)text_clean(text ? text : format, SIZE_MAX, line, sizeof(line));
	(void)fprintf(log_out(), "  hint: %s\n", line);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Labels of frames and times, cut at the borders of characters. */
#include "report/label.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

char *label_frame(const struct frame *f, char buf[LABEL_LEN])
{
	if (f->function[0])
		(void)snprintf(buf, LABEL_LEN, "%s", f->function);
	else if (!f->module[0])
		(void)snprintf(buf, LABEL_LEN, "[unknown]");
	else if (f->module[0] == '[') /* "[jit]" */
		(void)snprintf(buf, LABEL_LEN, "%s+0x%jx", f->module, (uintmax_t)f->offset);
	else
		(void)snprintf(buf, LABEL_LEN, "[%s]+0x%jx", f->module, (uintmax_t)f->offset);
	return buf;
}

char *label_time(uint64_t realtime_ns, char buf[LABEL_TIME_LEN])
{
	time_t seconds = (time_t)(realtime_ns / 1000000000);
	struct tm tm;

	buf[0] = 0;
	if (gmtime_r(&seconds, &tm))
		(void)strftime(buf, LABEL_TIME_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return buf;
}

char *label_clock(uint64_t realtime_ns, char buf[LABEL_TIME_LEN])
{
	unsigned int ms = (unsigned int)(realtime_ns / 1000000 % 86400000);

	(void)snprintf(buf, LABEL_TIME_LEN, "%02u:%02u:%02u.%03u", ms / 3600000, ms / 60000 % 60,
		       ms / 1000 % 60, ms % 1000);
	return buf;
}

char *label_time_ms(uint64_t realtime_ns, char buf[LABEL_TIME_LEN])
{
	char clock[LABEL_TIME_LEN];
	size_t date = strcspn(label_time(realtime_ns, buf), "T");

	(void)snprintf(buf + date, LABEL_TIME_LEN - date, "T%sZ", label_clock(realtime_ns, clock));
	return buf;
}

/* Is @at in the middle of a UTF-8 character? */
static bool is_inside_char(const char *at)
{
	return ((unsigned char)*at & 0xc0) == 0x80;
}

char *label_shorten(const char *text, size_t max, char buf[LABEL_LEN])
{
	size_t len = strlen(text), head, tail;

	if (len <= max) {
		(void)snprintf(buf, LABEL_LEN, "%s", text);
		return buf;
	}
	head = (max - 3) / 2;
	tail = max - 3 - head;
	while (head && is_inside_char(text + head))
		head--;
	while (tail && is_inside_char(text + len - tail))
		tail--;
	(void)snprintf(buf, LABEL_LEN, "%.*s...%s", (int)head, text, text + len - tail);
	return buf;
}

/* " :4294967295" and the end */
#define PLACE_REST 13

char *label_graph(const struct frame *f, char buf[LABEL_LEN])
{
	size_t len = strlen(label_frame(f, buf));
	char file[LABEL_LEN], place[LABEL_LEN + PLACE_REST];

	if (f->kind != FRAME_JIT || !f->file[0] || len + PLACE_REST + 3 >= LABEL_LEN)
		return buf;
	(void)label_shorten(f->file, LABEL_LEN - len - PLACE_REST, file);
	if (f->line)
		(void)snprintf(place, sizeof(place), " %s:%u", file, f->line);
	else
		(void)snprintf(place, sizeof(place), " %s", file);
	memcpy(buf + len, place, strlen(place) + 1); /* it fits */
	return buf;
}

void label_drop_parameters(char *name)
{
	char *close = strrchr(name, ')'), *open = close;
	size_t depth = 0;

	for (; open && open > name; open--) {
		depth += *open == ')';
		depth -= *open == '(';
		if (!depth)
			break;
	}
	if (!open || open == name || close - open < 5)
		return;
	memset(open + 1, '.', 3);
	memmove(open + 4, close, strlen(close) + 1);
}

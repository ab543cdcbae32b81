/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A profile of a server, and a live view of it whose keys are pressed and whose lines are read. */
#ifndef TESTS_UNIT_LIVE_FIXTURE_H
#define TESTS_UNIT_LIVE_FIXTURE_H

#include "report/live_screen.h"

#include "base/scope.h"
#include "screen_check.h"
#include "tap.h"

#include <locale.h>
#include <stdint.h>

static const struct frame frame_hash = { .function = "hash", .module = "crypto.so", .file = "" };
static const struct frame frame_parse = { .function = "parse", .module = "server", .file = "" };
static const struct frame frame_retry = { .function = "retry", .module = "server", .file = "" };
static const struct frame frame_handle = { .function = "handle", .module = "server", .file = "" };
static const struct frame frame_main = { .function = "main", .module = "server", .file = "" };

static inline int add(struct profile *p, const struct frame *const *frames, size_t depth,
		      uint64_t weight)
{
	struct frame at[8];
	struct profile_sample s = { .pid = 1,
				    .process = "p",
				    .thread = "",
				    .wait = "",
				    .frames = at,
				    .depth = depth,
				    .count = weight,
				    .weight = weight };

	for (size_t i = 0; i < depth; i++)
		at[i] = *frames[i];
	return profile_add(p, &s);
}

#define ADD(p, weight, ...)                                                                        \
	({                                                                                         \
		const struct frame *const frames_[] = { __VA_ARGS__ };                             \
		add(p, frames_, sizeof(frames_) / sizeof(frames_[0]), weight);                     \
	})

/* self: hash 50, parse 30, handle 15, main 5; total: main 100, handle 95, retry 10 */
static inline struct profile *requests(void)
{
	struct profile *p = profile_new();

	if (p && !ADD(p, 40, &frame_hash, &frame_handle, &frame_main) &&
	    !ADD(p, 10, &frame_hash, &frame_retry, &frame_handle, &frame_main) &&
	    !ADD(p, 30, &frame_parse, &frame_handle, &frame_main) &&
	    !ADD(p, 15, &frame_handle, &frame_main) && !ADD(p, 5, &frame_main) &&
	    !profile_finish(p))
		return p;
	profile_free(p);
	return NULL;
}

static const struct profile_meta meta = {
	.version = "0",
	.event = "cpu-clock",
	.title = "server (PID 7)",
	.duration_ns = 2000000000,
	.frequency_hz = 99,
	.is_complete = true,
	.stacks = { .ended = { [STACK_COMPLETE] = 99, [STACK_NO_TABLE] = 1 } },
	.own_rss_bytes = 4096,
	.own_cpu_ns = 50000000,
};

static inline void take(struct live_view *v, struct profile *p, const struct profile_meta *m)
{
	must(p && !live_view_take(v, p, m));
}

static inline enum live_answer press(struct live_view *v, int key)
{
	enum live_answer answer = LIVE_NOTHING;

	must(!live_view_key(v, key, &answer));
	return answer;
}

static inline void type(struct live_view *v, const char *text)
{
	for (; *text; text++)
		(void)press(v, *text);
}

/* --- what is on it ---------------------------------------------------------------------------- */

static inline void draw(struct live_view *v, size_t rows, size_t columns)
{
	must(!live_screen_draw(v, rows, columns, &screen));
}

/* The names of the rows, in their order: "hash parse >handle". */
static inline const char *names(struct live_view *v)
{
	static char text[512];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < v->rows.len; i++) {
		const struct live_row *row = &v->rows.at[i];
		const char *name = row->role == LIVE_NO_CALLER ? "[none]"
				   : row->role == LIVE_ITSELF
					   ? "[itself]"
					   : profile_frame(v->profile, row->frame)->function;

		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s%s", i ? " " : "",
					i == v->cursor.at ? ">" : "", name);
	}
	return text;
}

#endif

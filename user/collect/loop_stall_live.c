// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The loop's ticks and the terminal's keys go to the view, and what it then is to the terminal. */
#include "collect/loop_stall_live.h"

#include "collect/loop_stall_state.h"
#include "host/log.h"
#include "host/terminal.h"
#include "report/loop_screen.h"

#include <errno.h>

/* After a value that took a second of CPU come so many without: a bound on what watching costs. */
#define REST_PER_WORK 19

struct loop_stall_live {
	struct loop_stall *stalls;
	struct terminal *terminal;
	struct loop_view view;
	struct screen screen;
	uint64_t due_ns; /* no value before that */
};

static int redraw(void *ctx)
{
	struct loop_stall_live *l = ctx;
	size_t rows, columns;
	int err;

	terminal_size(l->terminal, &rows, &columns);
	err = loop_screen_draw(&l->view, rows, columns, &l->screen);
	if (err)
		return log_errno(err, "cannot draw the screen");
	terminal_show(l->terminal, &l->screen);
	return 0;
}

static int refresh(struct loop_stall_live *l)
{
	uint64_t began_ns = clock_process_cpu_ns();
	struct loops value;
	int err = loop_stall_take(l->stalls, true, &value);

	if (err)
		return err;
	err = loop_view_take(&l->view, &value);
	if (err)
		return log_errno(err, "cannot take figures");
	err = redraw(l);
	l->due_ns = clock_monotonic_ns() + (clock_process_cpu_ns() - began_ns) * REST_PER_WORK;
	return err;
}

/* The figures then no longer change. */
static int end(struct loop_stall_live *l)
{
	loop_stall_stop(l->stalls);
	l->view.has_ended = true;
	return l->view.is_frozen ? redraw(l) : refresh(l);
}

static int on_tick(void *ctx)
{
	struct loop_stall_live *l = ctx;

	if (l->view.has_ended)
		return 0;
	if (!processes_running(&l->stalls->processes))
		return end(l);
	return l->view.is_frozen || clock_monotonic_ns() < l->due_ns ? 0 : refresh(l);
}

static int on_key(void *ctx, int key)
{
	struct loop_stall_live *l = ctx;
	enum loop_answer answer;
	int err = loop_view_key(&l->view, key, &answer);

	if (err)
		return log_errno(err, "cannot draw the screen");
	switch (answer) {
	case LOOP_NOTHING:
		return 0;
	case LOOP_CHANGED:
		return redraw(l);
	case LOOP_REFRESH:
		return refresh(l);
	case LOOP_QUIT:
		return 1;
	}
	return 0;
}

static int start(struct loop_stall_live *l, struct loop *loop, uint64_t interval_ns)
{
	const struct terminal_events events = { .on_key = on_key, .on_redraw = redraw, .ctx = l };
	int err = terminal_open(loop, &events, &l->terminal);

	if (err)
		return err;
	err = loop_every(loop, interval_ns, on_tick, l);
	return err ? log_errno(err, "cannot start") : refresh(l);
}

int loop_stall_live_open(struct loop_stall *c, struct loop *loop, uint64_t interval_ns,
			 struct loop_stall_live **ret)
{
	struct loop_stall_live *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return log_errno(-ENOMEM, "cannot start");
	l->stalls = c;
	err = start(l, loop, interval_ns);
	if (err)
		loop_stall_live_free(l);
	else
		*ret = l;
	return err;
}

void loop_stall_live_free(struct loop_stall_live *l)
{
	if (!l)
		return;
	terminal_free(l->terminal);
	loop_view_done(&l->view);
	screen_done(&l->screen);
	free(l);
}

void loop_stall_live_freep(struct loop_stall_live **l)
{
	loop_stall_live_free(*l);
}

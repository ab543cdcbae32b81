// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The loop's ticks and the terminal's keys go to the view, and what it then is to the terminal. */
#include "collect/cpu_sample_live.h"

#include "collect/cpu_sample_state.h"
#include "host/log.h"
#include "host/terminal.h"
#include "report/live_screen.h"

#include <errno.h>

/* After figures that took a second to make come so many without: a bound on what watching costs. */
#define REST_PER_WORK 19

struct cpu_sample_live {
	struct cpu_sample *sample;
	struct terminal *terminal;
	struct live_view view;
	struct screen screen;
	bool is_anew;	 /* what was counted before a key is left out */
	uint64_t due_ns; /* no figures before that */
};

static int redraw(void *ctx)
{
	struct cpu_sample_live *l = ctx;
	size_t rows, columns;
	int err;

	terminal_size(l->terminal, &rows, &columns);
	err = live_screen_draw(&l->view, rows, columns, &l->screen);
	if (err)
		return log_errno(err, "cannot draw the screen");
	terminal_show(l->terminal, &l->screen);
	return 0;
}

static int refresh(struct cpu_sample_live *l)
{
	uint64_t began_ns = clock_monotonic_ns(), ended_ns;
	struct profile *profile = NULL;
	struct profile_meta meta;
	int err = cpu_sample_profile(l->sample, l->is_anew, &meta, &profile);

	if (err)
		return err;
	meta.own_cpu_ns += clock_children_cpu_ns(); /* names are looked up in a child */
	err = live_view_take(&l->view, profile, &meta);
	if (err)
		return log_errno(err, "cannot draw the screen");
	err = redraw(l);
	ended_ns = clock_monotonic_ns();
	l->due_ns = ended_ns + (ended_ns - began_ns) * REST_PER_WORK;
	return err;
}

/* The figures then no longer change. */
static int end(struct cpu_sample_live *l)
{
	cpu_sample_stop(l->sample);
	l->view.has_ended = true;
	return l->view.is_frozen ? redraw(l) : refresh(l);
}

static int on_tick(void *ctx)
{
	struct cpu_sample_live *l = ctx;

	if (l->view.has_ended)
		return 0;
	if (!l->sample->options->is_system_wide && !cpu_sample_running(l->sample))
		return end(l);
	return l->view.is_frozen || clock_monotonic_ns() < l->due_ns ? 0 : refresh(l);
}

static int on_key(void *ctx, int key)
{
	struct cpu_sample_live *l = ctx;
	enum live_answer answer;
	int err = live_view_key(&l->view, key, &answer);

	if (err)
		return log_errno(err, "cannot draw the screen");
	switch (answer) {
	case LIVE_NOTHING:
		return 0;
	case LIVE_CHANGED:
		return redraw(l);
	case LIVE_REFRESH:
		return refresh(l);
	case LIVE_ANEW:
		l->is_anew = true;
		err = cpu_sample_mark(l->sample);
		return err ? err : refresh(l);
	case LIVE_QUIT:
		return 1;
	}
	return 0;
}

static int start(struct cpu_sample_live *l, struct loop *loop, uint64_t interval_ns)
{
	const struct terminal_events events = { .on_key = on_key, .on_redraw = redraw, .ctx = l };
	int err = terminal_open(loop, &events, &l->terminal);

	if (err == -EOPNOTSUPP) {
		log_error("--live: this terminal cannot be drawn on");
		log_hint("TERM=%s; without --live the report is text", getenv("TERM") ?: "");
		return err;
	}
	if (err)
		return log_errno(err, "--live: cannot use the terminal");
	err = loop_every(loop, interval_ns, on_tick, l);
	return err ? log_errno(err, "cannot start") : refresh(l);
}

int cpu_sample_live_open(struct cpu_sample *c, struct loop *loop, uint64_t interval_ns,
			 struct cpu_sample_live **ret)
{
	struct cpu_sample_live *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return log_errno(-ENOMEM, "cannot start");
	l->sample = c;
	live_view_init(&l->view,
		       c->options->mode == CPU_SAMPLE_OFF_CPU ? LIVE_BY_TOTAL : LIVE_BY_SELF);
	err = start(l, loop, interval_ns);
	if (err)
		cpu_sample_live_free(l);
	else
		*ret = l;
	return err;
}

void cpu_sample_live_free(struct cpu_sample_live *l)
{
	if (!l)
		return;
	terminal_free(l->terminal);
	live_view_done(&l->view);
	screen_done(&l->screen);
	free(l);
}

void cpu_sample_live_freep(struct cpu_sample_live **l)
{
	cpu_sample_live_free(*l);
}

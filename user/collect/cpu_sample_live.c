// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The loop's ticks and the terminal's keys go to the view, and what it then is to the terminal. */
#include "collect/cpu_sample_live.h"

#include "collect/cpu_sample_state.h"
#include "host/log.h"
#include "host/terminal.h"
#include "report/live_screen.h"

#include <errno.h>

/*
 * After figures that took a second of CPU come so many without: a bound on what watching costs. All
 * of a large profile is dear, what is new in it is not, so there are two kinds with a rest each.
 */
#define REST_PER_WORK 19

struct cpu_sample_live {
	struct cpu_sample *sample;
	struct terminal *terminal;
	struct live_view view;
	struct screen screen;
	struct sample_list base;     /* what was counted before a key and is left out */
	uint64_t base_ns;	     /* when; the start without one */
	struct sample_list seen;     /* what the profile that is shown has */
	uint64_t due_ns, all_due_ns; /* no figures before that; not all of them */
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

/* Names are looked up in a child. */
static uint64_t cpu_ns(void)
{
	return clock_process_cpu_ns() + clock_children_cpu_ns();
}

/* What is new goes to the profile that is shown, or all to another one. 0 or -errno. */
static int take_figures(struct cpu_sample_live *l, bool is_all)
{
	struct profile *p = is_all ? profile_new() : l->view.profile;
	struct sample_list now = { 0 };
	struct profile_meta meta;
	int err = p ? cpu_sample_read(l->sample, &now) : -ENOMEM;

	if (!err)
		err = cpu_sample_fill(l->sample, &now, is_all ? &l->base : &l->seen, p);
	sample_list_done(&l->seen);
	l->seen = now;
	if (!err)
		err = cpu_sample_meta(l->sample, l->base_ns, &meta);
	if (err) {
		if (is_all)
			profile_free(p);
		return err;
	}
	meta.own_cpu_ns = cpu_ns();
	return live_view_take(&l->view, p, &meta);
}

/*
 * Names that became known later are in all figures only. Those of waits must be all: one that goes
 * on may turn into another kind.
 */
static int refresh(struct cpu_sample_live *l, bool is_all)
{
	uint64_t began_ns = cpu_ns(), rest_ns;
	int err = take_figures(l, is_all);

	if (err)
		return log_errno(err, "cannot take figures");
	err = redraw(l);
	rest_ns = (cpu_ns() - began_ns) * REST_PER_WORK;
	l->due_ns = clock_monotonic_ns() + (is_all ? 0 : rest_ns);
	if (is_all)
		l->all_due_ns = l->due_ns + rest_ns;
	return err;
}

static int count_anew(struct cpu_sample_live *l)
{
	int err;

	sample_list_done(&l->base);
	err = cpu_sample_read(l->sample, &l->base);
	if (err)
		return log_errno(err, "cannot take figures");
	l->base_ns = clock_monotonic_ns();
	return refresh(l, true);
}

/* The figures then no longer change. */
static int end(struct cpu_sample_live *l)
{
	cpu_sample_stop(l->sample);
	l->view.has_ended = true;
	return l->view.is_frozen ? redraw(l) : refresh(l, true);
}

static int on_tick(void *ctx)
{
	struct cpu_sample_live *l = ctx;
	uint64_t now_ns = clock_monotonic_ns();

	if (l->view.has_ended)
		return 0;
	if (!l->sample->options->is_system_wide && !cpu_sample_running(l->sample))
		return end(l);
	if (l->view.is_frozen)
		return 0;
	if (now_ns >= l->all_due_ns)
		return refresh(l, true);
	if (l->sample->options->mode != CPU_SAMPLE_ON_CPU || now_ns < l->due_ns)
		return 0;
	return refresh(l, false);
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
		return refresh(l, true);
	case LIVE_ANEW:
		return count_anew(l);
	case LIVE_QUIT:
		return 1;
	}
	return 0;
}

static int start(struct cpu_sample_live *l, struct loop *loop, uint64_t interval_ns)
{
	const struct terminal_events events = { .on_key = on_key, .on_redraw = redraw, .ctx = l };
	int err = terminal_open(loop, &events, &l->terminal);

	if (err)
		return err;
	err = loop_every(loop, interval_ns, on_tick, l);
	return err ? log_errno(err, "cannot start") : refresh(l, true);
}

int cpu_sample_live_open(struct cpu_sample *c, struct loop *loop, uint64_t interval_ns,
			 struct cpu_sample_live **ret)
{
	struct cpu_sample_live *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return log_errno(-ENOMEM, "cannot start");
	l->sample = c;
	l->base_ns = c->started_ns;
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
	sample_list_done(&l->base);
	sample_list_done(&l->seen);
	screen_done(&l->screen);
	free(l);
}

void cpu_sample_live_freep(struct cpu_sample_live **l)
{
	cpu_sample_live_free(*l);
}

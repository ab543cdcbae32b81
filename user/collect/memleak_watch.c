// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The processes under observation: attach, fork, exec, exit, and the overhead guard. */
#include "collect/memleak_state.h"
#include "collect/targets.h"

#include "base/scope.h"
#include "host/cli.h"
#include "host/clock.h"
#include "host/fd.h"
#include "host/log.h"
#include "probe/tables.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#define GUARD_WINDOW_NS (500 * NS_PER_MS)
#define GUARD_STRIKES	2 /* windows in a row over the budget */
#define REFRESH_NS	NS_PER_S

struct watch *memleak_watch_of(struct memleak *m, uint32_t tgid)
{
	for (size_t i = m->watch_count; i > 0; i--) /* the newest first: a PID may come again */
		if ((uint32_t)m->watches[i - 1]->target.pid == tgid)
			return m->watches[i - 1];
	return NULL;
}

static bool is_watched(const struct watch *w)
{
	return w && (w->state == WATCH_RUNNING || w->state == WATCH_PENDING);
}

size_t memleak_running(const struct memleak *m)
{
	size_t running = 0;

	for (size_t i = 0; i < m->watch_count; i++)
		running += is_watched(m->watches[i]);
	return running;
}

int memleak_goes_on(const struct memleak *m)
{
	return m->options->is_endless || memleak_running(m) ? 0 : 1;
}

/* --- one process --- */

static void watch_end(struct watch *w, enum watch_state state)
{
	if (!is_watched(w))
		return;
	watch_detach(w);
	unwind_tables_forget(w->owner->unwind, w->target.pid);
	js_names_forget(w->owner->js, w->target.pid);
	w->state = state;
	w->ended_ns = clock_monotonic_ns();
	if (w->target.pidfd >= 0)
		(void)loop_remove_fd(w->owner->loop, w->target.pidfd);
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	watch_detach(w);
	if (w->target.pid) /* its place in the table, for others */
		(void)bpf_map_delete_elem(bpf_map__fd(w->owner->skel->maps.targets),
					  &w->target.pid);
	js_names_forget(w->owner->js, w->target.pid);
	target_done(&w->target);
	ranges_done(&w->ranges);
	ranges_done(&w->runtime_ranges);
	free(w);
}

static void drop(struct memleak *m, struct watch *w)
{
	symbols_forget(m->symbols, w->target.pid);
	unwind_tables_forget(m->unwind, w->target.pid);
	for (size_t i = 0; i < m->watch_count; i++)
		if (m->watches[i] == w)
			m->watches[i] = m->watches[--m->watch_count];
	watch_free(w);
}

/* Of the program before, nothing is left: its blocks, counts, names and mappings. */
static void forget_program(struct watch *w)
{
	struct memleak *m = w->owner;

	watch_detach(w);
	if (memleak_drop_blocks(m, (uint32_t)w->target.pid) ||
	    table_zero_percpu(bpf_map__fd(m->skel->maps.counters), w->slot, LEAK_COUNTERS))
		log_warn("process %d: blocks of the program before are still counted",
			 w->target.pid);
	leaks_forget(m->leaks, w->target.pid);
	symbols_forget(m->symbols, w->target.pid);
	unwind_tables_forget(m->unwind, w->target.pid);
	js_names_drop(m->js, w->target.pid);
	ranges_done(&w->ranges);
	ranges_done(&w->runtime_ranges);
	(void)snprintf(w->allocator, sizeof(w->allocator), "not found yet");
	w->attached_ns = 0;
	m->guard_hits = memleak_total_hits(m);
}

/* The process has ended: by its pidfd. */
static int on_ended(void *ctx)
{
	struct watch *w = ctx;
	struct memleak *m = w->owner;

	watch_end(w, WATCH_ENDED);
	if (m->options->is_endless) {
		forget_program(w);
		drop(m, w);
	} else if (!w->was_attached && w->is_child) {
		m->missed_children++; /* it leaves no more than a count */
		drop(m, w);
	}
	return memleak_goes_on(m);
}

static uint32_t free_slot(const struct memleak *m)
{
	uint32_t slot = 0;

	for (size_t i = 0; i < m->watch_count;)
		if (m->watches[i++]->slot == slot) {
			slot++;
			i = 0; /* taken: look for the next one from the start */
		}
	return slot;
}

/* Takes hold of @pid and gives it a slot; not attached yet. NULL and *ret_err. */
static struct watch *watch_new(struct memleak *m, pid_t pid, int *ret_err, pid_t *ret_tgid)
{
	struct watch *w;

	*ret_err = -E2BIG;
	if (m->watch_count == TARGETS_MAX)
		return NULL;
	w = calloc(1, sizeof(*w));
	*ret_err = -ENOMEM;
	if (!w)
		return NULL;
	w->owner = m;
	w->slot = free_slot(m);
	*ret_err = target_open(&w->target, pid, ret_tgid);
	if (!*ret_err)
		*ret_err = loop_add_fd(m->loop, w->target.pidfd, on_ended, w);
	if (*ret_err) {
		watch_free(w);
		return NULL;
	}
	m->watches[m->watch_count++] = w;
	return w;
}

static int add(struct memleak *m, pid_t pid, bool is_quiet)
{
	struct watch *w = memleak_watch_of(m, (uint32_t)pid);
	pid_t tgid = 0;
	int err;

	if (is_watched(w)) /* named twice */
		return EXIT_DONE;
	fd_raise_limit();
	w = watch_new(m, pid, &err, &tgid);
	if (!w)
		return targets_say_not_opened(pid, err, tgid);
	if (!w->target.exe[0]) {
		log_error("process %d (%s) has no executable: a kernel thread?", pid,
			  w->target.comm);
		return EXIT_UNSUPPORTED;
	}
	err = watch_attach(w, is_quiet);
	if (!err)
		return EXIT_DONE;
	watch_end(w, WATCH_DETACHED);
	w->state = WATCH_DETACHED;
	memleak_remove(m, pid);
	if (err == -ESRCH) {
		log_error("process %d ended before it could be traced", pid);
		return EXIT_NO_TARGET;
	}
	if (err == -EAGAIN) {
		log_error("process %d executed another program while it was attached to; try again",
			  pid);
		return EXIT_NO_TARGET;
	}
	if (err == -ENODATA || err == -EOPNOTSUPP)
		return EXIT_UNSUPPORTED;
	return err == -EPERM || err == -EACCES ? EXIT_PERMISSION : EXIT_FAILED;
}

void memleak_remove(struct memleak *m, pid_t pid)
{
	struct watch *w = memleak_watch_of(m, (uint32_t)pid);

	if (!w || !m->options->is_endless)
		return;
	watch_end(w, WATCH_DETACHED);
	forget_program(w);
	drop(m, w);
}

int memleak_add(struct memleak *m, pid_t pid)
{
	return add(m, pid, false);
}

/* One that is no node makes no Buffers: nothing is missed of it. */
int memleak_add_descendant(struct memleak *m, pid_t pid)
{
	int status = add(m, pid, m->options->of_buffers);

	m->missed_children += status == EXIT_NO_TARGET;
	m->refused_children += status == EXIT_UNSUPPORTED && !m->options->of_buffers;
	return status == EXIT_NO_TARGET || status == EXIT_UNSUPPORTED ? EXIT_DONE : status;
}

/* --- what happens to them --- */

static int add_child(struct memleak *m, uint32_t tgid)
{
	struct watch *w = memleak_watch_of(m, tgid);
	pid_t ignored;
	int err;

	if (is_watched(w)) /* told twice: it forked, and executed before the probes were there */
		return 0;
	w = watch_new(m, (pid_t)tgid, &err, &ignored);
	if (!w) {
		if (err != -ESRCH && !m->refused_children++)
			log_warn("child process %u is not traced: %s", tgid, strerror(-err));
		m->missed_children += err == -ESRCH;
		return 0;
	}
	w->is_child = true;
	w->state = WATCH_PENDING;
	w->pending_since_ns = clock_monotonic_ns();
	if (watch_attach(w, true) == 0)
		log_info("child process %u (%s) is traced too", tgid, w->target.comm);
	return 0;
}

/* Another program now, whose allocator is to be found. 0, or 1 when nothing is left to watch. */
static int follow_exec(struct watch *w)
{
	struct memleak *m = w->owner;
	struct target fresh;
	int err = target_open(&fresh, w->target.pid, NULL);

	if (!err && fresh.start_ticks != w->target.start_ticks) {
		target_done(&fresh);
		err = -ESRCH;
	}
	if (err) {
		watch_end(w, WATCH_ENDED);
		return memleak_goes_on(m);
	}
	forget_program(w);
	(void)loop_remove_fd(m->loop, w->target.pidfd);
	target_done(&w->target);
	w->target = fresh;
	w->state = WATCH_PENDING;
	w->pending_since_ns = clock_monotonic_ns();
	return loop_add_fd(m->loop, w->target.pidfd, on_ended, w);
}

static int on_exec(struct watch *w)
{
	struct memleak *m = w->owner;
	char comm[64];

	if (!is_watched(w))
		return 0;
	if (m->options->follow_exec || w->is_child)
		return follow_exec(w);
	(void)snprintf(comm, sizeof(comm), "%s", w->target.comm);
	watch_end(w, WATCH_EXECUTED);
	(void)snprintf(m->note, sizeof(m->note),
		       "process %d (%s) executed another program; the report ends there "
		       "(--follow-exec goes on)",
		       w->target.pid, comm);
	return memleak_goes_on(m);
}

int memleak_process_event(struct memleak *m, const struct process_event *event)
{
	struct watch *w = memleak_watch_of(m, event->header.tgid);

	if (!w || m->stopped_ns) /* after the stop nothing is attached, and the ledger stays */
		return 0;
	switch (event->header.kind) {
	case PROCESS_FORK:
		return add_child(m, event->child);
	case PROCESS_EXEC:
		return on_exec(w);
	case PROCESS_MAPPED:
		if (w->state == WATCH_RUNNING)
			(void)watch_refresh_code(w); /* gone by now: its end is told of too */
		return 0;
	default: /* an exit is seen by its pidfd */
		return 0;
	}
}

static void try_pending(struct memleak *m, uint64_t now_ns)
{
	for (size_t i = 0; i < m->watch_count; i++) {
		struct watch *w = m->watches[i];
		int err;

		if (w->state != WATCH_PENDING)
			continue;
		err = watch_attach(w, true);
		if (!err || now_ns - w->pending_since_ns < PENDING_GIVE_UP_NS)
			continue;
		if (err != -ENODATA || !m->options->of_buffers) {
			log_warn("process %d (%s) is not traced: %s", w->target.pid, w->target.comm,
				 strerror(-err));
			m->refused_children++;
		}
		watch_end(w, WATCH_DETACHED);
	}
}

/* Lets go of everything when the probes are hit more often than asked for (rule S31). */
static int check_guard(struct memleak *m, uint64_t now_ns)
{
	uint64_t hits, rate;

	if (!m->options->max_hits || now_ns - m->guard_ns < GUARD_WINDOW_NS)
		return 0;
	hits = memleak_total_hits(m);
	rate = (hits - m->guard_hits) * NS_PER_S / (now_ns - m->guard_ns);
	m->guard_hits = hits;
	m->guard_ns = now_ns;
	if (rate <= m->options->max_hits) {
		m->guard_strikes = 0;
		return 0;
	}
	if (++m->guard_strikes < GUARD_STRIKES)
		return 0;
	m->has_let_go = true;
	for (size_t i = 0; i < m->watch_count; i++)
		watch_end(m->watches[i], WATCH_DETACHED);
	(void)snprintf(m->note, sizeof(m->note),
		       "let go: %llu probe hits/s, more than --max-hits %llu (the load on the "
		       "target would be too high); a larger number, or 0, goes on",
		       (unsigned long long)rate, (unsigned long long)m->options->max_hits);
	return 1;
}

int memleak_housekeeping(void *ctx)
{
	struct memleak *m = ctx;
	uint64_t now_ns = clock_monotonic_ns();
	int stop = ring_buffer__consume(m->ring);

	if (stop < 0)
		return stop;
	try_pending(m, now_ns);
	if (now_ns - m->refreshed_ns >= REFRESH_NS) {
		m->refreshed_ns = now_ns;
		for (size_t i = 0; i < m->watch_count; i++)
			if (m->watches[i]->state == WATCH_RUNNING)
				(void)watch_refresh_code(m->watches[i]);
	}
	return memleak_running(m) ? check_guard(m, now_ns) : memleak_goes_on(m);
}

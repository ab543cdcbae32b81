// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The inspector: opened by a signal, asked, closed; and that it is closed. */
#include "collect/heap_take_state.h"

#include "base/parse.h"
#include "host/clock.h"
#include "host/log.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OPEN_NS	  (10 * NS_PER_S)
#define CLOSE_NS  (10 * NS_PER_S)
#define ANSWER_NS (60 * NS_PER_S) /* a program that is busy answers late */
#define LOOK_NS	  (50 * NS_PER_MS)

/* What waiting may end with besides success; @what could not be done. */
static int explain(struct heap_take *t, int err, const char *what)
{
	int pid = (int)t->target.pid;

	if (err == -ESRCH)
		log_error("process %d has ended", pid);
	else if (err == -ECONNRESET)
		log_error("process %d closed the session: its inspector was closed meanwhile", pid);
	else if (err == -ECANCELED || err == -EINTR)
		log_error("interrupted");
	else if (err == -EBADMSG)
		log_error("what listens at port %u of process %d is no inspector, or lies",
			  t->at.port, pid);
	else if (err == -ETIME)
		log_error("%s: process %d did not answer in time", what, pid);
	else
		(void)log_errno(err, "%s of process %d", what, pid);
	return err;
}

/* --- opening ---------------------------------------------------------------------------------- */

/* A socket of its own that was not there in @before. */
static bool find_new(const struct listener_list *now, const struct listener_list *before,
		     struct listener *ret)
{
	for (size_t i = 0; i < now->len; i++) {
		const struct listener *l = &now->at[i];

		if (!l->is_own || l->is_v6 || listeners_find(before, l->inode))
			continue;
		*ret = *l;
		return true;
	}
	return false;
}

static int wait_for_port(struct heap_take *t, const struct listener_list *before)
{
	uint64_t end = clock_monotonic_ns() + OPEN_NS;
	bool is_found = false;
	int err = 0;

	while (!err && !is_found && clock_monotonic_ns() < end) {
		struct listener_list now = { 0 };

		err = listeners_read(t->target.pid, &now);
		is_found = !err && find_new(&now, before, &t->at);
		listener_list_done(&now);
		if (!err && !is_found)
			err = inspector_wait(&t->inspector, -1, LOOK_NS);
		/* The signal is sent: what it opens must be known to be closed. */
		err = err == -ETIME || err == -EINTR ? 0 : err;
	}
	if (err || is_found)
		return err ? explain(t, err, "cannot open the inspector") : 0;
	log_error("process %d opened no inspector after SIGUSR1", (int)t->target.pid);
	log_hint("a handler of the program's own took the signal, or node says why on its "
		 "standard error, or it is too busy: then it will open one, which stays open");
	return -ETIME;
}

static int wake(struct heap_take *t)
{
	struct listener_list before = { 0 };
	int err = listeners_read(t->target.pid, &before);

	if (!err && syscall(SYS_pidfd_send_signal, t->target.pidfd, SIGUSR1, NULL, 0))
		err = -errno;
	if (err)
		(void)explain(t, err, "cannot send SIGUSR1");
	else
		err = wait_for_port(t, &before);
	listener_list_done(&before);
	return err;
}

/* "PID BYTES" */
static int read_facts(const struct json_text *value, uint64_t *ret_pid, uint64_t *ret_bytes)
{
	char text[64], *bytes = text;

	if (!value->len || value->len >= sizeof(text))
		return -EBADMSG;
	memcpy(text, value->at, value->len);
	text[value->len] = '\0';
	(void)strsep(&bytes, " ");
	if (!bytes || parse_u64(text, INT32_MAX, ret_pid))
		return -EBADMSG;
	return parse_u64(bytes, INT64_MAX, ret_bytes) ? -EBADMSG : 0;
}

static int identify(struct heap_take *t, uint64_t *ret_heap_bytes)
{
	static const char facts[] = "{\"expression\":\"process.pid+' '+"
				    "process.memoryUsage().heapUsed\"}";
	struct cdp_message m = { 0 };
	uint64_t pid = 0;
	int err = heap_take_ask(t, "Runtime.evaluate", facts, NULL, &m);

	if (!err && (m.is_error || read_facts(&m.value, &pid, ret_heap_bytes))) {
		log_error("process %d does not say who it is", (int)t->target.pid);
		err = -EBADMSG;
	}
	if (!err && pid != (uint64_t)t->stat.ns_pid) {
		log_error("another process than %d answers: it calls itself %ju",
			  (int)t->target.pid, (uintmax_t)pid);
		t->was_open = true; /* not ours to close */
		err = -EBADMSG;
	}
	cdp_message_done(&m);
	return err;
}

int heap_take_open(struct heap_take *t, uint64_t *ret_heap_bytes)
{
	struct cdp_message m = { 0 };
	int err = t->was_open ? 0 : wake(t);

	if (err)
		return err;
	err = inspector_open(&t->inspector, &t->at);
	if (err) {
		t->is_lost = true;
		return explain(t, err, "cannot speak with the inspector");
	}
	err = identify(t, ret_heap_bytes);
	if (!err)
		err = heap_take_ask(t, "HeapProfiler.enable", "{}", NULL, &m);
	cdp_message_done(&m);
	return err;
}

/* --- asking ----------------------------------------------------------------------------------- */

static bool is_snapshot(const char *method)
{
	return strcmp(method, "HeapProfiler.takeHeapSnapshot") == 0;
}

int heap_take_ask(struct heap_take *t, const char *method, const char *params,
		  void (*each)(struct heap_take *t, const struct cdp_message *m),
		  struct cdp_message *m)
{
	uint64_t id, timeout_ns = is_snapshot(method) ? 0 : ANSWER_NS;
	int err = inspector_ask(&t->inspector, method, params, &id);

	do {
		if (!err)
			err = inspector_receive(&t->inspector, timeout_ns, m);
		if (err == -EINTR && is_snapshot(method)) {
			log_warn("waiting for process %d to finish, so that its inspector can be "
				 "closed; a second time leaves it open",
				 (int)t->target.pid);
			m->id = 0;
			m->chunk.len = 0;
			err = 0;
		} else if (err == -EINTR) {
			err = 0; /* it is short */
			m->id = 0;
		}
		if (!err && each && m->id != id)
			each(t, m);
	} while (!err && m->id != id);
	if (!err)
		return 0;
	t->is_lost = true;
	return explain(t, err, method);
}

/* --- closing ---------------------------------------------------------------------------------- */

static bool is_listening(const struct heap_take *t)
{
	struct listener_list now = { 0 };
	const struct listener *l;
	bool is_there = false;

	if (!listeners_read(t->target.pid, &now)) {
		l = listeners_find(&now, t->at.inode);
		is_there = l && l->is_own;
	}
	listener_list_done(&now);
	return is_there;
}

static int say_open(const struct heap_take *t)
{
	log_error("the inspector of process %d stays open at port %u, for any user of this machine",
		  (int)t->target.pid, t->at.port);
	log_hint("node inspect -p %d, then: exec process._debugEnd()", (int)t->target.pid);
	return -EBUSY;
}

int heap_take_close(struct heap_take *t)
{
	/* Later, when this answer is on its way: it ends the session too. */
	static const char end[] = "{\"expression\":\"setTimeout(()=>process._debugEnd(),1),''\"}";
	uint64_t until = clock_monotonic_ns() + CLOSE_NS;
	struct cdp_message m = { 0 };
	int err = 0;

	if (t->was_open || !t->at.inode)
		return 0;
	if (!t->is_lost)
		(void)heap_take_ask(t, "Runtime.evaluate", end, NULL, &m); /* seen by the port */
	cdp_message_done(&m);
	inspector_done(&t->inspector);
	while (is_listening(t)) {
		if (t->is_lost || err || clock_monotonic_ns() >= until)
			return say_open(t);
		err = inspector_wait(&t->inspector, -1, LOOK_NS);
		err = err == -ECANCELED ? err : 0;
	}
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The life of a series: checked, told or agreed, opened, taken, closed. */
#include "collect/heap_take_state.h"

#include "base/units.h"
#include "host/clock.h"
#include "host/log.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>

#define NAME_SIZE 4096
#define SUFFIX	  ".heapsnapshot"

/* --- files ------------------------------------------------------------------------------------ */

/* Of one the name as it was given; of several with -1, -2 ... in front of the suffix. */
static int file_name(const struct heap_take_plan *p, size_t index, char name[NAME_SIZE])
{
	char own[64], number[24] = "";
	const char *given = p->output;
	size_t len;
	bool has_suffix;

	(void)snprintf(own, sizeof(own), "heap-%d" SUFFIX, (int)p->pid);
	if (p->count > 1)
		(void)snprintf(number, sizeof(number), "-%zu", index + 1);
	given = given ? given : own;
	len = strlen(given);
	has_suffix = len > strlen(SUFFIX) && strcmp(given + len - strlen(SUFFIX), SUFFIX) == 0;
	if (p->count > 1 && has_suffix)
		len -= strlen(SUFFIX);
	if (len + sizeof(number) + sizeof(SUFFIX) >= NAME_SIZE)
		return -ENAMETOOLONG;
	(void)snprintf(name, NAME_SIZE, "%.*s%s%s", (int)len, given, number,
		       p->count > 1 && has_suffix ? SUFFIX : "");
	return 0;
}

static int open_files(struct heap_take *t)
{
	char name[NAME_SIZE];

	for (size_t i = 0; i < t->plan->count; i++) {
		int err = file_name(t->plan, i, name);

		if (!err)
			err = outfile_open(name, t->plan->force, &t->files[i]);
		if (err)
			return log_errno(err, "cannot write %s", name);
	}
	return 0;
}

/* --- without --yes ---------------------------------------------------------------------------- */

/* How large its heap is, only its inspector knows. */
static const char *certainty(const struct heap_take *t)
{
	return t->plan->by_signal ? "less than" : "about";
}

static void tell_way(const struct heap_take *t)
{
	char port[24] = "some port";

	if (t->port)
		(void)snprintf(port, sizeof(port), "port %u", t->port);
	if (t->plan->by_signal)
		printf("  SIG%s is sent, the signal of its --heapsnapshot-signal: it writes to %s,\n"
		       "  from where the file is taken; handlers of its own for it run too\n",
		       sigabbrev_np(t->signo), t->folder.name);
	else if (t->was_open)
		printf("  its inspector is open already, at port %u: it is used, and stays open\n",
		       t->at.port);
	else
		printf("  SIGUSR1 is sent, which opens its inspector at %s, to all users of this "
		       "machine,\n  until the end%s\n",
		       port,
		       t->may_have_handler
			       ? "; a handler of its own for SIGUSR1 would get it instead"
			       : "");
}

static int tell(const struct heap_take *t)
{
	const struct heap_take_plan *p = t->plan;
	uint64_t most = t->stat.anon_rss_bytes;
	char name[NAME_SIZE], text[UNITS_LEN], more[UNITS_LEN];
	int err = file_name(p, 0, name);

	if (err)
		return err;
	printf("process %d (%s): %s\n", (int)p->pid, t->target.comm, t->target.exe);
	tell_way(t);
	printf("  %ju snapshot%s, to %s%s\n", (uintmax_t)p->count, p->count > 1 ? "s" : "", name,
	       p->count > 1 ? " and so on" : "");
	printf("  it stands still for %s %s each time, in Node 18 for many times that\n",
	       certainty(t), units_duration(heap_take_freeze_ns(most), text));
	printf("  and takes up to %s more memory, of %s that there are; it keeps some of it\n",
	       units_bytes(most * HEAP_TAKE_ROOM_PER_BYTE, text), units_bytes(t->room.bytes, more));
	printf("Nothing was done: --yes does it.\n");
	return fflush(stdout) ? -errno : 0;
}

/* --- taking ----------------------------------------------------------------------------------- */

static size_t current_file(const struct heap_take *t)
{
	size_t i = 0;

	while (i < t->plan->count && !t->files[i])
		i++;
	return i;
}

static void keep_chunk(struct heap_take *t, const struct cdp_message *m)
{
	size_t i = current_file(t);

	if (strcmp(m->method, "HeapProfiler.addHeapSnapshotChunk") != 0 || !m->chunk.len)
		return;
	if (!t->inspector.signals && !t->has_failed &&
	    fwrite(m->chunk.at, 1, m->chunk.len, outfile_stream(t->files[i])) != m->chunk.len)
		t->has_failed = true; /* outfile_commit knows why */
	t->bytes += m->chunk.len;
}

/* The file is whole or not there. */
static int finish_file(struct heap_take *t, size_t i, uint64_t took_ns)
{
	char name[NAME_SIZE], size[UNITS_LEN], took[UNITS_LEN];
	struct outfile *file = t->files[i];
	int err = file_name(t->plan, i, name);

	if (t->inspector.signals) {
		log_error("interrupted: %s is not written", name);
		return -EINTR;
	}
	if (!t->bytes) {
		log_error("process %d sent no snapshot", (int)t->target.pid);
		return -ENODATA;
	}
	t->files[i] = NULL;
	err = err ? err : outfile_commit(file);
	if (err)
		return log_errno(err, "cannot write %s", name);
	log_note("%s: %s, the process stood still for up to %s", name, units_bytes(t->bytes, size),
		 units_duration(took_ns, took));
	printf("%s\n", name);
	return fflush(stdout) ? -errno : 0;
}

static int take_one(struct heap_take *t, size_t i)
{
	uint64_t start = clock_monotonic_ns(), took_ns = 0;
	struct cdp_message m = { 0 };
	int err;

	t->bytes = 0;
	if (t->plan->by_signal) {
		err = heap_take_written(t, outfile_stream(t->files[i]), &took_ns);
		return err ? err : finish_file(t, i, took_ns);
	}
	err = heap_take_ask(t, "HeapProfiler.takeHeapSnapshot", "{\"reportProgress\":false}",
			    keep_chunk, &m);
	if (err) {
		log_error("snapshot %zu of %ju is not written", i + 1, (uintmax_t)t->plan->count);
	} else if (m.is_error) {
		log_error("process %d refuses: %.*s", (int)t->target.pid, (int)m.value.len,
			  m.value.at ? m.value.at : "");
		err = -EIO;
	}
	cdp_message_done(&m);
	return err ? err : finish_file(t, i, clock_monotonic_ns() - start);
}

/* What comes meanwhile is read, or node would have to keep it. */
static int pause_until(struct heap_take *t, uint64_t until_ns)
{
	struct cdp_message m = { 0 };
	int err = 0;

	while (!err && clock_monotonic_ns() < until_ns)
		err = t->plan->by_signal
			      ? inspector_wait(&t->inspector, -1, until_ns - clock_monotonic_ns())
			      : inspector_receive(&t->inspector, until_ns - clock_monotonic_ns(),
						  &m);
	cdp_message_done(&m);
	if (!err || err == -ETIME)
		return 0;
	t->is_lost = err != -EINTR;
	if (err == -EINTR)
		log_error("interrupted between two snapshots");
	else if (err == -ESRCH)
		log_error("process %d has ended", (int)t->target.pid);
	else
		(void)log_errno(err, "process %d closed the session", (int)t->target.pid);
	return err;
}

static int take_series(struct heap_take *t)
{
	char freeze[UNITS_LEN];
	uint64_t heap_bytes = t->stat.anon_rss_bytes, start;
	int err = t->plan->by_signal ? 0 : heap_take_open(t, &heap_bytes);

	if (!err && t->inspector.signals) {
		log_error("interrupted");
		err = -EINTR;
	}
	if (!err)
		err = heap_take_check_room(t, heap_bytes);
	if (err)
		return err;
	log_note("process %d stands still for %s %s each time, in Node 18 for many times that",
		 (int)t->target.pid, certainty(t),
		 units_duration(heap_take_freeze_ns(heap_bytes), freeze));
	for (size_t i = 0; i < t->plan->count && !err; i++) {
		start = clock_monotonic_ns();
		err = take_one(t, i);
		if (!err && i + 1 < t->plan->count)
			err = pause_until(t, start + t->plan->every_ns);
	}
	return err;
}

/* --- the life of it --------------------------------------------------------------------------- */

/* Signals that ask us to end come by a descriptor: an inspector is not left open for them. */
static int take_signals(struct heap_take *t)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return log_errno(-errno, "cannot start");
	t->inspector.signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	return t->inspector.signal_fd < 0 ? log_errno(-errno, "cannot start") : 0;
}

static void end(struct heap_take *t)
{
	inspector_done(&t->inspector);
	for (size_t i = 0; i < t->plan->count; i++)
		outfile_abandon(t->files[i]);
	if (t->folder.fd)
		(void)close(t->folder.fd);
	target_done(&t->target);
}

enum heap_take_end heap_take(const struct heap_take_plan *plan)
{
	struct heap_take t = { .plan = plan, .inspector.target = &t.target };
	int err = heap_take_check(&t), close_err;

	if (!err && !plan->is_agreed) {
		err = tell(&t);
		end(&t);
		return err ? HEAP_TAKE_TROUBLE : HEAP_TAKE_NOT_AGREED;
	}
	if (!err)
		err = take_signals(&t);
	if (!err)
		err = open_files(&t);
	if (!err) {
		err = take_series(&t);
		close_err = heap_take_close(&t);
		err = err ? err : close_err;
	}
	end(&t);
	return err ? HEAP_TAKE_TROUBLE : HEAP_TAKE_TAKEN;
}

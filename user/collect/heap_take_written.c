// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A snapshot that node writes itself: the signal, the file that appears, its end, the copy. The
 * name and all of the file are the process's word: it is opened in the folder that is held, never
 * through a link, and only if it belongs to the process's user.
 */
#include "collect/heap_take_state.h"

#include "base/scope.h"
#include "base/units.h"
#include "host/clock.h"
#include "host/fd.h"
#include "host/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>

#define BEGIN_NS    (10 * NS_PER_S)
#define PIECE_BYTES (1u << 20)
#define TAIL_BYTES  16
#define FILE_MAX    (64ull << 30)

struct written {
	struct heap_take *take;
	int watch_fd;
	char name[NAME_MAX + 1]; /* "": it has not begun */
	uint64_t begun_ns;
	bool is_complete, is_kept;
};

/* --- the file appears ------------------------------------------------------------------------- */

/* "Heap.20251123.062614.PID.0.001.heapsnapshot": of the main thread of this process. */
static bool is_of_process(const struct heap_take *t, const char *name)
{
	char middle[32];
	const char *at;
	size_t len = strlen(name);

	(void)snprintf(middle, sizeof(middle), ".%d.0.", (int)t->stat.ns_pid); /* always fits */
	at = strstr(name, middle);
	return strncmp(name, "Heap.", 5) == 0 && at && len > 13 &&
	       strcmp(name + len - 13, ".heapsnapshot") == 0;
}

static bool is_file(const struct heap_take *t, const char *name)
{
	struct stat st;

	return !fstatat(t->folder.fd, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode) &&
	       st.st_uid == t->stat.euid;
}

static void note_event(struct written *w, const struct inotify_event *e)
{
	if (!e->len || strlen(e->name) > NAME_MAX || !is_of_process(w->take, e->name))
		return;
	if (e->mask & IN_CREATE && is_file(w->take, e->name)) {
		memcpy(w->name, e->name, strlen(e->name) + 1);
		w->begun_ns = clock_monotonic_ns();
	}
	if (e->mask & IN_CLOSE_WRITE && strcmp(e->name, w->name) == 0)
		w->is_complete = true;
}

static int read_events(struct written *w)
{
	_Alignas(struct inotify_event) char events[4096];
	ssize_t len = read(w->watch_fd, events, sizeof(events));

	if (len < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	for (ssize_t at = 0; at < len;) {
		const struct inotify_event *e = (const void *)(events + at);

		note_event(w, e);
		at += (ssize_t)(sizeof(*e) + e->len);
	}
	return 0;
}

static int explain(const struct written *w, int err)
{
	int pid = (int)w->take->target.pid;

	if (err == -ESRCH)
		log_error("process %d has ended", pid);
	else if (err == -EINTR || err == -ECANCELED)
		log_error("interrupted: process %d may still write a snapshot to %s", pid,
			  w->take->folder.name);
	else if (err == -ETIME)
		log_error("process %d began no snapshot in %s within 10 s", pid,
			  w->take->folder.name);
	else
		(void)log_errno(err, "cannot see what process %d writes", pid);
	if (err == -ETIME)
		log_hint(
			"it is too busy, then it will write one later, or its handler was removed");
	return err;
}

/* Until it has begun, and then for as long as it takes. */
static int wait_for_file(struct written *w)
{
	uint64_t until = clock_monotonic_ns() + BEGIN_NS, now;
	int err = 0;

	while (!err && !w->is_complete) {
		now = clock_monotonic_ns();
		if (!w->name[0] && now >= until)
			err = -ETIME;
		else
			err = inspector_wait(&w->take->inspector, w->watch_fd,
					     w->name[0] ? 0 : until - now);
		if (!err)
			err = read_events(w);
	}
	return err ? explain(w, err) : 0;
}

/* --- the file is taken ------------------------------------------------------------------------ */

/* A descriptor, or -errno after saying why not. */
static int open_written(const struct written *w, struct stat *ret)
{
	const struct heap_take *t = w->take;
	const char *why = NULL;
	int fd = openat(t->folder.fd, w->name,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, ret))
		why = strerror(errno);
	else if (!S_ISREG(ret->st_mode) || ret->st_nlink != 1)
		why = "it is not a regular file with one name";
	else if (ret->st_uid != t->stat.euid)
		why = "it belongs to another user than the process";
	else if ((uint64_t)ret->st_size > FILE_MAX)
		why = "it is too large";
	if (!why)
		return fd;
	log_error("%s in %s: %s", w->name, t->folder.name, why);
	closep(&fd);
	return -EBADMSG;
}

/* The last bytes of a snapshot close its strings and itself. */
static bool has_end(int fd, uint64_t size)
{
	char tail[TAIL_BYTES + 1] = "";
	size_t len = size < TAIL_BYTES ? (size_t)size : TAIL_BYTES;

	if (fd_read_at(fd, size - len, tail, len) != (ssize_t)len)
		return false;
	while (len && strchr(" \n\r\t", tail[len - 1]))
		tail[--len] = '\0';
	return len >= 2 && tail[len - 1] == '}' && strchr(tail, ']');
}

static int copy(struct written *w, int fd, uint64_t size, FILE *out)
{
	_release_(freep) char *piece = malloc(PIECE_BYTES);
	uint64_t at = 0;

	if (!piece)
		return log_errno(-ENOMEM, "cannot copy the snapshot");
	while (at < size) {
		size_t len = size - at < PIECE_BYTES ? (size_t)(size - at) : PIECE_BYTES;
		ssize_t n = fd_read_at(fd, at, piece, len);

		if (n != (ssize_t)len) {
			log_error("%s in %s was cut while it was read", w->name,
				  w->take->folder.name);
			return -EBADMSG;
		}
		if (fwrite(piece, 1, len, out) != len) {
			w->is_kept = true; /* why, outfile_commit knows */
			break;
		}
		at += len;
	}
	w->take->bytes = size;
	return 0;
}

static int take_file(struct written *w, FILE *out)
{
	struct stat st;
	_release_(closep) int fd = open_written(w, &st);

	if (fd < 0)
		return fd;
	if (has_end(fd, (uint64_t)st.st_size))
		return copy(w, fd, (uint64_t)st.st_size, out);
	/* Files are closed a bit earlier than the process has ended. */
	if (inspector_wait(&w->take->inspector, -1, NS_PER_S) == -ESRCH) {
		log_error("process %d has ended before its snapshot was written to the end",
			  (int)w->take->target.pid);
		log_hint("node ends when the disk is full: %s", w->take->folder.name);
		return -ESRCH;
	}
	log_error("process %d did not write its snapshot to the end", (int)w->take->target.pid);
	return -EBADMSG;
}

/* What is there now under its name, if it is still the process's. */
static void remove_written(const struct written *w)
{
	if (!w->name[0] || !is_file(w->take, w->name))
		return;
	if (unlinkat(w->take->folder.fd, w->name, 0))
		log_warn("%s stays in %s: %s", w->name, w->take->folder.name, strerror(errno));
}

/* --- all of it -------------------------------------------------------------------------------- */

static int begin(struct written *w)
{
	const struct heap_take *t = w->take;
	char self[64];

	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", t->folder.fd); /* always fits */
	w->watch_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->watch_fd < 0 ||
	    inotify_add_watch(w->watch_fd, self, IN_CREATE | IN_CLOSE_WRITE | IN_ONLYDIR) < 0)
		return log_errno(-errno, "cannot watch %s", t->folder.name);
	if (syscall(SYS_pidfd_send_signal, t->target.pidfd, t->signo, NULL, 0))
		return explain(w, -errno);
	return 0;
}

int heap_take_written(struct heap_take *t, FILE *out, uint64_t *ret_took_ns)
{
	struct written w = { .take = t, .watch_fd = -1 };
	int err = begin(&w);

	if (!err)
		err = wait_for_file(&w);
	*ret_took_ns = w.begun_ns ? clock_monotonic_ns() - w.begun_ns : 0;
	if (!err)
		err = take_file(&w, out);
	if (w.is_kept)
		log_note("it is still there: %s/%s", t->folder.name, w.name);
	else if (!err || err == -ESRCH || err == -EBADMSG)
		remove_written(&w);
	closep(&w.watch_fd);
	return err;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Which signal makes a node write a snapshot, and into which folder; and that it could: node takes
 * a snapshot that it cannot write for an error of the program, which ends it.
 */
#include "collect/heap_take_state.h"

#include "base/scope.h"
#include "base/text.h"
#include "base/units.h"
#include "heap/node_options.h"
#include "host/identity.h"
#include "host/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#define SIGNALS 31

/* --- what it was started with ----------------------------------------------------------------- */

static struct bytes read_words(pid_t pid, const char *file, char **ret_text)
{
	_release_(closep) int fd = procfs_open(pid, file);
	size_t len;

	if (fd < 0 || procfs_read(fd, HEAP_TAKE_WORDS_MAX, ret_text, &len))
		return (struct bytes){ 0 };
	return (struct bytes){ (const uint8_t *)*ret_text, len };
}

/* 0, -ENODATA it was not given, -E2BIG. */
static int read_option(const struct heap_take *t, const char *name, char *buf, size_t size)
{
	_release_(freep) char *command_text = NULL;
	_release_(freep) char *environment_text = NULL;
	struct bytes command = read_words(t->target.pid, "cmdline", &command_text);
	struct bytes environment = read_words(t->target.pid, "environ", &environment_text);

	return node_option(command, environment, name, buf, size);
}

/* "SIGUSR2": its number, 0: it is none. */
static int signal_of(const char *name)
{
	for (int signo = 1; signo <= SIGNALS; signo++) {
		if (strncmp(name, "SIG", 3) == 0 && strcmp(name + 3, sigabbrev_np(signo)) == 0)
			return signo;
	}
	return 0;
}

static int find_signal(struct heap_take *t)
{
	char name[32];
	int err = read_option(t, "--heapsnapshot-signal", name, sizeof(name));

	if (err) {
		log_error("process %d was not started with --heapsnapshot-signal, as far as can be "
			  "seen: a signal could end it",
			  (int)t->target.pid);
		log_hint("without --signal its inspector is used");
		return -EOPNOTSUPP;
	}
	t->signo = signal_of(name);
	if (!t->signo || !(t->stat.caught_signals & 1ull << (t->signo - 1))) {
		log_error("process %d does not take the signal of its --heapsnapshot-signal any "
			  "more: it could end it",
			  (int)t->target.pid);
		return -EOPNOTSUPP;
	}
	return 0;
}

/* --- the folder ----------------------------------------------------------------------------------
 */

/* Of a path from the root of the process, or from where it runs, which may not lead out of it. */
static int open_diagnostic_folder(const struct heap_take *t, const char *path)
{
	bool is_absolute = path[0] == '/';
	const struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve =
			RESOLVE_NO_MAGICLINKS | (is_absolute ? RESOLVE_IN_ROOT : RESOLVE_BENEATH),
	};
	int from = is_absolute ? t->target.root_fd : t->folder.fd;
	int fd = (int)syscall(SYS_openat2, from, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

static void name_folder(struct heap_take_folder *f)
{
	char self[64], link[PATH_MAX];
	ssize_t len;

	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", f->fd); /* always fits */
	len = readlink(self, link, sizeof(link));
	(void)text_clean(link, len > 0 ? (size_t)len : 0, f->name, sizeof(f->name));
}

static int open_folder(struct heap_take *t)
{
	char path[PATH_MAX];
	int fd = openat(t->target.proc_fd, "cwd", O_PATH | O_DIRECTORY | O_CLOEXEC), err;

	if (fd < 0)
		return log_errno(-errno, "cannot see where process %d runs", (int)t->target.pid);
	t->folder.fd = fd;
	err = read_option(t, "--diagnostic-dir", path, sizeof(path));
	if (t->minds_diagnostic_dir && err != -ENODATA && (err || path[0])) {
		fd = err ? err : open_diagnostic_folder(t, path);
		if (fd < 0)
			return log_errno(fd, "cannot open the --diagnostic-dir of process %d",
					 (int)t->target.pid);
		(void)close(t->folder.fd);
		t->folder.fd = fd;
	}
	name_folder(&t->folder);
	return 0;
}

/* May the process make a file there? */
static int check_access(const struct heap_take *t)
{
	_release_(identity_done) struct identity writer = { 0 };
	struct identity_saved saved;
	int err = identity_of_process(t->target.pid, &writer);

	if (!err)
		err = identity_enter_fs(&writer, &saved);
	if (err)
		return log_errno(err, "cannot look at process %d", (int)t->target.pid);
	err = faccessat(t->folder.fd, ".", W_OK | X_OK, AT_EACCESS) ? -errno : 0;
	identity_leave_fs(&writer, &saved);
	if (!err)
		return 0;
	(void)log_errno(err, "process %d may not write to %s", (int)t->target.pid, t->folder.name);
	log_hint("node ends when it cannot write its snapshot");
	return err;
}

static int check_disk(const struct heap_take *t)
{
	uint64_t need = t->stat.anon_rss_bytes * HEAP_TAKE_FILE_PER_BYTE, room;
	char need_text[UNITS_LEN], room_text[UNITS_LEN];
	struct statvfs fs;

	if (fstatvfs(t->folder.fd, &fs))
		return log_errno(-errno, "cannot see how much room there is in %s", t->folder.name);
	room = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (room >= need)
		return 0;
	log_error("too little room in %s: a snapshot may take %s, and there are %s", t->folder.name,
		  units_bytes(need, need_text), units_bytes(room, room_text));
	log_hint("node ends when it cannot write its snapshot");
	return -ENOSPC;
}

int heap_take_check_signal(struct heap_take *t)
{
	int err = find_signal(t);

	if (!err)
		err = open_folder(t);
	if (!err)
		err = check_access(t);
	return err ? err : check_disk(t);
}

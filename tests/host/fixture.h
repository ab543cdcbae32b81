/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Small things several host tests need: a scratch directory, files, child processes. */
#ifndef TESTS_HOST_FIXTURE_H
#define TESTS_HOST_FIXTURE_H

#include "base/scope.h"

#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define UNUSED_OK __attribute__((unused))

static char scratch[PATH_MAX];
static pid_t scratch_owner;

/* By fork and exec: the only thing that removes a whole tree in one line. */
UNUSED_OK static int run_program(const char *const argv[])
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		(void)execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

UNUSED_OK static void remove_scratch(void)
{
	const char *const argv[] = { "rm", "-rf", "--one-file-system", scratch, NULL };

	if (getpid() == scratch_owner)
		(void)run_program(argv);
}

/* A directory of this test, gone at its exit; others may pass but not write. */
UNUSED_OK static void make_scratch(void)
{
	const char *base = getenv("TMPDIR");

	(void)snprintf(scratch, sizeof(scratch), "%s/host-test.XXXXXX", base ? base : "/tmp");
	must(mkdtemp(scratch));
	must(chmod(scratch, 0755) == 0);
	scratch_owner = getpid();
	must(atexit(remove_scratch) == 0);
}

/* SCRATCH/format, valid to the end of the test. */
__attribute__((format(printf, 1, 2))) UNUSED_OK static const char *in_scratch(const char *format,
									      ...)
{
	static char paths[1u << 18];
	static size_t used;
	char name[512], *path = paths + used;
	va_list args;
	int len;

	va_start(args, format);
	(void)vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	len = snprintf(path, sizeof(paths) - used, "%s/%s", scratch, name);
	must(len > 0 && (size_t)len < sizeof(paths) - used);
	used += (size_t)len + 1;
	return path;
}

UNUSED_OK static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "we");

	must(f);
	must(fputs(text, f) >= 0);
	must(fclose(f) == 0);
	must(chmod(path, mode) == 0);
}

/* Content of @path as text, cut to @size; "" when there is none. */
UNUSED_OK static const char *read_text(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	/* Not by pread: some files of /proc know no offsets. */
	while (fd >= 0 && (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += (size_t)n;
	buf[len] = '\0';
	closep(&fd);
	return buf;
}

UNUSED_OK static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

UNUSED_OK static void sleep_ms(long ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	(void)nanosleep(&t, NULL);
}

UNUSED_OK __attribute__((noreturn)) static void idle(void)
{
	for (;;)
		(void)pause();
}

/* A child that does nothing until it is killed. */
UNUSED_OK static pid_t start_idle_child(void)
{
	pid_t pid = fork();

	must(pid >= 0);
	if (pid == 0)
		idle();
	return pid;
}

UNUSED_OK static void end_child(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

#endif

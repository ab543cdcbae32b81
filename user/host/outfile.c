// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The report's file, whole or not there; see the header. */
#include "host/outfile.h"

#include "base/scope.h"
#include "host/fd.h"
#include "host/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#define RANDOM_LEN 6
#define NAME_TRIES 100

struct outfile {
	FILE *stream;
	int fd;	    /* of the temporary file, or stdout */
	int dir_fd; /* the directory as it was at open, wherever its path leads later */
	int err;    /* the first write that failed, negative errno */
	bool force;
	char *name;		 /* NULL: stdout */
	char temp[NAME_MAX + 1]; /* "" when there is nothing to remove */
	struct identity writer;
};

/* stdio forgets why an earlier write failed; this does not. */
static ssize_t stream_write(void *cookie, const char *buf, size_t len)
{
	struct outfile *f = cookie;
	int err = fd_write_all(f->fd, buf, len);

	if (err && !f->err)
		f->err = err;
	return err ? 0 : (ssize_t)len;
}

static void outfile_free(struct outfile *f)
{
	if (f->stream)
		(void)fclose(f->stream); /* commit has flushed it and seen what it said */
	if (f->name)
		closep(&f->fd);
	closep(&f->dir_fd);
	identity_done(&f->writer);
	free(f->name);
	free(f);
}

/* Whether the name is free, or may be taken from what has it. */
static int check_name(const struct outfile *f)
{
	struct stat st;

	if (fstatat(f->dir_fd, f->name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : -errno;
	if (!f->force)
		return -EEXIST;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return S_ISREG(st.st_mode) ? 0 : -EINVAL;
}

/* ".NAME.XXXXXX", the name cut where the whole would be too long. */
static int make_temp_name(struct outfile *f)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned char dice[RANDOM_LEN];
	char tail[RANDOM_LEN + 1];

	if (getrandom(dice, sizeof(dice), 0) != (ssize_t)sizeof(dice))
		return -EIO;
	for (int i = 0; i < RANDOM_LEN; i++)
		tail[i] = letters[dice[i] % (sizeof(letters) - 1)];
	tail[RANDOM_LEN] = '\0';
	(void)snprintf(f->temp, sizeof(f->temp), ".%.*s.%s", NAME_MAX - RANDOM_LEN - 2, f->name,
		       tail); /* fits by the cut */
	return 0;
}

static int create_temp(struct outfile *f)
{
	int err = 0;

	for (int i = 0; i < NAME_TRIES; i++) {
		err = make_temp_name(f);
		if (err)
			break;
		f->fd = openat(f->dir_fd, f->temp,
			       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (f->fd >= 0)
			return 0;
		err = -errno;
		if (err != -EEXIST)
			break;
	}
	f->temp[0] = '\0';
	return err;
}

static int split_path(const char *path, char **ret_dir, char **ret_name)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char *dir_copy, *name_copy;

	if (!*path)
		return -ENOENT;
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EISDIR;
	if (strlen(name) > NAME_MAX)
		return -ENAMETOOLONG;
	/* "/x" lies in "/", "a/x" in "a/", "x" in "." */
	dir_copy = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	name_copy = strdup(name);
	if (!dir_copy || !name_copy) {
		free(dir_copy);
		free(name_copy);
		return -ENOMEM;
	}
	*ret_dir = dir_copy;
	*ret_name = name_copy;
	return 0;
}

/* As the operator: what that user could not do, root does not do for them. */
static int open_in_dir(struct outfile *f, const char *dir)
{
	struct identity_saved saved;
	int err = identity_enter_fs(&f->writer, &saved);

	if (err)
		return err;
	f->dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	err = f->dir_fd < 0 ? -errno : check_name(f);
	if (!err)
		err = create_temp(f);
	identity_leave_fs(&f->writer, &saved);
	return err;
}

static int open_content(struct outfile *f, const char *path)
{
	const cookie_io_functions_t io = { .write = stream_write };
	_release_(freep) char *dir = NULL;
	int err = 0;

	if (path) {
		f->fd = -1;
		err = split_path(path, &dir, &f->name);
		if (!err)
			err = identity_of_operator(&f->writer);
		if (!err)
			err = open_in_dir(f, dir);
	} else if ((fcntl(STDOUT_FILENO, F_GETFL) & O_ACCMODE) == O_RDONLY) {
		err = -EBADF; /* it was closed: see cli_parse */
	}
	if (err)
		return err;
	f->stream = fopencookie(f, "w", io);
	return f->stream ? 0 : -ENOMEM;
}

int outfile_open(const char *path, bool force, struct outfile **ret_file)
{
	struct outfile *f = calloc(1, sizeof(*f));
	int err;

	if (!f)
		return -ENOMEM;
	*f = (struct outfile){ .fd = STDOUT_FILENO, .dir_fd = -1, .force = force };
	err = open_content(f, path && strcmp(path, "-") != 0 ? path : NULL);
	if (err)
		outfile_abandon(f);
	else
		*ret_file = f;
	return err;
}

FILE *outfile_stream(struct outfile *f)
{
	return f->stream;
}

static int flush_content(struct outfile *f)
{
	(void)fflush(f->stream); /* its failure is in f->err, with the reason */
	return f->err;
}

int outfile_restart(struct outfile *f)
{
	if (!f->name)
		return flush_content(f);
	__fpurge(f->stream);
	clearerr(f->stream);
	f->err = 0;
	if (ftruncate(f->fd, 0) || lseek(f->fd, 0, SEEK_SET) < 0)
		return -errno;
	return 0;
}

/* Atomic, and never over something that is there unless asked to. */
static int give_name(struct outfile *f)
{
	int err = check_name(f);

	if (err)
		return err;
	if (renameat2(f->dir_fd, f->temp, f->dir_fd, f->name, f->force ? 0 : RENAME_NOREPLACE)) {
		/* NFS and some others know no NOREPLACE; a hard link replaces nothing either. */
		if (errno != EINVAL || f->force)
			return -errno;
		if (linkat(f->dir_fd, f->temp, f->dir_fd, f->name, 0))
			return -errno;
		return 0; /* the temporary name goes with outfile_abandon */
	}
	f->temp[0] = '\0';
	return 0;
}

static int finish_file(struct outfile *f)
{
	struct identity_saved saved;
	int err;

	if (fsync(f->fd))
		return -errno;
	err = identity_enter_fs(&f->writer, &saved);
	if (err)
		return err;
	err = give_name(f);
	identity_leave_fs(&f->writer, &saved);
	return err;
}

int outfile_commit(struct outfile *f)
{
	int err = flush_content(f);

	if (!err && f->name)
		err = finish_file(f);
	outfile_abandon(f);
	return err;
}

void outfile_abandon(struct outfile *f)
{
	struct identity_saved saved;

	if (!f)
		return;
	if (f->temp[0] && identity_enter_fs(&f->writer, &saved) == 0) {
		(void)unlinkat(f->dir_fd, f->temp, 0); /* nobody is left to tell */
		identity_leave_fs(&f->writer, &saved);
	}
	outfile_free(f);
}

void outfile_abandonp(struct outfile **f)
{
	outfile_abandon(*f);
}

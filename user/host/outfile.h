/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A report file that is either whole or not there (rule S10): written beside its final name under
 * a temporary one, as the user who called sudo, never through a link, mode 0600, renamed at the
 * end.
 */
#ifndef HOST_OUTFILE_H
#define HOST_OUTFILE_H

#include <stdbool.h>
#include <stdio.h>

struct outfile;

/*
 * @path NULL or "-": stdout (nothing is renamed then). Otherwise fails at once, before any
 * tracing, when the file could not be written: -EEXIST it is there and not @force, -ENOTDIR,
 * -ENOENT, -EACCES, -ELOOP ... 0 on success.
 */
int outfile_open(const char *path, bool force, struct outfile **ret_file);

/* Where to write. Owned by @f. */
FILE *outfile_stream(struct outfile *f);

/* A new version of the whole content begins: what was written before is dropped (a file) or stays
 * (stdout). */
int outfile_restart(struct outfile *f);

/* Flushes, syncs and gives the file its name. 0 or -errno (-ENOSPC...): then nothing is left
 * behind. Ends @f. */
int outfile_commit(struct outfile *f);

/* Ends @f without giving it its name; NULL is fine. */
void outfile_abandon(struct outfile *f);
void outfile_abandonp(struct outfile **f);

#endif

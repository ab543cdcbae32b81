// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Files of each loop, read after the kernel was asked to forget them, and written to the disk. */
#include "stalls.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "files.h"
#include "ledger.h"
#include "server.h"
#include "site.h"

#define FILE_BYTES  (8U << 20)
#define PIECE_BYTES (256U << 10)
/* Between pages that are touched: more than the kernel reads around one. */
#define STRIDE_BYTES (64U << 10)

struct files {
	int list_fd;  /* read */
	int log_fd;   /* written */
	char *mapped; /* the list */
	char piece[PIECE_BYTES];
};

static struct files files[SERVER_LOOPS_MAX];
static volatile char seen; /* the compiler may not leave the reading out */

int disk_start(unsigned int loop, const char *directory)
{
	struct files *f = &files[loop];
	int err;

	f->list_fd = file_open_nameless(directory, "stalling-server");
	f->log_fd = file_open_nameless(directory, "stalling-server");
	if (f->list_fd < 0 || f->log_fd < 0)
		return f->list_fd < 0 ? f->list_fd : f->log_fd;
	err = file_fill(f->list_fd, FILE_BYTES);
	if (err)
		return err;
	if (fsync(f->list_fd)) /* only what is on disk can be forgotten */
		return -errno;
	f->mapped = mmap(NULL, FILE_BYTES, PROT_READ, MAP_SHARED, f->list_fd, 0);
	if (f->mapped == MAP_FAILED || madvise(f->mapped, FILE_BYTES, MADV_RANDOM))
		return -errno;
	return 0;
}

static int forget(const struct files *f)
{
	if (madvise(f->mapped, FILE_BYTES, MADV_DONTNEED))
		return -errno;
	return -posix_fadvise(f->list_fd, 0, FILE_BYTES, POSIX_FADV_DONTNEED);
}

TRUTH_SITE int stall_reading(unsigned int loop, uint64_t ns, uint64_t *ret_slept_ns)
{
	struct files *f = &files[loop];
	uint64_t end_ns = wall_ns() + ns;
	int err = 0;

	*ret_slept_ns = 0;
	for (off_t at = 0; !err && wall_ns() < end_ns; at = (at + PIECE_BYTES) % FILE_BYTES) {
		if (!at)
			err = forget(f);
		if (pread(f->list_fd, f->piece, PIECE_BYTES, at) != PIECE_BYTES)
			err = -EIO;
	}
	return err;
}

TRUTH_SITE int stall_reading_mapped(unsigned int loop, uint64_t ns, uint64_t *ret_slept_ns)
{
	const struct files *f = &files[loop];
	uint64_t end_ns = wall_ns() + ns;
	int err = 0;

	*ret_slept_ns = 0;
	for (size_t at = 0; !err && wall_ns() < end_ns; at = (at + STRIDE_BYTES) % FILE_BYTES) {
		if (!at)
			err = forget(f);
		seen = f->mapped[at];
	}
	return err;
}

TRUTH_SITE int stall_syncing(unsigned int loop, uint64_t ns, uint64_t *ret_slept_ns)
{
	struct files *f = &files[loop];
	uint64_t end_ns = wall_ns() + ns;

	*ret_slept_ns = 0;
	do {
		if (pwrite(f->log_fd, f->piece, PIECE_BYTES, 0) != PIECE_BYTES || fsync(f->log_fd))
			return errno ? -errno : -EIO;
	} while (wall_ns() < end_ns);
	return 0;
}

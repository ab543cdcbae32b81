// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Blocking I/O in the loop: each request reads a file of 1 MiB in pieces and waits for fsync. The
 * repair reads once and lets a thread write: many lines share one fsync, and nobody waits for it.
 * That changes what a reply means: "accepted" instead of "on disk". A server that may not do that
 * holds back the reply, not the loop.
 */
#include "faults.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "site.h"

#define PRICES_BYTES 1048576
#define PIECE_BYTES  4096
#define QUEUE_BYTES  65536

static const char audit_line[] = "prices were asked for\n";

#define LINE_BYTES (sizeof(audit_line) - 1)

static int prices_fd = -1;
static int audit_fd = -1;

/* The queue, under its lock; the writer takes all of it at once. */
static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t queue_changed = PTHREAD_COND_INITIALIZER;
static char queue[QUEUE_BYTES];
static size_t queue_len;
static bool is_ending;
static bool is_running;
static pthread_t writer;

/* --- the fault ---------------------------------------------------------------------------------
 */

TRUTH_SITE static uint64_t sum_piece(const char *at, size_t len)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += (unsigned char)at[i];
	return sum;
}

TRUTH_SITE static int read_price_list(uint64_t *ret_sum)
{
	char piece[PIECE_BYTES];
	uint64_t sum = 0;

	for (off_t at = 0; at < PRICES_BYTES; at += PIECE_BYTES) {
		if (pread(prices_fd, piece, sizeof(piece), at) != (ssize_t)sizeof(piece))
			return -EIO;
		sum += sum_piece(piece, sizeof(piece));
	}
	*ret_sum = sum;
	return 0;
}

TRUTH_SITE static int append_audit_line(void)
{
	int err = file_write_all(audit_fd, audit_line, LINE_BYTES);

	if (err)
		return err;
	return fsync(audit_fd) ? -errno : 0;
}

TRUTH_SITE int answer_from_disk(uint64_t *ret_sum)
{
	int err = read_price_list(ret_sum);

	if (err)
		return err;
	return append_audit_line();
}

/* --- the repair --------------------------------------------------------------------------------
 */

static size_t queue_take(char *taken)
{
	size_t len;

	(void)pthread_mutex_lock(&queue_lock);
	while (!queue_len && !is_ending)
		(void)pthread_cond_wait(&queue_changed, &queue_lock);
	len = queue_len;
	memcpy(taken, queue, len);
	queue_len = 0;
	(void)pthread_mutex_unlock(&queue_lock);
	return len;
}

static void *write_audit_lines(void *unused)
{
	static char taken[QUEUE_BYTES];
	size_t len;

	while ((len = queue_take(taken)) > 0) {
		int err = file_write_all(audit_fd, taken, len);

		if (!err && fsync(audit_fd))
			err = -errno;
		if (err)
			(void)fprintf(stderr, "busy-server: audit: %s\n", strerror(-err));
	}
	return unused;
}

TRUTH_SITE static int queue_audit_line(void)
{
	int err = -EAGAIN;

	(void)pthread_mutex_lock(&queue_lock);
	if (QUEUE_BYTES - queue_len >= LINE_BYTES) {
		memcpy(queue + queue_len, audit_line, LINE_BYTES);
		queue_len += LINE_BYTES;
		err = 0;
	}
	(void)pthread_cond_signal(&queue_changed);
	(void)pthread_mutex_unlock(&queue_lock);
	return err;
}

TRUTH_SITE int answer_from_memory(uint64_t *ret_sum)
{
	static uint64_t known_sum; /* the file has no name: nobody changes it */

	if (!known_sum) {
		int err = read_price_list(&known_sum);

		if (err)
			return err;
	}
	*ret_sum = known_sum;
	return queue_audit_line();
}

/* --- life --------------------------------------------------------------------------------------
 */

int sync_io_start(const char *directory)
{
	int err;

	prices_fd = file_open_nameless(directory, "busy-server");
	if (prices_fd < 0)
		return prices_fd;
	audit_fd = file_open_nameless(directory, "busy-server");
	if (audit_fd < 0)
		return audit_fd;
	err = file_fill(prices_fd, PRICES_BYTES);
	if (!err)
		err = -pthread_create(&writer, NULL, write_audit_lines, NULL);
	if (err)
		return err;
	(void)pthread_setname_np(writer, "audit-writer"); /* for the reader of a report only */
	is_running = true;
	return 0;
}

void sync_io_stop(void)
{
	if (!is_running)
		return;
	is_running = false;
	(void)pthread_mutex_lock(&queue_lock);
	is_ending = true;
	(void)pthread_cond_signal(&queue_changed);
	(void)pthread_mutex_unlock(&queue_lock);
	(void)pthread_join(writer, NULL);
	(void)close(prices_fd);
	(void)close(audit_fd);
}

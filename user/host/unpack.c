// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Both formats may be several pieces one behind the other (cat a.gz b.gz), which are one content.
 */
#include "host/unpack.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define PIECE_BYTES (128u << 10)
#define MAGIC_BYTES 4
#define ANY_WRAPPER (15 + 16) /* of inflateInit2: a window of 32 KiB, gzip */

enum format { PLAIN, GZIP, ZSTD };

struct unpack {
	int fd;
	enum format format;
	bool is_ended;	/* the file is */
	bool is_inside; /* a packed piece has begun and not ended */
	size_t at, len; /* what of @piece is not used yet */
	z_stream gzip;
	ZSTD_DStream *zstd;
	uint8_t piece[PIECE_BYTES];
};

static int read_file(struct unpack *u, void *buf, size_t cap, size_t *ret_len)
{
	ssize_t got;

	do {
		got = read(u->fd, buf, cap);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	u->is_ended = got == 0;
	*ret_len = (size_t)got;
	return 0;
}

static int fill(struct unpack *u)
{
	size_t got = 0;
	int err = read_file(u, u->piece + u->len, PIECE_BYTES - u->len, &got);

	u->len += got;
	return err;
}

static int start(struct unpack *u)
{
	static const uint8_t gzip[] = { 0x1f, 0x8b }, zstd[] = { 0x28, 0xb5, 0x2f, 0xfd };
	int err = 0;

	while (!err && u->len < MAGIC_BYTES && !u->is_ended)
		err = fill(u);
	if (err)
		return err;
	if (u->len >= sizeof(zstd) && memcmp(u->piece, zstd, sizeof(zstd)) == 0)
		u->format = ZSTD;
	else if (u->len >= sizeof(gzip) && memcmp(u->piece, gzip, sizeof(gzip)) == 0)
		u->format = GZIP;
	if (u->format == GZIP && inflateInit2(&u->gzip, ANY_WRAPPER) != Z_OK)
		return -ENOMEM;
	if (u->format == ZSTD) {
		u->zstd = ZSTD_createDStream();
		if (!u->zstd)
			return -ENOMEM;
	}
	return 0;
}

int unpack_open(int fd, struct unpack **ret)
{
	struct unpack *u = calloc(1, sizeof(*u));
	int err;

	if (!u)
		return -ENOMEM;
	u->fd = fd;
	err = start(u);
	if (err)
		unpack_close(u);
	else
		*ret = u;
	return err;
}

void unpack_close(struct unpack *u)
{
	if (!u)
		return;
	if (u->format == GZIP)
		(void)inflateEnd(&u->gzip);
	(void)ZSTD_freeDStream(u->zstd);
	free(u);
}

void unpack_closep(struct unpack **u)
{
	unpack_close(*u);
}

static int read_gzip(struct unpack *u, void *buf, size_t cap, size_t *ret_len)
{
	int got;

	if (!u->is_inside && inflateReset(&u->gzip) != Z_OK)
		return -EBADMSG;
	u->is_inside = true;
	u->gzip.next_in = u->piece + u->at;
	u->gzip.avail_in = (unsigned int)(u->len - u->at);
	u->gzip.next_out = buf;
	u->gzip.avail_out = (unsigned int)cap;
	got = inflate(&u->gzip, Z_NO_FLUSH);
	u->at = u->len - u->gzip.avail_in;
	*ret_len = cap - u->gzip.avail_out;
	if (got == Z_STREAM_END)
		u->is_inside = false;
	else if (got == Z_MEM_ERROR)
		return -ENOMEM;
	else if (got != Z_OK && got != Z_BUF_ERROR)
		return -EBADMSG;
	return 0;
}

static int read_zstd(struct unpack *u, void *buf, size_t cap, size_t *ret_len)
{
	ZSTD_inBuffer in = { u->piece, u->len, u->at };
	ZSTD_outBuffer out = { buf, cap, 0 };
	size_t left = ZSTD_decompressStream(u->zstd, &out, &in);

	if (ZSTD_isError(left))
		return -EBADMSG;
	u->at = in.pos;
	u->is_inside = left != 0;
	*ret_len = out.pos;
	return 0;
}

static int read_plain(struct unpack *u, void *buf, size_t cap, size_t *ret_len)
{
	size_t len = u->len - u->at < cap ? u->len - u->at : cap;

	memcpy(buf, u->piece + u->at, len);
	u->at += len;
	*ret_len = len;
	return 0;
}

int unpack_read(void *ctx, void *buf, size_t cap, size_t *ret_len)
{
	struct unpack *u = ctx;
	size_t want = cap < UINT32_MAX ? cap : UINT32_MAX;
	int err = 0;

	*ret_len = 0;
	while (!err && !*ret_len) {
		size_t before = u->len - u->at;

		if (!before && !u->is_ended) {
			if (u->format == PLAIN) /* needs no copy in between */
				return read_file(u, buf, cap, ret_len);
			u->at = u->len = 0;
			err = fill(u);
			continue;
		}
		if (!before && (u->format == PLAIN || !u->is_inside))
			return 0;
		err = u->format == GZIP	  ? read_gzip(u, buf, want, ret_len)
		      : u->format == ZSTD ? read_zstd(u, buf, want, ret_len)
					  : read_plain(u, buf, want, ret_len);
		if (!err && !*ret_len && !before && u->is_inside)
			return -EBADMSG; /* the file ends within a piece */
	}
	return err;
}

const char *unpack_format(const struct unpack *u)
{
	return u->format == GZIP ? "gzip" : u->format == ZSTD ? "zstd" : NULL;
}

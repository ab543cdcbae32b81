// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The way from messages to compressed bytes. */
#include "report/pprof_stream.h"

#include <errno.h>

#define WINDOW_BITS 15
#define GZIP	    16 /* added to the window's: a gzip header, in which zlib leaves the time at 0 */
#define MEM_LEVEL   8

static void deflate_some(struct pprof_stream *s, int flush)
{
	do {
		s->zip.next_out = s->piece;
		s->zip.avail_out = sizeof(s->piece);
		(void)deflate(&s->zip, flush); /* has room, so it cannot fail */
		(void)fwrite(s->piece, 1, sizeof(s->piece) - s->zip.avail_out, s->out);
	} while (!s->zip.avail_out);
}

static void append(ProtobufCBuffer *buffer, size_t len, const uint8_t *data)
{
	struct pprof_stream *s = (struct pprof_stream *)buffer;

	s->zip.next_in = (unsigned char *)data; /* zlib's type is older than const */
	s->zip.avail_in = (unsigned int)len;
	deflate_some(s, Z_NO_FLUSH);
}

int pprof_stream_init(struct pprof_stream *s, FILE *out)
{
	*s = (struct pprof_stream){ .base = { .append = append }, .out = out };
	return deflateInit2(&s->zip, Z_DEFAULT_COMPRESSION, Z_DEFLATED, WINDOW_BITS + GZIP,
			    MEM_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK
		       ? 0
		       : -ENOMEM;
}

void pprof_stream_done(struct pprof_stream *s)
{
	(void)deflateEnd(&s->zip); /* refuses what was never begun */
}

void pprof_stream_put(struct pprof_stream *s, const Pprof__Profile *part)
{
	(void)protobuf_c_message_pack_to_buffer(&part->base, &s->base);
}

void pprof_stream_finish(struct pprof_stream *s)
{
	s->zip.avail_in = 0;
	deflate_some(s, Z_FINISH);
}

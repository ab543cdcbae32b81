/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Parts of a profile.proto, compressed as they come. Protocol buffers that stand one behind the
 * other are read as one message with the fields of all, so none needs to be whole in memory.
 */
#ifndef REPORT_PPROF_STREAM_H
#define REPORT_PPROF_STREAM_H

#include "pprof.pb-c.h"

#include <stdio.h>
#include <zlib.h>

struct pprof_stream {
	ProtobufCBuffer base; /* first: what the packing code is given */
	z_stream zip;
	FILE *out; /* borrowed; a failed write stays in its error flag */
	unsigned char piece[16384];
};

/* 0 or -ENOMEM; ended by pprof_stream_done. It must not move in between. */
int pprof_stream_init(struct pprof_stream *s, FILE *out);
void pprof_stream_done(struct pprof_stream *s);

/* The fields that are set in @part. */
void pprof_stream_put(struct pprof_stream *s, const Pprof__Profile *part);

/* Writes what is left. */
void pprof_stream_finish(struct pprof_stream *s);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Snapshots for tests: as text to be read, or as arrays straight away. */
#ifndef TESTS_UNIT_HEAP_IMAGE_H
#define TESTS_UNIT_HEAP_IMAGE_H

#include "heap/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The start of a file: meta of Node 24; what it counts follows. */
#define HEAP_META                                                                                  \
	"\"meta\":{\"node_fields\":[\"type\",\"name\",\"id\",\"self_size\",\"edge_count\","        \
	"\"detachedness\"],\"node_types\":[[\"hidden\",\"array\",\"string\",\"object\",\"code\","  \
	"\"closure\",\"regexp\",\"number\",\"native\",\"synthetic\",\"concatenated string\","      \
	"\"sliced string\",\"symbol\",\"bigint\",\"object shape\"],\"string\",\"number\","         \
	"\"number\",\"number\",\"number\"],\"edge_fields\":[\"type\",\"name_or_index\","           \
	"\"to_node\"],\"edge_types\":[[\"context\",\"element\",\"property\",\"internal\","         \
	"\"hidden\",\"shortcut\",\"weak\"],\"string_or_number\",\"node\"],"                        \
	"\"location_fields\":[\"object_index\",\"script_id\",\"line\",\"column\"]}"

/* A source of bytes in memory, in pieces of @piece. */
struct heap_bytes {
	const char *at;
	size_t len, piece;
};

static inline int heap_bytes_read(void *ctx, void *buf, size_t cap, size_t *ret_len)
{
	struct heap_bytes *b = ctx;
	size_t len = b->len < cap ? b->len : cap;

	if (b->piece && len > b->piece)
		len = b->piece;
	memcpy(buf, b->at, len);
	b->at += len;
	b->len -= len;
	*ret_len = len;
	return 0;
}

/* One object with what it leads to: edges are "TYPE:NAME>NODE", as numbers or words of strings. */
struct heap_writer {
	char *nodes, *edges, *strings;
	size_t nodes_len, edges_len, strings_len;
	FILE *node_out, *edge_out, *string_out;
	size_t node_count, edge_count, string_count, edges_due;
};

static inline void heap_writer_init(struct heap_writer *w)
{
	*w = (struct heap_writer){ 0 };
	w->node_out = open_memstream(&w->nodes, &w->nodes_len);
	w->edge_out = open_memstream(&w->edges, &w->edges_len);
	w->string_out = open_memstream(&w->strings, &w->strings_len);
	if (!w->node_out || !w->edge_out || !w->string_out)
		abort();
}

static inline size_t heap_writer_string(struct heap_writer *w, const char *text)
{
	(void)fprintf(w->string_out, "%s\"%s\"", w->string_count ? "," : "", text);
	return w->string_count++;
}

static inline void heap_writer_node(struct heap_writer *w, int type, const char *name,
				    unsigned int id, size_t size, size_t edges)
{
	(void)fprintf(w->node_out, "%s%d,%zu,%u,%zu,%zu,0", w->node_count++ ? "," : "", type,
		      heap_writer_string(w, name), id, size, edges);
}

/* @name: NULL for a number. */
static inline void heap_writer_edge(struct heap_writer *w, int type, const char *name,
				    size_t number, size_t to)
{
	(void)fprintf(w->edge_out, "%s%d,%zu,%zu", w->edge_count++ ? "," : "", type,
		      name ? heap_writer_string(w, name) : number, to * 6);
}

/* The whole file; the writer is done. @locations: numbers, "" for none. The caller frees it. */
static inline char *heap_writer_end(struct heap_writer *w, const char *locations)
{
	char *text = NULL;

	if (fclose(w->node_out) || fclose(w->edge_out) || fclose(w->string_out) ||
	    asprintf(&text,
		     "{\"snapshot\":{" HEAP_META ",\"node_count\":%zu,\"edge_count\":%zu,"
		     "\"trace_function_count\":0},\"nodes\":[%s],\"edges\":[%s],"
		     "\"trace_function_infos\":[],\"trace_tree\":[],\"samples\":[],"
		     "\"locations\":[%s],\"strings\":[%s]}",
		     w->node_count, w->edge_count, w->nodes, w->edges, locations, w->strings) < 0)
		abort();
	free(w->nodes);
	free(w->edges);
	free(w->strings);
	return text;
}

#endif

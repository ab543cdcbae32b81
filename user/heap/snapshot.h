/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A heap snapshot of V8 (Node, Chrome, Electron: .heapsnapshot) in compact arrays.
 *
 * Memory: 22 bytes per node, 9 per edge, 4 per string and the text of the strings; 16 for each
 * function with a place. Everything that is an index here was checked: it points to something.
 */
#ifndef HEAP_SNAPSHOT_H
#define HEAP_SNAPSHOT_H

#include "heap/json_scan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SNAPSHOT_NONE	  UINT32_MAX
#define SNAPSHOT_MAX	  (UINT32_MAX - 1) /* nodes, edges, strings, and bytes of their text */
#define SNAPSHOT_TYPES	  32		   /* kinds of nodes and of edges that a file may name */
#define SNAPSHOT_TYPE_LEN 32

enum node_type {
	NODE_HIDDEN,
	NODE_ARRAY,
	NODE_STRING,
	NODE_OBJECT,
	NODE_CODE,
	NODE_CLOSURE,
	NODE_REGEXP,
	NODE_NUMBER,
	NODE_NATIVE,
	NODE_SYNTHETIC,
	NODE_CONS_STRING,
	NODE_SLICED_STRING,
	NODE_SYMBOL,
	NODE_BIGINT,
	NODE_SHAPE,
	NODE_TYPES_KNOWN, /* and from here on what only the file names */
};

enum edge_type {
	EDGE_CONTEXT,
	EDGE_ELEMENT,
	EDGE_PROPERTY,
	EDGE_INTERNAL,
	EDGE_HIDDEN,
	EDGE_SHORTCUT,
	EDGE_WEAK,
	EDGE_TYPES_KNOWN,
	EDGE_TYPE_MASK = 0x3f,
	EDGE_IDLE = 0x40, /* it keeps nothing alive: retention.h sets it */
};

/* Is what the browser (or Node) made still part of a document? detached.h passes it on. */
enum node_link { LINK_UNKNOWN, LINK_ATTACHED, LINK_DETACHED };

/* Where a function stands in the source; lines and columns from 0. */
struct snapshot_place {
	uint32_t node, script, line, column;
};

struct snapshot {
	size_t node_count, edge_count, string_count, place_count;
	uint8_t *type;	/* enum node_type */
	uint8_t *link;	/* enum node_link */
	uint32_t *name; /* strings */
	uint32_t *id;
	uint64_t *size;	      /* shallow */
	uint32_t *first_edge; /* node_count + 1 of them */
	uint8_t *edge_type;   /* enum edge_type */
	uint32_t *edge_to;
	uint32_t *edge_name; /* a string, or for elements and hidden ones a number */
	uint32_t *string_at; /* in text */
	char *text;	     /* each string with a NUL behind it and none inside */
	size_t text_len;
	struct snapshot_place *places; /* by node */
	/* Names of kinds that we do not know, by type - NODE_TYPES_KNOWN. */
	char other_types[SNAPSHOT_TYPES][SNAPSHOT_TYPE_LEN];
	size_t other_type_count;
	size_t node_fields; /* a node's, in the file */
};

/* What was wrong with a file. */
struct snapshot_fault {
	uint64_t offset; /* in the uncompressed stream */
	const char *why; /* "has no comma between two values" */
};

/*
 * 0; -EBADMSG: damaged, or no snapshot; -E2BIG: over a limit; -ENOMEM; or what @source said. @s is
 * empty (zeroed), or one that is needed no more and whose memory is used again, which is cheaper
 * than new one; it is empty after a failure. Ended by snapshot_done.
 */
int snapshot_read(struct json_source source, struct snapshot *s, struct snapshot_fault *ret_fault);
void snapshot_done(struct snapshot *s);

static inline const char *snapshot_string(const struct snapshot *s, uint32_t string)
{
	return s->text + s->string_at[string];
}

/* Node 0 is where everything begins. */
static inline const char *snapshot_name(const struct snapshot *s, uint32_t node)
{
	return snapshot_string(s, s->name[node]);
}

static inline enum edge_type snapshot_edge_type(const struct snapshot *s, uint32_t edge)
{
	return (enum edge_type)(s->edge_type[edge] & EDGE_TYPE_MASK);
}

/* Is the edge's name a number? */
static inline bool snapshot_edge_is_numbered(const struct snapshot *s, uint32_t edge)
{
	enum edge_type t = snapshot_edge_type(s, edge);

	return t == EDGE_ELEMENT || t == EDGE_HIDDEN;
}

/* The name of an edge that has one, "" of the others. */
const char *snapshot_edge_name(const struct snapshot *s, uint32_t edge);

/* The node that edge @name of @node leads to, or SNAPSHOT_NONE. */
uint32_t snapshot_follow(const struct snapshot *s, uint32_t node, const char *name);

/* Where it stands in the source, or NULL. */
const struct snapshot_place *snapshot_place_of(const struct snapshot *s, uint32_t node);

#endif

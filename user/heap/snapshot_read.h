/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the parts of the snapshot reader share. */
#ifndef HEAP_SNAPSHOT_READ_H
#define HEAP_SNAPSHOT_READ_H

#include "heap/snapshot.h"

#define SNAPSHOT_MAX_FIELDS 16

/* Where in a record of numbers what is wanted stands; -1: nowhere. */
struct snapshot_layout {
	size_t node_fields, edge_fields, place_fields;
	int type, name, id, size, edge_count, link; /* link may be missing */
	int edge_type, edge_name, edge_to;
	int place_node, place_script, place_line, place_column;
	uint8_t node_types[SNAPSHOT_TYPES], edge_types[SNAPSHOT_TYPES]; /* the file's to ours */
	size_t node_type_count, edge_type_count;
	uint64_t nodes_said, edges_said; /* how many there are to be */
	bool is_known;
};

struct snapshot_reading {
	struct json_scan scan;
	struct snapshot_layout layout;
	struct snapshot *s;
	struct json_text text;
	size_t node_cap, edge_cap, string_cap, place_cap;
	uint64_t edges_due; /* that the nodes say they have */
	bool has_nodes, has_edges, has_strings;
};

/* The member "snapshot": what the numbers mean. 0 or as snapshot_read. */
int snapshot_read_meta(struct snapshot_reading *r);

/* The members that are arrays of numbers; the layout is known. */
int snapshot_read_nodes(struct snapshot_reading *r);
int snapshot_read_edges(struct snapshot_reading *r);
int snapshot_read_places(struct snapshot_reading *r);

#endif

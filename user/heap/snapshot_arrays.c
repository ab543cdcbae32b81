// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The arrays of numbers. They grow with what was read, never with what the file says is to come;
 * memory that was asked for and not yet touched costs nothing.
 */
#include "heap/snapshot_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 4096

/* Room for one more in an array of @size bytes each; @at is the array's address. */
static bool grow(void *at, size_t cap, size_t size)
{
	void *old, *grown;

	memcpy(&old, at, sizeof(old));
	grown = reallocarray(old, cap, size);
	if (grown)
		memcpy(at, &grown, sizeof(grown));
	return grown;
}

static size_t next_cap(size_t cap)
{
	return cap ? cap + cap / 2 : FIRST_CAP;
}

static int out_of_memory(struct snapshot_reading *r)
{
	return json_scan_fail(&r->scan, -ENOMEM, "out of memory");
}

static int start(struct snapshot_reading *r, bool *has)
{
	if (!r->layout.is_known)
		return json_scan_fail(&r->scan, -EBADMSG,
				      "has numbers before it says what they mean");
	if (*has)
		return json_scan_fail(&r->scan, -EBADMSG, "has the same array twice");
	*has = true;
	return json_scan_take(&r->scan, '[');
}

/* --- nodes ------------------------------------------------------------------------------------ */

static int grow_nodes(struct snapshot_reading *r)
{
	struct snapshot *s = r->s;
	size_t cap = next_cap(r->node_cap);

	if (s->node_count < r->node_cap)
		return 0;
	if (!grow(&s->type, cap, sizeof(*s->type)) || !grow(&s->link, cap, sizeof(*s->link)) ||
	    !grow(&s->name, cap, sizeof(*s->name)) || !grow(&s->id, cap, sizeof(*s->id)) ||
	    !grow(&s->size, cap, sizeof(*s->size)) ||
	    !grow(&s->first_edge, cap + 1, sizeof(*s->first_edge)))
		return out_of_memory(r);
	r->node_cap = cap;
	return 0;
}

static int add_node(struct snapshot_reading *r, const uint64_t *record)
{
	const struct snapshot_layout *l = &r->layout;
	struct snapshot *s = r->s;
	size_t n = s->node_count;
	int err = n < SNAPSHOT_MAX ? grow_nodes(r) : -E2BIG;

	if (err)
		return json_scan_fail(&r->scan, err, "has over 4 billion nodes");
	if (record[l->type] >= l->node_type_count)
		return json_scan_fail(&r->scan, -EBADMSG, "has a node of an unknown type");
	if (record[l->id] > UINT32_MAX || record[l->name] > UINT32_MAX)
		return json_scan_fail(&r->scan, -EBADMSG,
				      "has an id or a name of more than 32 bits");
	if (record[l->size] > INT64_MAX >> 16)
		return json_scan_fail(&r->scan, -EBADMSG, "has a size of more than 47 bits");
	if (record[l->edge_count] > SNAPSHOT_MAX - r->edges_due)
		return json_scan_fail(&r->scan, -E2BIG, "has over 4 billion edges");
	s->type[n] = l->node_types[record[l->type]];
	s->link[n] = LINK_UNKNOWN;
	if (l->link >= 0 && record[l->link] <= LINK_DETACHED)
		s->link[n] = (uint8_t)record[l->link];
	s->name[n] = (uint32_t)record[l->name];
	s->id[n] = (uint32_t)record[l->id];
	s->size[n] = record[l->size];
	s->first_edge[n] = (uint32_t)r->edges_due;
	r->edges_due += record[l->edge_count];
	s->node_count++;
	return 0;
}

int snapshot_read_nodes(struct snapshot_reading *r)
{
	uint64_t record[SNAPSHOT_MAX_FIELDS];
	bool is_first = true;
	int err = start(r, &r->has_nodes);

	while (!err &&
	       (err = json_scan_row(&r->scan, &is_first, record, r->layout.node_fields)) == 1)
		err = add_node(r, record);
	if (err)
		return err;
	if (!r->s->node_count)
		return json_scan_fail(&r->scan, -EBADMSG, "has no nodes");
	if (r->s->node_count != r->layout.nodes_said)
		return json_scan_fail(&r->scan, -EBADMSG, "has not as many nodes as it says");
	r->s->first_edge[r->s->node_count] = (uint32_t)r->edges_due;
	return 0;
}

/* --- edges ------------------------------------------------------------------------------------ */

static int grow_edges(struct snapshot_reading *r)
{
	struct snapshot *s = r->s;
	size_t cap = next_cap(r->edge_cap);

	if (s->edge_count < r->edge_cap)
		return 0;
	if (!grow(&s->edge_type, cap, sizeof(*s->edge_type)) ||
	    !grow(&s->edge_to, cap, sizeof(*s->edge_to)) ||
	    !grow(&s->edge_name, cap, sizeof(*s->edge_name)))
		return out_of_memory(r);
	r->edge_cap = cap;
	return 0;
}

static int add_edge(struct snapshot_reading *r, const uint64_t *record)
{
	const struct snapshot_layout *l = &r->layout;
	struct snapshot *s = r->s;
	uint64_t to = record[l->edge_to];
	int err = s->edge_count < r->edges_due ? grow_edges(r) : -EBADMSG;

	if (err)
		return json_scan_fail(&r->scan, err, "has more edges than its nodes say");
	if (record[l->edge_type] >= l->edge_type_count)
		return json_scan_fail(&r->scan, -EBADMSG, "has an edge of an unknown type");
	if (to % l->node_fields || to / l->node_fields >= s->node_count)
		return json_scan_fail(&r->scan, -EBADMSG, "has an edge that leads to no node");
	if (record[l->edge_name] > UINT32_MAX)
		return json_scan_fail(&r->scan, -EBADMSG, "has a name of more than 32 bits");
	s->edge_type[s->edge_count] = l->edge_types[record[l->edge_type]];
	s->edge_to[s->edge_count] = (uint32_t)(to / l->node_fields);
	s->edge_name[s->edge_count] = (uint32_t)record[l->edge_name];
	s->edge_count++;
	return 0;
}

int snapshot_read_edges(struct snapshot_reading *r)
{
	uint64_t record[SNAPSHOT_MAX_FIELDS];
	bool is_first = true;
	int err = start(r, &r->has_edges);

	if (!err && !r->has_nodes)
		return json_scan_fail(&r->scan, -EBADMSG, "has edges before its nodes");
	while (!err &&
	       (err = json_scan_row(&r->scan, &is_first, record, r->layout.edge_fields)) == 1)
		err = add_edge(r, record);
	if (err)
		return err;
	if (r->s->edge_count != r->edges_due || r->s->edge_count != r->layout.edges_said)
		return json_scan_fail(&r->scan, -EBADMSG, "has not as many edges as it says");
	return 0;
}

/* --- places ----------------------------------------------------------------------------------- */

static int add_place(struct snapshot_reading *r, const uint64_t *record)
{
	const struct snapshot_layout *l = &r->layout;
	struct snapshot *s = r->s;
	uint64_t node = record[l->place_node] / l->node_fields;
	size_t cap = next_cap(r->place_cap);

	if (record[l->place_node] % l->node_fields || node >= s->node_count)
		return json_scan_fail(&r->scan, -EBADMSG, "has a place of no node");
	if (record[l->place_script] > UINT32_MAX || record[l->place_line] > UINT32_MAX ||
	    record[l->place_column] > UINT32_MAX)
		return json_scan_fail(&r->scan, -EBADMSG, "has a place of more than 32 bits");
	if (s->place_count >= r->place_cap) {
		if (!grow(&s->places, cap, sizeof(*s->places)))
			return out_of_memory(r);
		r->place_cap = cap;
	}
	s->places[s->place_count++] = (struct snapshot_place){
		.node = (uint32_t)node,
		.script = (uint32_t)record[l->place_script],
		.line = (uint32_t)record[l->place_line],
		.column = (uint32_t)record[l->place_column],
	};
	return 0;
}

int snapshot_read_places(struct snapshot_reading *r)
{
	const struct snapshot_layout *l = &r->layout;
	uint64_t record[SNAPSHOT_MAX_FIELDS];
	bool is_first = true;
	int err;

	if (!r->has_nodes || !l->place_fields ||
	    (l->place_node | l->place_script | l->place_line | l->place_column) < 0)
		return json_scan_skip(&r->scan);
	err = json_scan_take(&r->scan, '[');
	while (!err && (err = json_scan_row(&r->scan, &is_first, record, l->place_fields)) == 1)
		err = add_place(r, record);
	return err;
}

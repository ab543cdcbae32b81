// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The layout of a snapshot, which differs from version to version: it is read, never assumed. */
#include "heap/snapshot_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME_LEN 64

static const char *const node_names[NODE_TYPES_KNOWN] = {
	[NODE_HIDDEN] = "hidden",
	[NODE_ARRAY] = "array",
	[NODE_STRING] = "string",
	[NODE_OBJECT] = "object",
	[NODE_CODE] = "code",
	[NODE_CLOSURE] = "closure",
	[NODE_REGEXP] = "regexp",
	[NODE_NUMBER] = "number",
	[NODE_NATIVE] = "native",
	[NODE_SYNTHETIC] = "synthetic",
	[NODE_CONS_STRING] = "concatenated string",
	[NODE_SLICED_STRING] = "sliced string",
	[NODE_SYMBOL] = "symbol",
	[NODE_BIGINT] = "bigint",
	[NODE_SHAPE] = "object shape",
};

static const char *const edge_names[EDGE_TYPES_KNOWN] = {
	[EDGE_CONTEXT] = "context",   [EDGE_ELEMENT] = "element", [EDGE_PROPERTY] = "property",
	[EDGE_INTERNAL] = "internal", [EDGE_HIDDEN] = "hidden",	  [EDGE_SHORTCUT] = "shortcut",
	[EDGE_WEAK] = "weak",
};

struct field {
	const char *name;
	int *at;
};

static size_t index_of(const char *name, const char *const *names, size_t count)
{
	size_t i = 0;

	while (i < count && strcmp(names[i], name) != 0)
		i++;
	return i;
}

static int read_word(struct json_scan *scan, char name[NAME_LEN])
{
	struct json_text text = { .max = 4096 };
	int err = json_scan_string(scan, &text);
	size_t len = text.len < NAME_LEN - 1 ? text.len : NAME_LEN - 1;

	if (!err && len)
		memcpy(name, text.at, len);
	name[err ? 0 : len] = '\0';
	free(text.at);
	return err;
}

/* ["type","name",...]: how many there are, and where those of @fields stand. */
static int read_fields(struct json_scan *scan, const struct field *fields, size_t *ret_count)
{
	bool is_first = true;
	size_t count = 0;
	int err = json_scan_take(scan, '[');

	for (const struct field *f = fields; f->name; f++)
		*f->at = -1;
	while (!err && (err = json_scan_more(scan, ']', &is_first)) == 1) {
		char name[NAME_LEN];

		if (count == SNAPSHOT_MAX_FIELDS)
			return json_scan_fail(scan, -E2BIG, "has records of too many fields");
		err = read_word(scan, name);
		for (const struct field *f = fields; !err && f->name; f++) {
			if (strcmp(f->name, name) == 0)
				*f->at = (int)count;
		}
		count++;
	}
	*ret_count = count;
	return err;
}

static uint8_t node_type_of(struct snapshot *s, const char *name)
{
	size_t type = index_of(name, node_names, NODE_TYPES_KNOWN);

	if (type < NODE_TYPES_KNOWN)
		return (uint8_t)type;
	memcpy(s->other_types[s->other_type_count], name, SNAPSHOT_TYPE_LEN - 1);
	return (uint8_t)(NODE_TYPES_KNOWN + s->other_type_count++);
}

static uint8_t edge_type_of(struct snapshot *s, const char *name)
{
	(void)s;
	return (uint8_t)index_of(name, edge_names, EDGE_TYPES_KNOWN);
}

/* [["hidden","array",...],"string",...]: only the first element tells what types there are. */
static int read_types(struct snapshot_reading *r, uint8_t types[SNAPSHOT_TYPES],
		      uint8_t (*type_of)(struct snapshot *, const char *), size_t *ret_count)
{
	bool is_first = true, is_first_name = true;
	size_t count = 0;
	int err = json_scan_take(&r->scan, '[');

	if (err || (err = json_scan_more(&r->scan, ']', &is_first)) != 1)
		return err;
	err = json_scan_take(&r->scan, '[');
	while (!err && (err = json_scan_more(&r->scan, ']', &is_first_name)) == 1) {
		char name[NAME_LEN];

		if (count == SNAPSHOT_TYPES)
			return json_scan_fail(&r->scan, -E2BIG, "has too many types");
		err = read_word(&r->scan, name);
		if (!err)
			types[count++] = type_of(r->s, name);
	}
	while (!err && (err = json_scan_more(&r->scan, ']', &is_first)) == 1)
		err = json_scan_skip(&r->scan);
	*ret_count = count;
	return err;
}

static int read_meta_member(struct snapshot_reading *r, const char *key)
{
	struct snapshot_layout *l = &r->layout;
	const struct field node[] = { { "type", &l->type },
				      { "name", &l->name },
				      { "id", &l->id },
				      { "self_size", &l->size },
				      { "edge_count", &l->edge_count },
				      { "detachedness", &l->link },
				      { NULL, NULL } };
	const struct field edge[] = { { "type", &l->edge_type },
				      { "name_or_index", &l->edge_name },
				      { "to_node", &l->edge_to },
				      { NULL, NULL } };
	const struct field place[] = { { "object_index", &l->place_node },
				       { "script_id", &l->place_script },
				       { "line", &l->place_line },
				       { "column", &l->place_column },
				       { NULL, NULL } };

	if (strcmp(key, "node_fields") == 0)
		return read_fields(&r->scan, node, &l->node_fields);
	if (strcmp(key, "edge_fields") == 0)
		return read_fields(&r->scan, edge, &l->edge_fields);
	if (strcmp(key, "location_fields") == 0)
		return read_fields(&r->scan, place, &l->place_fields);
	if (strcmp(key, "node_types") == 0) {
		if (l->node_type_count)
			return json_scan_fail(&r->scan, -EBADMSG, "names its types twice");
		return read_types(r, l->node_types, node_type_of, &l->node_type_count);
	}
	if (strcmp(key, "edge_types") == 0)
		return read_types(r, l->edge_types, edge_type_of, &l->edge_type_count);
	return json_scan_skip(&r->scan);
}

static int read_meta(struct snapshot_reading *r)
{
	bool is_first = true;
	int err = json_scan_take(&r->scan, '{');

	while (!err && (err = json_scan_more(&r->scan, '}', &is_first)) == 1) {
		char key[NAME_LEN];

		err = json_scan_key(&r->scan, key, sizeof(key));
		if (!err)
			err = read_meta_member(r, key);
	}
	return err;
}

static int check(struct snapshot_reading *r)
{
	const struct snapshot_layout *l = &r->layout;

	if (!l->node_fields || !l->edge_fields || !l->node_type_count || !l->edge_type_count ||
	    (l->type | l->name | l->id | l->size | l->edge_count) < 0 ||
	    (l->edge_type | l->edge_name | l->edge_to) < 0)
		return json_scan_fail(&r->scan, -EBADMSG,
				      "does not say what its nodes and edges are");
	if (l->nodes_said > SNAPSHOT_MAX || l->edges_said > SNAPSHOT_MAX)
		return json_scan_fail(&r->scan, -E2BIG, "has over 4 billion nodes or edges");
	r->layout.is_known = true;
	r->s->node_fields = l->node_fields;
	return 0;
}

int snapshot_read_meta(struct snapshot_reading *r)
{
	bool is_first = true;
	int err;

	if (r->layout.is_known)
		return json_scan_fail(&r->scan, -EBADMSG, "has two members \"snapshot\"");
	err = json_scan_take(&r->scan, '{');
	while (!err && (err = json_scan_more(&r->scan, '}', &is_first)) == 1) {
		char key[NAME_LEN];

		err = json_scan_key(&r->scan, key, sizeof(key));
		if (err)
			break;
		if (strcmp(key, "meta") == 0)
			err = read_meta(r);
		else if (strcmp(key, "node_count") == 0)
			err = json_scan_u64(&r->scan, &r->layout.nodes_said);
		else if (strcmp(key, "edge_count") == 0)
			err = json_scan_u64(&r->scan, &r->layout.edges_said);
		else
			err = json_scan_skip(&r->scan);
	}
	return err ? err : check(r);
}

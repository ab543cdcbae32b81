// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The file as a whole, its strings, and what is asked of a snapshot. */
#include "heap/snapshot.h"

#include "heap/snapshot_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KEY_LEN 64

/* --- strings ---------------------------------------------------------------------------------- */

static int add_string(struct snapshot_reading *r)
{
	struct snapshot *s = r->s;
	if (s->string_count == r->string_cap) {
		size_t cap = r->string_cap ? r->string_cap + r->string_cap / 2 : 1024;
		uint32_t *grown = reallocarray(s->string_at, cap, sizeof(*grown));

		if (!grown)
			return json_scan_fail(&r->scan, -ENOMEM, "out of memory");
		s->string_at = grown;
		r->string_cap = cap;
	}
	s->string_at[s->string_count++] = (uint32_t)r->text.len;
	return json_scan_string(&r->scan, &r->text);
}

static int end_string(struct snapshot_reading *r)
{
	char *grown;

	if (r->text.len >= r->text.max)
		return json_scan_fail(&r->scan, -E2BIG, "has over 4 GiB of text");
	if (r->text.len == r->text.cap) {
		size_t cap = r->text.cap ? r->text.cap + r->text.cap / 2 : 256;

		grown = realloc(r->text.at, cap);
		if (!grown)
			return json_scan_fail(&r->scan, -ENOMEM, "out of memory");
		r->text.at = grown;
		r->text.cap = cap;
	}
	r->text.at[r->text.len++] = '\0';
	return 0;
}

static int read_strings(struct snapshot_reading *r)
{
	bool is_first = true;
	int err;

	if (r->has_strings)
		return json_scan_fail(&r->scan, -EBADMSG, "has the same array twice");
	r->has_strings = true;
	r->text.max = SNAPSHOT_MAX;
	err = json_scan_take(&r->scan, '[');
	while (!err && (err = json_scan_more(&r->scan, ']', &is_first)) == 1) {
		err = add_string(r);
		if (!err)
			err = end_string(r);
	}
	return err;
}

/* --- the whole -------------------------------------------------------------------------------- */

static int read_member(struct snapshot_reading *r, const char *key)
{
	if (strcmp(key, "snapshot") == 0)
		return snapshot_read_meta(r);
	if (strcmp(key, "nodes") == 0)
		return snapshot_read_nodes(r);
	if (strcmp(key, "edges") == 0)
		return snapshot_read_edges(r);
	if (strcmp(key, "locations") == 0)
		return snapshot_read_places(r);
	if (strcmp(key, "strings") == 0)
		return read_strings(r);
	return json_scan_skip(&r->scan);
}

static int check_names(struct snapshot_reading *r)
{
	const struct snapshot *s = r->s;

	for (size_t n = 0; n < s->node_count; n++) {
		if (s->name[n] >= s->string_count)
			return json_scan_fail(&r->scan, -EBADMSG,
					      "has a node whose name is not among its strings");
	}
	for (uint32_t e = 0; e < s->edge_count; e++) {
		if (!snapshot_edge_is_numbered(s, e) && s->edge_name[e] >= s->string_count)
			return json_scan_fail(&r->scan, -EBADMSG,
					      "has an edge whose name is not among its strings");
	}
	return 0;
}

static int by_node(const void *a, const void *b)
{
	const struct snapshot_place *x = a, *y = b;

	return (x->node > y->node) - (x->node < y->node);
}

static int read_members(struct snapshot_reading *r)
{
	bool is_first = true;
	int err = json_scan_take(&r->scan, '{');

	while (!err && (err = json_scan_more(&r->scan, '}', &is_first)) == 1) {
		char key[KEY_LEN];

		err = json_scan_key(&r->scan, key, sizeof(key));
		if (!err)
			err = read_member(r, key);
	}
	if (!err)
		err = json_scan_end(&r->scan);
	if (err)
		return err;
	if (!r->has_nodes || !r->has_edges || !r->has_strings)
		return json_scan_fail(&r->scan, -EBADMSG, "has no nodes, edges or strings");
	return check_names(r);
}

/* What was asked for in advance is given back. A failure leaves the larger array. */
static void trim(void *at, size_t count, size_t size)
{
	void *old, *fit;

	memcpy(&old, at, sizeof(old));
	fit = reallocarray(old, count ? count : 1, size);
	if (fit)
		memcpy(at, &fit, sizeof(fit));
}

static void settle(struct snapshot_reading *r)
{
	struct snapshot *s = r->s;

	trim(&s->type, s->node_count, sizeof(*s->type));
	trim(&s->link, s->node_count, sizeof(*s->link));
	trim(&s->name, s->node_count, sizeof(*s->name));
	trim(&s->id, s->node_count, sizeof(*s->id));
	trim(&s->size, s->node_count, sizeof(*s->size));
	trim(&s->first_edge, s->node_count + 1, sizeof(*s->first_edge));
	trim(&s->edge_type, s->edge_count, sizeof(*s->edge_type));
	trim(&s->edge_to, s->edge_count, sizeof(*s->edge_to));
	trim(&s->edge_name, s->edge_count, sizeof(*s->edge_name));
	trim(&s->string_at, s->string_count, sizeof(*s->string_at));
	trim(&s->text, r->text.len, 1);
	if (s->place_count)
		qsort(s->places, s->place_count, sizeof(*s->places), by_node);
}

/* What @s has room for becomes room for the next one. */
static void recycle(struct snapshot_reading *r)
{
	struct snapshot *s = r->s;

	r->node_cap = s->node_count;
	r->edge_cap = s->edge_count;
	r->string_cap = s->string_count;
	r->place_cap = s->place_count;
	r->text = (struct json_text){ .at = s->text, .cap = s->text_len };
	s->node_count = s->edge_count = s->string_count = s->place_count = 0;
	s->other_type_count = 0;
	s->text = NULL;
}

int snapshot_read(struct json_source source, struct snapshot *s, struct snapshot_fault *ret_fault)
{
	struct snapshot_reading r = { .s = s };
	int err = json_scan_init(&r.scan, source);

	recycle(&r);
	if (!err)
		err = read_members(&r);
	s->text = r.text.at;
	s->text_len = r.text.len;
	*ret_fault =
		(struct snapshot_fault){ .offset = json_scan_offset(&r.scan), .why = r.scan.why };
	if (err)
		snapshot_done(s);
	else
		settle(&r);
	json_scan_done(&r.scan);
	return err;
}

void snapshot_done(struct snapshot *s)
{
	free(s->type);
	free(s->link);
	free(s->name);
	free(s->id);
	free(s->size);
	free(s->first_edge);
	free(s->edge_type);
	free(s->edge_to);
	free(s->edge_name);
	free(s->string_at);
	free(s->text);
	free(s->places);
	*s = (struct snapshot){ 0 };
}

/* --- questions -------------------------------------------------------------------------------- */

const char *snapshot_edge_name(const struct snapshot *s, uint32_t edge)
{
	return snapshot_edge_is_numbered(s, edge) ? "" : snapshot_string(s, s->edge_name[edge]);
}

uint32_t snapshot_follow(const struct snapshot *s, uint32_t node, const char *name)
{
	for (uint32_t e = s->first_edge[node]; e < s->first_edge[node + 1]; e++) {
		if (strcmp(snapshot_edge_name(s, e), name) == 0)
			return s->edge_to[e];
	}
	return SNAPSHOT_NONE;
}

const struct snapshot_place *snapshot_place_of(const struct snapshot *s, uint32_t node)
{
	const struct snapshot_place key = { .node = node };

	if (!s->place_count)
		return NULL;
	return bsearch(&key, s->places, s->place_count, sizeof(key), by_node);
}

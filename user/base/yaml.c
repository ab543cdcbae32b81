// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * libyaml's events become a tree; what is open is a stack of a fixed depth. Nothing here recurses,
 * and nothing is allocated by what the file claims.
 */
#include "base/yaml.h"

#include "base/arena.h"
#include "base/parse.h"
#include "base/scope.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct yaml_tree {
	struct arena arena;
	const struct yaml_value *root;
};

struct reading {
	struct yaml_tree *tree;
	struct yaml_fault *fault;
	struct yaml_value *open[YAML_DEPTH_MAX]; /* lists and maps whose end has not come */
	struct yaml_value *newest[YAML_DEPTH_MAX];
	size_t depth;
	size_t values;
	const char *key; /* of a map's entry whose value is due */
	unsigned int key_line;
	bool is_done;
};

static int refuse_line(struct yaml_fault *fault, unsigned int line, const char *what)
{
	fault->line = line;
	(void)snprintf(fault->text, sizeof(fault->text), "%s", what);
	return -EBADMSG;
}

static unsigned int line_of(const yaml_event_t *event)
{
	return (unsigned int)event->start_mark.line + 1;
}

static const char *keep_text(struct reading *r, const yaml_event_t *event)
{
	size_t len = event->data.scalar.length;
	char *copy = arena_alloc(&r->tree->arena, len + 1);

	if (copy) {
		memcpy(copy, event->data.scalar.value, len);
		copy[len] = '\0';
	}
	return copy;
}

/* --- one event ------------------------------------------------------------------------------ */

/* The value's place in what is open, or as the root. */
static int put_value(struct reading *r, struct yaml_value *v)
{
	struct yaml_value *in = r->depth ? r->open[r->depth - 1] : NULL;
	struct yaml_value **newest = r->depth ? &r->newest[r->depth - 1] : NULL;

	if (!in) {
		r->tree->root = v;
		return 0;
	}
	if (in->kind == YAML_MAP) {
		const struct yaml_value twice = {
			.kind = YAML_NULL, .line = r->key_line, .key = r->key, .text = ""
		};

		if (yaml_value_get(in,
				   r->key)) /* what it says may be a secret, and is not the fault */
			return yaml_value_refuse(&twice, r->fault, "is there twice");
		v->key = r->key;
		v->line = r->key_line;
		r->key = NULL;
	}
	if (*newest)
		(*newest)->next = v;
	else
		in->first = v;
	*newest = v;
	in->count++;
	return 0;
}

static int add_value(struct reading *r, const yaml_event_t *event, enum yaml_kind kind,
		     const char *text)
{
	struct yaml_value *v;
	int err;

	if (++r->values > YAML_VALUES_MAX)
		return refuse_line(r->fault, line_of(event), "too many values for this file");
	if (kind >= YAML_LIST && r->depth == YAML_DEPTH_MAX)
		return refuse_line(r->fault, line_of(event), "nested too deeply");
	v = arena_alloc(&r->tree->arena, sizeof(*v));
	if (!v)
		return -ENOMEM;
	*v = (struct yaml_value){ .kind = kind, .line = line_of(event), .text = text };
	err = put_value(r, v);
	if (!err && kind >= YAML_LIST) {
		r->open[r->depth] = v;
		r->newest[r->depth++] = NULL;
	}
	return err;
}

static bool is_null(const yaml_event_t *event)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL" };
	const char *text = (const char *)event->data.scalar.value;

	return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       parse_word(text, words, sizeof(words) / sizeof(*words)) >= 0;
}

static bool is_key_due(const struct reading *r)
{
	return r->depth && r->open[r->depth - 1]->kind == YAML_MAP && !r->key;
}

static int take_scalar(struct reading *r, const yaml_event_t *event)
{
	const char *text;

	if (memchr(event->data.scalar.value, '\0', event->data.scalar.length))
		return refuse_line(r->fault, line_of(event), "a text with a NUL in it");
	text = keep_text(r, event);
	if (!text)
		return -ENOMEM;
	if (is_key_due(r)) {
		r->key = text;
		r->key_line = line_of(event);
		return 0;
	}
	if (is_null(event))
		return add_value(r, event, YAML_NULL, "");
	return add_value(r, event, YAML_TEXT, text);
}

static bool has_extras(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_ALIAS_EVENT:
		return true;
	case YAML_SCALAR_EVENT:
		return event->data.scalar.anchor || event->data.scalar.tag;
	case YAML_SEQUENCE_START_EVENT:
		return event->data.sequence_start.anchor || event->data.sequence_start.tag;
	case YAML_MAPPING_START_EVENT:
		return event->data.mapping_start.anchor || event->data.mapping_start.tag;
	default:
		return false;
	}
}

static int open_value(struct reading *r, const yaml_event_t *event, enum yaml_kind kind)
{
	if (is_key_due(r))
		return refuse_line(r->fault, line_of(event), "a key that is no text");
	return add_value(r, event, kind, "");
}

static int take_event(struct reading *r, const yaml_event_t *event)
{
	if (has_extras(event))
		return refuse_line(r->fault, line_of(event),
				   "anchors, aliases and tags (& * !) are not read here");
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (r->tree->root)
			return refuse_line(r->fault, line_of(event), "a second document");
		return 0;
	case YAML_SCALAR_EVENT:
		return take_scalar(r, event);
	case YAML_SEQUENCE_START_EVENT:
		return open_value(r, event, YAML_LIST);
	case YAML_MAPPING_START_EVENT:
		return open_value(r, event, YAML_MAP);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		r->depth--;
		return 0;
	case YAML_STREAM_END_EVENT:
		r->is_done = true;
		return 0;
	default:
		return 0;
	}
}

/* --- the whole file ------------------------------------------------------------------------- */

static int refuse_syntax(const yaml_parser_t *parser, struct yaml_fault *fault)
{
	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	fault->line = (unsigned int)parser->problem_mark.line + 1;
	(void)snprintf(fault->text, sizeof(fault->text), "not YAML: %s",
		       parser->problem ? parser->problem : "cannot be read");
	return -EBADMSG;
}

static int read_events(yaml_parser_t *parser, struct reading *r)
{
	int err = 0;

	while (!err && !r->is_done) {
		yaml_event_t event;

		if (!yaml_parser_parse(parser, &event))
			return refuse_syntax(parser, r->fault);
		err = take_event(r, &event);
		yaml_event_delete(&event);
	}
	return err;
}

static int read_file(const struct bytes *file, struct reading *r)
{
	yaml_parser_t parser;
	int err;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&parser, file->at, file->len);
	err = read_events(&parser, r);
	yaml_parser_delete(&parser);
	return err;
}

int yaml_tree_read(const struct bytes *file, struct yaml_tree **ret_tree,
		   struct yaml_fault *ret_fault)
{
	static const struct yaml_value nothing = { .kind = YAML_NULL, .line = 1, .text = "" };
	_release_(yaml_tree_freep) struct yaml_tree *tree = NULL;
	struct reading r = { .fault = ret_fault };
	int err;

	if (file->len > YAML_BYTES_MAX)
		return refuse_line(ret_fault, 0, "larger than 64 KiB");
	tree = calloc(1, sizeof(*tree));
	if (!tree)
		return -ENOMEM;
	r.tree = tree;
	err = read_file(file, &r);
	if (err)
		return err;
	if (!tree->root)
		tree->root = &nothing;
	*ret_tree = tree;
	tree = NULL;
	return 0;
}

void yaml_tree_free(struct yaml_tree *tree)
{
	if (!tree)
		return;
	arena_done(&tree->arena);
	free(tree);
}

void yaml_tree_freep(struct yaml_tree **tree)
{
	yaml_tree_free(*tree);
}

const struct yaml_value *yaml_tree_root(const struct yaml_tree *tree)
{
	return tree->root;
}

/* --- what readers of the tree use ----------------------------------------------------------- */

const struct yaml_value *yaml_value_get(const struct yaml_value *map, const char *key)
{
	if (map->kind != YAML_MAP)
		return NULL;
	for (const struct yaml_value *v = map->first; v; v = v->next)
		if (strcmp(v->key, key) == 0)
			return v;
	return NULL;
}

int yaml_value_refuse(const struct yaml_value *v, struct yaml_fault *fault, const char *format, ...)
{
	char what[384];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	fault->line = v->line;
	(void)snprintf(fault->text, sizeof(fault->text), "%s%.40s%s%s%.40s%s%s",
		       v->key ? "key \"" : "", v->key ? v->key : "", v->key ? "\": " : "",
		       v->kind == YAML_TEXT ? "\"" : "", v->text,
		       v->kind == YAML_TEXT ? "\": " : "", what);
	return -EBADMSG;
}

static const struct yaml_field *field_of(const struct yaml_field *fields, size_t count,
					 const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(fields[i].key, key) == 0)
			return &fields[i];
	return NULL;
}

static int refuse_key(const struct yaml_value *v, const struct yaml_field *fields, size_t count,
		      struct yaml_fault *fault)
{
	struct yaml_value without_text = {
		.kind = YAML_NULL, .line = v->line, .key = v->key, .text = ""
	};
	char known[256] = "";
	size_t len = 0;

	for (size_t i = 0; i < count && len < sizeof(known); i++) {
		int added = snprintf(known + len, sizeof(known) - len, "%s%s", i ? ", " : "",
				     fields[i].key);

		len += added > 0 ? (size_t)added : 0;
	}
	return yaml_value_refuse(&without_text, fault, "not known here; allowed: %s", known);
}

int yaml_value_read_map(const struct yaml_value *map, const struct yaml_field *fields,
			size_t field_count, void *ctx, struct yaml_fault *fault)
{
	if (map->kind != YAML_MAP && map->kind != YAML_NULL)
		return yaml_value_refuse(map, fault, "not a map (key: value)");
	for (const struct yaml_value *v = map->first; v; v = v->next) {
		const struct yaml_field *field = field_of(fields, field_count, v->key);
		int err = field ? field->read(v, ctx, fault)
				: refuse_key(v, fields, field_count, fault);

		if (err)
			return err;
	}
	return 0;
}

int yaml_value_read_list(const struct yaml_value *list,
			 int (*read)(const struct yaml_value *v, void *ctx,
				     struct yaml_fault *fault),
			 void *ctx, struct yaml_fault *fault)
{
	if (list->kind != YAML_LIST && list->kind != YAML_NULL)
		return yaml_value_refuse(list, fault, "not a list (- value, or [value, value])");
	for (const struct yaml_value *v = list->first; v; v = v->next) {
		int err = read(v, ctx, fault);

		if (err)
			return err;
	}
	return 0;
}

int yaml_value_text(const struct yaml_value *v, const char **ret_text, struct yaml_fault *fault)
{
	if (v->kind != YAML_TEXT)
		return yaml_value_refuse(v, fault, "not a text");
	*ret_text = v->text;
	return 0;
}

int yaml_value_bool(const struct yaml_value *v, bool *ret_is, struct yaml_fault *fault)
{
	static const char *const words[] = { "false", "true" };
	int which = v->kind == YAML_TEXT ? parse_word(v->text, words, 2) : -EINVAL;

	if (which < 0)
		return yaml_value_refuse(v, fault, "not true or false");
	*ret_is = which == 1;
	return 0;
}

static int put_number(const struct yaml_value *v, const struct yaml_range *range, uint64_t value,
		      uint64_t *ret_value)
{
	if (v->kind != YAML_TEXT || value < range->min || value > range->max)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

int yaml_value_u64(const struct yaml_value *v, const struct yaml_range *range, uint64_t *ret_value,
		   struct yaml_fault *fault)
{
	uint64_t value = 0;

	if (parse_u64(v->text, range->max, &value) || put_number(v, range, value, ret_value))
		return yaml_value_refuse(v, fault, "not %s", range->allowed);
	return 0;
}

int yaml_value_duration(const struct yaml_value *v, const struct yaml_range *range,
			uint64_t *ret_ns, struct yaml_fault *fault)
{
	size_t len = strlen(v->text);
	uint64_t ns = 0;

	if (len == 0 || strchr("0123456789.", v->text[len - 1]) ||
	    parse_duration_ns(v->text, &ns) || put_number(v, range, ns, ret_ns))
		return yaml_value_refuse(v, fault, "not %s", range->allowed);
	return 0;
}

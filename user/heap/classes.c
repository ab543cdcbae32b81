// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A class is looked up once for each string of a snapshot that names one. */
#include "heap/classes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char detached[] = "Detached <";

static const char *const names[NODE_TYPES_KNOWN] = {
	[NODE_HIDDEN] = "(system)",
	[NODE_ARRAY] = "(array)",
	[NODE_STRING] = "(string)",
	[NODE_CODE] = "(compiled code)",
	[NODE_CLOSURE] = "Function",
	[NODE_REGEXP] = "RegExp",
	[NODE_NUMBER] = "(number)",
	[NODE_SYNTHETIC] = "(synthetic)",
	[NODE_CONS_STRING] = "(concatenated string)",
	[NODE_SLICED_STRING] = "(sliced string)",
	[NODE_SYMBOL] = "(symbol)",
	[NODE_BIGINT] = "(bigint)",
	[NODE_SHAPE] = "(object shape)",
};

static bool is_internal_type(unsigned int type)
{
	return type == NODE_HIDDEN || type == NODE_CODE || type == NODE_SHAPE ||
	       type == NODE_SYNTHETIC;
}

void classes_done(struct classes *c)
{
	strings_done(&c->names);
	free(c->is_internal);
	c->is_internal = NULL;
	c->internal_cap = 0;
}

static int set_internal(struct classes *c, uint32_t class)
{
	size_t cap = (size_t) class + 16;
	bool *grown;

	if (class >= c->internal_cap) {
		grown = realloc(c->is_internal, cap * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		memset(grown + c->internal_cap, 0, (cap - c->internal_cap) * sizeof(*grown));
		c->is_internal = grown;
		c->internal_cap = cap;
	}
	c->is_internal[class] = true;
	return 0;
}

/* The classes of the types whose objects are not told apart by name. */
static int add_types(struct classes *c, const struct snapshot *s, uint32_t *of_type)
{
	size_t count = NODE_TYPES_KNOWN + s->other_type_count;
	int err = 0;

	for (size_t t = 0; t < count && !err; t++) {
		char other[SNAPSHOT_TYPE_LEN + 3];
		const char *name = other;

		if (t < NODE_TYPES_KNOWN)
			name = names[t];
		else
			(void)snprintf(other, sizeof(other), "(%s)",
				       s->other_types[t - NODE_TYPES_KNOWN]);
		if (!name)
			continue; /* objects and natives: by their own names */
		err = strings_add(&c->names, name, &of_type[t]);
		if (!err && is_internal_type((unsigned int)t))
			err = set_internal(c, of_type[t]);
	}
	return err;
}

/* Of "<div id=a>" only "<div>" is the class. */
static int add_name(struct classes *c, const char *name, uint32_t *ret_class)
{
	char element[TEXT_MAX];
	const char *blank = NULL;

	if (name[0] == '<')
		blank = strchr(name, ' ');
	else if (strncmp(name, detached, sizeof(detached) - 1) == 0)
		blank = strchr(name + sizeof(detached) - 1, ' ');
	if (blank && (size_t)(blank - name) < sizeof(element) - 1) {
		(void)snprintf(element, sizeof(element), "%.*s>", (int)(blank - name), name);
		name = element;
	}
	return strings_add(&c->names, name, ret_class);
}

static int add_detached(struct classes *c, const char *name, uint32_t *ret_class)
{
	char text[TEXT_MAX];

	(void)snprintf(text, sizeof(text), "Detached %s", name);
	return add_name(c, text, ret_class);
}

int classes_of(struct classes *c, const struct snapshot *s, uint32_t **ret_class)
{
	uint32_t of_type[NODE_TYPES_KNOWN + SNAPSHOT_TYPES];
	uint32_t *class = reallocarray(NULL, s->node_count, sizeof(*class));
	uint32_t *of_string = reallocarray(NULL, s->string_count, 2 * sizeof(*of_string));
	int err = class && of_string ? add_types(c, s, of_type) : -ENOMEM;

	for (size_t i = 0; !err && i < 2 * s->string_count; i++)
		of_string[i] = SNAPSHOT_NONE;
	for (size_t n = 0; !err && n < s->node_count; n++) {
		bool is_detached = s->type[n] == NODE_NATIVE && s->link[n] == LINK_DETACHED;
		uint32_t *known = &of_string[2 * (size_t)s->name[n] + is_detached];

		if (s->type[n] != NODE_OBJECT && s->type[n] != NODE_NATIVE) {
			class[n] = of_type[s->type[n]];
			continue;
		}
		if (*known == SNAPSHOT_NONE)
			err = is_detached ? add_detached(c, snapshot_name(s, n), known)
					  : add_name(c, snapshot_name(s, n), known);
		class[n] = *known;
	}
	free(of_string);
	if (err)
		free(class);
	else
		*ret_class = class;
	return err;
}

int classes_of_root(struct classes *c, const struct snapshot *s, uint32_t node, uint32_t *class)
{
	if (s->type[node] != NODE_SYNTHETIC || !snapshot_name(s, node)[0])
		return 0;
	return strings_add(&c->names, snapshot_name(s, node), class);
}

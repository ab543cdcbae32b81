/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Configuration files in YAML, read by libyaml into a small tree that knows its lines. A subset on
 * purpose: no anchors, aliases, tags or further documents, no key twice, and limits on everything,
 * so that what is read is what a person sees in the file. Whoever reads the tree says what is
 * allowed by tables of keys; every refusal has the same form:
 *
 *	FILE:LINE: key "interval": "5": not a duration from 1s to 5m
 *
 * (Functions are called yaml_tree_... and yaml_value_..., since libyaml's own have the rest.)
 */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include "base/bytes.h"

#include <stdbool.h>

#define YAML_BYTES_MAX	65536 /* of a file */
#define YAML_DEPTH_MAX	16
#define YAML_VALUES_MAX 4096

enum yaml_kind {
	YAML_NULL, /* nothing, or a plain ~ or null */
	YAML_TEXT,
	YAML_LIST,
	YAML_MAP,
};

struct yaml_value {
	enum yaml_kind kind;
	unsigned int line; /* where it stands, from 1; of a map's entry, where its key does */
	const char *key;   /* of a map's entry, else NULL */
	const char *text;  /* UTF-8 without NUL; "" unless it is a YAML_TEXT */
	struct yaml_value *first, *next; /* what is in it, in the file's order; its neighbour */
	size_t count;			 /* of what is in it */
};

/* What is wrong, for one line "FILE:LINE: TEXT"; line 0 when it is of no line. */
struct yaml_fault {
	unsigned int line;
	char text[512];
};

struct yaml_tree;

/*
 * 0 and a tree of its own memory; -EBADMSG: @ret_fault says why; -ENOMEM. A file without a value is
 * a tree whose root is a YAML_NULL.
 */
int yaml_tree_read(const struct bytes *file, struct yaml_tree **ret_tree,
		   struct yaml_fault *ret_fault);
void yaml_tree_free(struct yaml_tree *tree);
void yaml_tree_freep(struct yaml_tree **tree);

/* Never NULL; lives as long as the tree. */
const struct yaml_value *yaml_tree_root(const struct yaml_tree *tree);

/* The entry of @map (anything else has none), or NULL. */
const struct yaml_value *yaml_value_get(const struct yaml_value *map, const char *key);

/* Fills @fault with @v's line, key and text and with what is allowed; returns -EBADMSG. */
int yaml_value_refuse(const struct yaml_value *v, struct yaml_fault *fault, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* One key that a map may have: @read takes its value to @ctx; 0, -ENOMEM, or -EBADMSG with @fault
 * filled. */
struct yaml_field {
	const char *key;
	int (*read)(const struct yaml_value *v, void *ctx, struct yaml_fault *fault);
};

/*
 * Reads each entry of @map by its field, in the file's order. Nothing (YAML_NULL) is an empty map;
 * a key that is not in @fields, or what is no map, is refused. 0, -EBADMSG or what a field gave.
 */
int yaml_value_read_map(const struct yaml_value *map, const struct yaml_field *fields,
			size_t field_count, void *ctx, struct yaml_fault *fault);

/* @read for every entry of a list, in order; what is no list is refused. Nothing is an empty one.
 */
int yaml_value_read_list(const struct yaml_value *list,
			 int (*read)(const struct yaml_value *v, void *ctx,
				     struct yaml_fault *fault),
			 void *ctx, struct yaml_fault *fault);

/* What a number may be. @allowed says it: "a duration from 1s to 5m (10s, 1m)". */
struct yaml_range {
	uint64_t min, max;
	const char *allowed;
};

/* Scalars. 0, or -EBADMSG with @fault filled; *ret_ is untouched then. */
int yaml_value_text(const struct yaml_value *v, const char **ret_text, struct yaml_fault *fault);
int yaml_value_bool(const struct yaml_value *v, bool *ret_is, struct yaml_fault *fault);
int yaml_value_u64(const struct yaml_value *v, const struct yaml_range *range, uint64_t *ret_value,
		   struct yaml_fault *fault);
/* In ns, always with its unit ("5s", "20ms"): a bare number would leave the reader to guess it. */
int yaml_value_duration(const struct yaml_value *v, const struct yaml_range *range,
			uint64_t *ret_ns, struct yaml_fault *fault);

#endif

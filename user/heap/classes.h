/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What objects are called in tables: by their constructor, "(string)", "(array)", "Function" ... as
 * Chrome's DevTools call them. The same name is the same class in all snapshots that are read into
 * one struct classes.
 */
#ifndef HEAP_CLASSES_H
#define HEAP_CLASSES_H

#include "base/strings.h"
#include "base/text.h"
#include "heap/snapshot.h"

/* Zeroed at birth, ended by classes_done; it must not move in between. */
struct classes {
	struct strings names; /* clean */
	/* Is it V8's own: code, shapes, roots? By class, as far as something was found to be. */
	bool *is_internal;
	size_t internal_cap;
};

void classes_done(struct classes *c);

/* The class of each node; the array is the caller's to free. 0 or -ENOMEM. */
int classes_of(struct classes *c, const struct snapshot *s, uint32_t **ret_class);

/*
 * What to call @node of class @class where roots are told apart: "(GC roots)", "(Handle scope)" ...
 * instead of "(synthetic)". 0 or -ENOMEM.
 */
int classes_of_root(struct classes *c, const struct snapshot *s, uint32_t node, uint32_t *class);

static inline const char *classes_name(const struct classes *c, uint32_t class)
{
	return c->names.at[class];
}

static inline bool classes_is_internal(const struct classes *c, uint32_t class)
{
	return class < c->internal_cap && c->is_internal[class];
}

#endif

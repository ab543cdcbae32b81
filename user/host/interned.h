/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A set of strings, each kept once: equal texts have equal pointers. */
#ifndef HOST_INTERNED_H
#define HOST_INTERNED_H

struct interned_text;

struct interned {
	struct interned_text *first; /* NULL: empty */
};

/* The kept copy of @text, which lives as long as @set, or NULL when out of memory. */
const char *interned_add(struct interned *set, const char *text);
void interned_done(struct interned *set);

#endif

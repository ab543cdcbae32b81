/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The pages of a heap of V8: memory that begins at multiples of 256 KiB, each with a head, or since
 * V8 13 with a description elsewhere, that tells whose it is, where objects are in it, and which
 * page comes next in its space.
 */
#ifndef SYMBOL_V8_PAGES_H
#define SYMBOL_V8_PAGES_H

#include "symbol/v8_layout.h"

#define V8_PAGE_BYTES (256u << 10) /* a page of one large object is a multiple of it or less */
#define V8_PAGE_WORDS 36	   /* of a head or a description that are looked at */

/* Indices of words. */
struct v8_page_layout {
	uint32_t link;	/* in the head: points to the description; 0: the head is it */
	uint32_t flags; /* in the head */
	/* in the description */
	uint32_t heap, size, start, end, owner, next; /* the one before stands behind the next */
};

struct v8_page {
	uint64_t chunk;	     /* its first byte */
	uint64_t id;	     /* address of its description: by which pages point to each other */
	uint64_t heap, size; /* all of it, bytes */
	uint64_t start, end; /* where objects are */
	uint64_t owner;	     /* the space */
	uint64_t next, before;
	bool is_left, is_young; /* left: the half that young objects moved out of */
	bool is_unused;		/* young, and nothing was put there yet */
	bool is_code, is_flat;	/* set by others: its space is for code; no pointers are in it */
};

struct v8_pages { /* a vector, ascending by address once v8_pages_order was called */
	struct v8_page *at;
	size_t len, cap;
};

/* What is not allocated of a page though it is no free object: what is left of an area that a
 * thread allocates from. */
struct v8_gap {
	uint64_t start, end;
};

struct v8_gaps { /* a vector, ascending by address once v8_gaps_order was called */
	struct v8_gap *at;
	size_t len, cap;
};

/* Of a release that v8_layout_read takes; NULL: of another one. */
const struct v8_page_layout *v8_page_layout(const struct v8_version *version);

/* The address of the description of the page at @chunk with this @head; 0: it is no page. */
uint64_t v8_page_id(const struct v8_page_layout *l, uint64_t chunk,
		    const uint64_t head[V8_PAGE_WORDS]);

/* Fills in a page. False: what is there is no page of a heap. */
bool v8_page_read(const struct v8_page_layout *l, uint64_t chunk,
		  const uint64_t head[V8_PAGE_WORDS], const uint64_t note[V8_PAGE_WORDS],
		  struct v8_page *ret_page);

/*
 * Ascending; without what lies inside of another one, and without pages that were given back and
 * only look as they did: those that are in no list of their space. 0 or -ENOMEM.
 */
int v8_pages_order(struct v8_pages *pages);

/* The page with @address in it, or NULL. */
struct v8_page *v8_pages_find(const struct v8_pages *pages, uint64_t address);

/*
 * Adds the areas that are allocated from, which are found among @words by what they are: a first
 * address, the next free one and a last one of the same page. 0 or -ENOMEM.
 */
int v8_gaps_add(const struct v8_pages *pages, const uint64_t *words, size_t count,
		struct v8_gaps *gaps);

/*
 * Ascending, not overlapping. Of young pages what lies behind the area that is allocated from was
 * not allocated yet; the pages behind it are marked as unused. 0 or -ENOMEM.
 */
int v8_gaps_order(struct v8_pages *pages, struct v8_gaps *gaps);

#endif

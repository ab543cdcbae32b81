/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * All objects of a heap of V8 that was copied as it stood: one behind the other, each as long as
 * its map says. The copy may be of any process: nothing in it is believed.
 */
#ifndef SYMBOL_V8_OBJECTS_H
#define SYMBOL_V8_OBJECTS_H

#include "base/id_table.h"
#include "symbol/v8_memory.h"
#include "symbol/v8_pages.h"

/* A part of the copy. */
struct v8_copied_page {
	uint64_t start, end;  /* addresses */
	const uint8_t *bytes; /* from @start on */
	size_t len;	      /* at most end - start: of a large object its front is enough */
	bool is_counted;      /* else its objects are only looked up: V8's constants */
};

/* All of it is borrowed. */
struct v8_copy {
	const struct v8_offsets *offsets;
	const struct v8_copied_page *pages; /* ascending, not overlapping */
	size_t page_count;
	const struct v8_gap *gaps; /* ascending, not overlapping */
	size_t gap_count;
	const struct v8_gap *left; /* pages that objects moved out of: ascending, not overlapping */
	size_t left_count;
	struct v8_reader rest; /* memory that was not copied: texts outside of the heap */
};

/* Objects of one map, in total. */
struct v8_shape {
	uint64_t map; /* tagged */
	uint16_t type;
	uint8_t words; /* of an object; 0: each tells its own */
	uint64_t count, bytes;
	uint64_t live_count, live_bytes; /* filled in by v8_live_mark */
};

struct v8_objects {
	const struct v8_copy *copy;
	struct v8_shape *at; /* a vector */
	size_t len, cap;
	struct id_table ids; /* by map */
	/* a bit for each word that was copied, page after page: something begins there */
	uint64_t *begins;
	size_t *first_bit; /* of each page; behind the last one: of all */
	uint64_t object_count, object_bytes;
	uint64_t free_bytes;	/* between objects, and not allocated */
	uint64_t unknown_bytes; /* what no map explains */
	uint32_t free_unit;	/* bytes that free space counts its length in */
	uint32_t last;		/* the shape found last */
};

/*
 * Told of each function, address without the tag; with @shape NULL: what was told is void, it
 * begins anew. 0 or -ENOMEM.
 */
typedef int (*v8_function_fn)(void *ctx, uint64_t address, const struct v8_shape *shape);

/*
 * Counts them all. 0 or -ENOMEM; ended by v8_objects_done in each case. @on_function is called
 * while it counts.
 */
int v8_objects_count(const struct v8_copy *copy, v8_function_fn on_function, void *ctx,
		     struct v8_objects *ret);
void v8_objects_done(struct v8_objects *o);

/* A word of the copy; 0 where nothing was copied. */
uint64_t v8_copy_word(const struct v8_copy *copy, uint64_t address);

/* The shape of the object that @word points to, valid until the next call; NULL: it is none. */
struct v8_shape *v8_objects_shape(struct v8_objects *o, uint64_t word);

/* The page with the copied word at @address; NULL: none. */
const struct v8_copied_page *v8_copy_page(const struct v8_copy *copy, uint64_t address);

/* As v8_objects_shape, by the map itself. */
struct v8_shape *v8_objects_shape_of_map(struct v8_objects *o, uint64_t map);

/* How long the object at @address is, bytes, at least a word. */
uint64_t v8_objects_size(const struct v8_objects *o, const struct v8_shape *shape,
			 uint64_t address);

/* A struct v8_reader's function, of the copy and what was not copied; @arg: struct v8_copy. */
int v8_copy_read(void *arg, uint64_t address, void *into, size_t size);

#endif

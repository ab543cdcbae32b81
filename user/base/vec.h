/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Growing arrays. A vector is any struct with the fields
 *
 *	T *at; size_t len; size_t cap;
 *
 * zeroed at birth and ended by free(v.at).
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include <stddef.h>

/*
 * Room for one more element of @size bytes in @at, whose capacity is @cap and length @len.
 * Returns the (possibly moved) array and updates @cap, or NULL when out of memory: the old array
 * is then still valid.
 */
void *vec_grow(void *at, size_t len, size_t *cap, size_t size);

/* Address of a new, uninitialised last element of vector @v, or NULL when out of memory. */
#define vec_push(v)                                                                                \
	({                                                                                         \
		void *grown_ = vec_grow((v)->at, (v)->len, &(v)->cap, sizeof(*(v)->at));           \
		if (grown_)                                                                        \
			(v)->at = grown_;                                                          \
		grown_ ? &(v)->at[(v)->len++] : NULL;                                              \
	})

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which objects of a copied heap of V8 are still in use: those that can be reached. As a collector
 * would find them, but for the roots (symbol/v8_roots.h), of which some are not known and some are
 * only taken for ones.
 */
#ifndef SYMBOL_V8_LIVE_H
#define SYMBOL_V8_LIVE_H

#include "symbol/v8_roots.h"

/* May there be pointers in objects of @type? */
bool v8_type_has_pointers(const struct v8_offsets *o, uint16_t type);

/*
 * Fills in what lives of each shape of @o, which has been counted. *ret_astray: pointers of live
 * objects to where objects moved out of, of which there are none unless a collection is under way.
 * 0 or -ENOMEM.
 */
int v8_live_mark(struct v8_objects *o, const struct v8_roots *roots, uint64_t *ret_astray);

#endif

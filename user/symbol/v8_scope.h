/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a ScopeInfo tells of its function. */
#ifndef SYMBOL_V8_SCOPE_H
#define SYMBOL_V8_SCOPE_H

#include "symbol/v8_memory.h"

struct v8_scope {
	uint64_t name, inferred_name; /* tagged; 0 none. The first may be an empty String */
	int32_t start;		      /* position in the source, -1 unknown */
	bool is_top_level;	      /* of a script, module or eval, not of a function */
};

/* Of an object that is one. */
int v8_scope_read(struct v8_memory *m, const struct v8_object *object, struct v8_scope *ret_scope);

#endif

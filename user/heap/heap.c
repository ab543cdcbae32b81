// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The steps in their order: sizes are moved before they are added up. */
#include "heap/heap.h"

#include "heap/detached.h"
#include "heap/retention.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int heap_load(const struct heap_input *in, struct heap *h, struct snapshot_fault *ret_fault)
{
	int err = snapshot_read(in->source, &h->snapshot, ret_fault);

	if (err)
		return err;
	err = retention_mark(&h->snapshot, in->is_raw);
	if (!err && !in->is_raw)
		err = retention_own_sizes(&h->snapshot);
	if (!err)
		err = detached_spread(&h->snapshot);
	if (!err) /* the peak of memory is here */
		err = dominators_find(&h->snapshot, &h->dominators);
	if (!err)
		err = classes_of(in->classes, &h->snapshot, &h->class);
	if (err) {
		ret_fault->why = "needs more memory than there is";
		heap_done(h);
	}
	return err;
}

void heap_retire(struct heap *h)
{
	dominators_done(&h->dominators);
	free(h->class);
	h->class = NULL;
}

void heap_done(struct heap *h)
{
	heap_retire(h);
	snapshot_done(&h->snapshot);
}

/* Its SharedFunctionInfo has the script, which V8 names by its file. */
const char *heap_script_of(const struct snapshot *s, uint32_t node)
{
	uint32_t shared = snapshot_follow(s, node, "shared"), script;

	if (shared == SNAPSHOT_NONE)
		return NULL;
	script = snapshot_follow(s, shared, "script");
	if (script == SNAPSHOT_NONE)
		script = snapshot_follow(s, shared, "script_or_debug_info"); /* before V8 11 */
	if (script == SNAPSHOT_NONE || strncmp(snapshot_name(s, script), "system / ", 9) == 0)
		return NULL;
	return snapshot_name(s, script)[0] ? snapshot_name(s, script) : NULL;
}

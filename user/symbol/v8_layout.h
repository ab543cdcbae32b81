/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where things are in the memory of a process that runs V8: read from the symbols v8dbg_* that V8
 * exports for debuggers, which a stripped libnode.so has too, completed by a table per release for
 * what a release forgot to export. docs/v8-internals.md says how the table grows.
 *
 * Offsets are in bytes from the start of an object, so from its pointer less the tag. Addresses are
 * file addresses (symbol/elf.h).
 */
#ifndef SYMBOL_V8_LAYOUT_H
#define SYMBOL_V8_LAYOUT_H

#include "base/arena.h"
#include "symbol/elf.h"

#define V8_REFUSAL_MAX	128
#define V8_MAX_BUILTINS 16384

struct v8_version {
	uint32_t major, minor, build, patch;
};

/*
 * What a walker in the kernel needs to take the function of a JavaScript frame: the word at
 * rbp + marker_slot has its lowest bit clear in a frame that is not one (the frame type is the word
 * >> 1). Otherwise the word at rbp + function_slot is a tagged JSFunction, if the instance type of
 * its map is within the range; its field "shared" is a tagged SharedFunctionInfo, if its map has
 * that type.
 */
struct v8_walk {
	int32_t marker_slot, function_slot; /* from rbp */
	uint32_t heap_tag;		    /* lowest bits of a pointer to an object: 1 ... */
	uint32_t heap_tag_mask;		    /* ... of these: 3 */
	uint32_t object_map;		    /* in an object, the tagged Map */
	uint32_t map_instance_type;	    /* in a Map, 16 bits */
	uint32_t function_shared;	    /* in a JSFunction */
	uint16_t function_type_min, function_type_max; /* instance types of a JSFunction */
	uint16_t shared_type;			       /* of a SharedFunctionInfo */
};

/* One of V8's own functions, compiled into the binary. */
struct v8_builtin {
	uint64_t vaddr, size;
	const char *name; /* without "Builtins_", clean */
};

struct v8_offsets; /* the decoder's part: symbol/v8_offsets.h */

struct v8_layout {
	struct v8_version version;
	struct v8_walk walk;
	struct v8_offsets *offsets;
	/*
	 * The code of embedded builtins: it keeps frame pointers and has no unwind table. 0, 0 when
	 * not known. A process may have it mapped a second time, near the code V8 makes.
	 */
	uint64_t builtins_start, builtins_end;
	struct v8_builtin *builtins; /* ascending, within these; none in a stripped file */
	size_t builtin_count;
	struct arena names; /* of builtins */
	char refusal[V8_REFUSAL_MAX];
};

/*
 * Reads @elf, a program or a library. 0; -ENODATA: there is no V8 in it; -EOPNOTSUPP: there is one
 * that cannot be read, ret_layout->refusal says why in one line without a full stop, and of the
 * rest only version and the range of builtins may be there, for a walk by frame pointers; -ENOMEM;
 * or what elf_find_functions returns. ret_layout is to be ended by v8_layout_done in each case.
 */
int v8_layout_read(const struct elf *elf, struct v8_layout *ret_layout);

void v8_layout_done(struct v8_layout *layout);

/* The builtin that holds @vaddr, or NULL. */
const struct v8_builtin *v8_layout_builtin(const struct v8_layout *layout, uint64_t vaddr);

#endif

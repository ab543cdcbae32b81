/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Code that V8 made at run time, found by an address in it: in front of its first instruction lies
 * a header, an InstructionStream, that points to a Code object, which tells where it starts, how
 * long it is and of which kind.
 */
#ifndef SYMBOL_V8_CODE_H
#define SYMBOL_V8_CODE_H

#include "symbol/v8_memory.h"

#define V8_MAX_CODES	 16384
#define V8_CODE_SIZE_MAX (16u << 20)
#define V8_CODE_SCAN_MAX (2u << 20) /* bytes looked through for a header */
#define V8_INLINED_MAX	 (V8_MAX_FRAMES - 1)

struct v8_code {
	uint64_t start; /* of instructions */
	uint32_t size;
	uint32_t kind;
	uint64_t word;		   /* the Code, tagged */
	uint64_t deopt, positions; /* its fields, tagged */
	uint64_t shared;	   /* a SharedFunctionInfo last seen to run it, 0 none */
};

/* Zeroed but for @memory, which is borrowed. */
struct v8_codes {
	struct v8_memory *memory;
	struct v8_code *at; /* a vector, ascending by start, not overlapping */
	size_t len, cap;
	uint64_t header_map; /* the tagged Map of headers, once one was seen */
};

/* Forgets all of them. */
void v8_codes_done(struct v8_codes *c);

/* The code that holds @pc, as it is now. V8_NO_CODE: there is none. */
int v8_code_find(struct v8_codes *c, uint64_t pc, struct v8_code *ret_code);

/* Notes that the function of the SharedFunctionInfo @shared runs @code. */
void v8_code_note(struct v8_codes *c, const struct v8_code *code, uint64_t shared);

/* The function that optimised @code was made for: its SharedFunctionInfo, tagged. */
int v8_code_function(struct v8_memory *m, const struct v8_code *code, uint64_t *ret_shared);

/* Functions inlined in each other, their SharedFunctionInfo, innermost first. */
struct v8_inlined {
	size_t len;
	uint64_t shared[V8_INLINED_MAX];
};

/* Those that the instruction at @offset of optimised @code belongs to; none is fine. */
int v8_code_inlined(struct v8_memory *m, const struct v8_code *code, uint32_t offset,
		    struct v8_inlined *ret_inlined);

#endif

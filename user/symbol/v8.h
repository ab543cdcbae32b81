/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Functions of JavaScript frames, found in the memory of a running process as it is: no option of
 * V8, no inspector. What a walker records of a frame is its program counter and the
 * SharedFunctionInfo of its function; everything else is read here, through a callback.
 *
 * The memory is the target's, changes while it is read, and may lie: types are checked, and each
 * question takes a bounded number of reads, of bounded size, whatever is there. A frame that cannot
 * be read is a frame too, "[js]", with the reason.
 */
#ifndef SYMBOL_V8_H
#define SYMBOL_V8_H

#include "symbol/v8_layout.h"

#define V8_MAX_FRAMES 32 /* of one place: functions inlined in each other */

/* Reads exactly @size bytes at @address of the target; 0 or a negative errno. */
struct v8_reader {
	int (*read)(void *arg, uint64_t address, void *into, size_t size);
	void *arg;
};

/* Told by the kind of the code that runs, not guessed. */
enum v8_tier {
	V8_TIER_UNKNOWN,
	V8_TIER_INTERPRETED, /* bytecode, Ignition */
	V8_TIER_BASELINE,    /* Sparkplug */
	V8_TIER_MAGLEV,
	V8_TIER_TURBOFAN,
	V8_TIER_BUILTIN, /* V8's own code, compiled into the binary */
	V8_TIERS
};

/* Why a frame, or a part of it, could not be read. */
enum v8_reason {
	V8_READABLE,
	V8_UNMAPPED,   /* memory could not be read */
	V8_WRONG_TYPE, /* an object of another kind than should be there: moved, freed, or a lie */
	V8_TOO_LONG,   /* a text, table or nesting over our limits */
	V8_CYCLIC,     /* an object that contains itself, or nests too deep to tell */
	V8_NO_CODE,    /* no code of V8's around the program counter */
	V8_ENTERING, /* in the first instructions of a function, whose frame is its caller's yet */
	V8_NO_FUNCTION, /* the frame carries no function, and its code does not tell which */
	V8_REASONS
};

struct v8_frame {
	const char
		*function; /* clean; "(anonymous)", "(top level)" of a script, "[js]" unreadable */
	const char *file;  /* clean: a path, URL, node:...; "" when there is none */
	uint32_t line, column; /* where the function begins, from 1; 0 unknown */
	enum v8_tier tier;
	bool is_inlined; /* it has no code of its own: inlined into the next frame */
	enum v8_reason reason;
};

/* A frame as it was recorded. */
struct v8_place {
	uint64_t pc;
	/*
	 * File address of pc, when it lies in a mapping of the file that the layout was read from
	 * (V8 maps its builtins twice); 0 when it does not, so in code made at run time.
	 */
	uint64_t vaddr;
	uint64_t shared; /* tagged SharedFunctionInfo, read when the stack was; 0: not a JS frame */
	bool is_return;	 /* pc is a return address: the call is before it */
};

/* Innermost first; the last one has code of its own. Texts live until the next v8_decode. */
struct v8_frames {
	size_t len; /* 1 to V8_MAX_FRAMES */
	struct v8_frame at[V8_MAX_FRAMES];
};

struct v8_counts {
	uint64_t frame_count;		       /* given in answers */
	uint64_t unreadable_count[V8_REASONS]; /* of them without a name, by reason */
	uint64_t inlining_lost_count;	 /* places whose inlined functions were not readable */
	uint64_t read_count, read_bytes; /* calls of the reader */
};

struct v8;

/* For one process. @layout is borrowed and outlives it. NULL when out of memory. */
struct v8 *v8_new(const struct v8_layout *layout, struct v8_reader reader);
void v8_free(struct v8 *v8); /* takes NULL */

/* Forgets all that is remembered of the process: after an exec. */
void v8_forget(struct v8 *v8);

/* 0 with at least one frame, also when nothing is readable; or -ENOMEM. */
int v8_decode(struct v8 *v8, const struct v8_place *place, struct v8_frames *ret_frames);

const struct v8_counts *v8_counts(const struct v8 *v8);

const char *v8_tier_name(enum v8_tier tier);	   /* "interpreted", "turbofan", ... */
const char *v8_reason_text(enum v8_reason reason); /* "memory is not mapped", ... */

#endif

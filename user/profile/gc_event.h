/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the kernel side tells (abi/gc-trace.h), checked and made readable. Its numbers were read
 * from the target's memory and registers: none is trusted, texts are clean.
 */
#ifndef PROFILE_GC_EVENT_H
#define PROFILE_GC_EVENT_H

#include "abi/gc-trace.h"
#include "base/bytes.h"

#include <stdbool.h>

/* What a collection is called by: of several that ran in one pause, the last of these. */
enum gc_kind {
	GC_OTHER, /* none of the functions below was seen */
	GC_SCAVENGE,
	GC_MINOR,
	GC_MARK_COMPACT,
	GC_KINDS,
};
/* "scavenge", "minor_mark_sweep" ... for programs; "Scavenge", "Minor Mark-Sweep" for people. */
extern const char *const gc_kind_names[GC_KINDS];
extern const char *const gc_kind_texts[GC_KINDS];

/* V8's GarbageCollectionReason in its own words; "reason 99" is NULL. */
const char *gc_reason_text(unsigned int reason);

/* Longest cleaned text, with the NUL: each byte may become four. */
#define GC_CLEAN_MAX (4 * GC_TEXT_MAX)

struct gc_event {
	enum gc_event_kind kind;
	uint32_t tgid, tid;
	uint64_t time_ns;	 /* CLOCK_MONOTONIC */
	uint64_t heap;		 /* address, 0 not known */
	uint64_t stack;		 /* STACK_NONE */
	const char *reason;	 /* V8's words, NULL not known; static */
	char thread[64];	 /* its name; of a pause */
	char text[GC_CLEAN_MAX]; /* further reason, where memory ran out, a space's name; "" */
	union {
		struct {
			enum gc_kind kind;
			uint64_t began_ns, pause_ns;
			bool is_by_v8; /* the pause by V8's clock, rather than ours */
			bool has_sizes;
			uint64_t before_bytes, after_bytes;
			uint32_t steps;
			uint64_t step_ns;
			uint64_t words[GC_TRACER_WORDS];
		} pause;
		uint64_t statistics[GC_STATISTICS];
		struct {
			uint64_t committed_bytes, used_bytes;
		} space;
	};
};

/* 0, or -EBADMSG: no such event, or one that cannot be. */
int gc_event_decode(struct bytes bytes, struct gc_event *ret_event);

#endif

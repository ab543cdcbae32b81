/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Frames of V8 as lines of text, for tests: one frame each, and an empty line. */
#ifndef TESTS_UNIT_V8_FRAMES_H
#define TESTS_UNIT_V8_FRAMES_H

#include "symbol/v8.h"

#include <stdio.h>

static inline void v8_frames_print(const struct v8_frames *frames, FILE *to)
{
	for (size_t i = 0; i < frames->len; i++) {
		const struct v8_frame *f = &frames->at[i];

		(void)fprintf(to, "%s%s %s (%s:%u:%u)%s%s\n", v8_tier_name(f->tier),
			      f->is_inlined ? " inlined" : "", f->function, f->file, f->line,
			      f->column, f->reason ? " " : "",
			      f->reason ? v8_reason_text(f->reason) : "");
	}
	(void)fputc('\n', to);
}

#endif

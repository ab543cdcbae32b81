/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A frame in JSON, the same in every report. */
#ifndef REPORT_FRAME_JSON_H
#define REPORT_FRAME_JSON_H

#include "base/json.h"
#include "symbol/frame.h"

/* "native", "kernel", "jit", by enum frame_kind. */
extern const char *const frame_kind_names[];

/* function, module, offset, file and line, into an open object; what is not known is null. */
void frame_json_place(const struct frame *f, struct json *j);

/* A whole object: the place, kind, inlined. */
void frame_json(const struct frame *f, struct json *j);

#endif

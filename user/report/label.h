/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How reports call places and times. */
#ifndef REPORT_LABEL_H
#define REPORT_LABEL_H

#include "symbol/frame.h"

#include <stddef.h>

/* A frame's name with the longest function name there is. */
#define LABEL_LEN 1280

/* The function, or "[module]+0x1234" when it has no known name. Returns @buf. */
char *label_frame(const struct frame *f, char buf[LABEL_LEN]);

/*
 * The same for formats that have no more than a name: a script's function is told with its place,
 * "handle /srv/app.js:12". Returns @buf.
 */
char *label_graph(const struct frame *f, char buf[LABEL_LEN]);

/*
 * At most @max bytes of @text: of a longer one its start and its end, which for names with long
 * template arguments and for paths are the parts that tell. Returns @buf.
 */
char *label_shorten(const char *text, size_t max, char buf[LABEL_LEN]);

/* "f(int, std::vector<long> const&) const" to "f(...) const": the first to go in a long name. */
void label_drop_parameters(char *name);

/* RFC 3339, UTC, of CLOCK_REALTIME nanoseconds: "2025-11-23T06:26:14Z". Returns @buf. */
#define LABEL_TIME_LEN 40
char *label_time(uint64_t realtime_ns, char buf[LABEL_TIME_LEN]);

/* The time of the day of it, to the millisecond: "06:26:14.120". Returns @buf. */
char *label_clock(uint64_t realtime_ns, char buf[LABEL_TIME_LEN]);

/* Both: "2025-11-23T06:26:14.120Z". Returns @buf. */
char *label_time_ms(uint64_t realtime_ns, char buf[LABEL_TIME_LEN]);

#endif

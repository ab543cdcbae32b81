// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Any bytes as an event of gc-trace: refused, or within bounds and clean; and then counted. */
#include "profile/gc.h"

#include "fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void check_text(const char *text, size_t size)
{
	assert(memchr(text, 0, size));
	for (; *text; text++)
		assert((unsigned char)*text >= 0x20 && *text != 0x7f);
}

/* A heap adds up whatever comes. */
static void count(const struct gc_event *e)
{
	static struct gc_heap *h;
	struct gc_collection c = { .kind = e->pause.kind,
				   .began_ns = e->pause.began_ns,
				   .pause_ns = e->pause.pause_ns,
				   .has_sizes = e->pause.has_sizes,
				   .before_bytes = e->pause.before_bytes,
				   .after_bytes = e->pause.after_bytes };

	if (!h)
		h = calloc(1, sizeof(*h));
	assert(h && (unsigned int)c.kind < GC_KINDS);
	gc_heap_add(h, &c);
	assert(h->growth.len <= TREND_MAX_SAMPLES);
	assert(gc_find_sizes(e->pause.words, c.before_bytes, c.after_bytes) + 3 < GC_TRACER_WORDS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gc_event e = { .tid = 99 };
	int err = gc_event_decode((struct bytes){ data, size }, &e);

	if (err) {
		assert(err == -EBADMSG && e.tid == 99);
		return 0;
	}
	assert(e.kind >= GC_EVENT_PAUSE && e.kind <= GC_EVENT_SPACE);
	check_text(e.text, sizeof(e.text));
	check_text(e.thread, sizeof(e.thread));
	if (e.kind != GC_EVENT_PAUSE)
		return 0;
	assert(e.pause.began_ns <= e.time_ns);
	assert(!e.pause.has_sizes || (e.pause.before_bytes < 1ull << 47));
	count(&e);
	return 0;
}

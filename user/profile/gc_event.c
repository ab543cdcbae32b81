// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Bytes of the ring buffer to events. */
#include "profile/gc_event.h"

#include "base/text.h"

#include <errno.h>
#include <string.h>

/* Larger than any heap there can be: such a size is no size. */
#define MAX_HEAP_BYTES (1ull << 47)
/* V8's clock and ours count the same time: they may differ by what a probe costs. */
#define MAX_CLOCK_DIFFERENCE_NS 5000000ull

const char *const gc_kind_names[GC_KINDS] = { "other", "scavenge", "minor_mark_sweep",
					      "mark_compact" };
const char *const gc_kind_texts[GC_KINDS] = { "Other", "Scavenge", "Minor Mark-Sweep",
					      "Mark-Compact" };

/* GarbageCollectionReason and its ToString: V8's src/heap/heap.cc; numbers are never reused. */
static const char *const reasons[] = {
	"unknown",
	"allocation failure",
	"allocation limit",
	"context disposal",
	"counters extension",
	"debugger",
	"deserialize",
	"external memory pressure",
	"finalize incremental marking via stack guard",
	"finalize incremental marking via task",
	"full hash-table",
	"heap profiler",
	"task",
	"last resort",
	"low memory notification",
	"making heap iterable",
	"memory pressure",
	"memory reducer",
	"runtime",
	"sampling profiler",
	"snapshot creator",
	"testing",
	"external finalize",
	"global allocation limit",
	"measure memory",
	"background allocation failure",
	"finalize concurrent minor",
	"CppHeap allocation failure",
	"frozen",
	"idle context disposal",
	"finalize minor before major",
};

const char *gc_reason_text(unsigned int reason)
{
	return reason < sizeof(reasons) / sizeof(*reasons) ? reasons[reason] : NULL;
}

static enum gc_kind kind_of(uint8_t ran)
{
	if (ran & GC_RAN_MARK_COMPACT)
		return GC_MARK_COMPACT;
	if (ran & GC_RAN_MINOR)
		return GC_MINOR;
	return ran & GC_RAN_SCAVENGE ? GC_SCAVENGE : GC_OTHER;
}

/* V8 tells the microsecond at which it takes its own clock: what it prints is the difference. */
static bool is_v8s_pause(const struct gc_pause_event *e, uint64_t ns)
{
	uint64_t us = e->ended_us - e->began_us;
	uint64_t difference_ns;

	if (!e->began_us || e->ended_us < e->began_us || us > UINT64_MAX / 1000)
		return false;
	difference_ns = us * 1000 > ns ? us * 1000 - ns : ns - us * 1000;
	return difference_ns < MAX_CLOCK_DIFFERENCE_NS + ns / 2;
}

static int decode_pause(const struct gc_pause_event *e, struct gc_event *ret)
{
	uint64_t ns = e->header.time_ns - e->began_ns;

	if (!e->began_ns || e->began_ns > e->header.time_ns)
		return -EBADMSG;
	ret->tid = e->tid;
	ret->heap = e->heap;
	ret->stack = e->stack;
	ret->reason = gc_reason_text(e->reason);
	ret->pause.kind = kind_of(e->ran);
	ret->pause.began_ns = e->began_ns;
	ret->pause.is_by_v8 = is_v8s_pause(e, ns);
	ret->pause.pause_ns = ret->pause.is_by_v8 ? (e->ended_us - e->began_us) * 1000 : ns;
	/* once is the beginning alone */
	ret->pause.has_sizes =
		e->sizes > 1 && e->before_bytes < MAX_HEAP_BYTES && e->after_bytes < MAX_HEAP_BYTES;
	if (ret->pause.has_sizes) {
		ret->pause.before_bytes = e->before_bytes;
		ret->pause.after_bytes = e->after_bytes;
	}
	ret->pause.steps = e->steps;
	ret->pause.step_ns = e->step_ns;
	memcpy(ret->pause.words, e->words, sizeof(e->words));
	(void)text_clean(e->thread, sizeof(e->thread), ret->thread, sizeof(ret->thread));
	(void)text_clean(e->text, sizeof(e->text), ret->text, sizeof(ret->text));
	return 0;
}

static int decode_moment(const struct gc_moment_event *e, struct gc_event *ret)
{
	ret->tid = e->tid;
	ret->heap = e->heap;
	ret->stack = e->stack;
	ret->reason = gc_reason_text(e->reason);
	(void)text_clean(e->text, sizeof(e->text), ret->text, sizeof(ret->text));
	return 0;
}

static int decode_statistics(const struct gc_statistics_event *e, struct gc_event *ret)
{
	ret->tid = e->tid;
	for (int i = 0; i < GC_STATISTICS; i++)
		if (e->values[i] >= MAX_HEAP_BYTES)
			return -EBADMSG;
	memcpy(ret->statistics, e->values, sizeof(ret->statistics));
	return 0;
}

static int decode_space(const struct gc_space_event *e, struct gc_event *ret)
{
	ret->tid = e->tid;
	if (e->committed_bytes >= MAX_HEAP_BYTES || e->used_bytes >= MAX_HEAP_BYTES || !e->name[0])
		return -EBADMSG;
	ret->space.committed_bytes = e->committed_bytes;
	ret->space.used_bytes = e->used_bytes;
	(void)text_clean(e->name, sizeof(e->name), ret->text, sizeof(ret->text));
	return 0;
}

int gc_event_decode(struct bytes bytes, struct gc_event *ret_event)
{
	union {
		struct event_header header;
		struct gc_pause_event pause;
		struct gc_moment_event moment;
		struct gc_statistics_event statistics;
		struct gc_space_event space;
	} e = { .header.kind = 0 };
	struct gc_event event = { .kind = 0 };
	int err;

	memcpy(&e, bytes.at, bytes.len < sizeof(e) ? bytes.len : sizeof(e));
	event.kind = (enum gc_event_kind)e.header.kind;
	event.tgid = e.header.tgid;
	event.time_ns = e.header.time_ns;
	if (event.kind == GC_EVENT_PAUSE && bytes.len >= sizeof(e.pause))
		err = decode_pause(&e.pause, &event);
	else if (event.kind >= GC_EVENT_MARKING && event.kind <= GC_EVENT_OUT_OF_MEMORY &&
		 bytes.len >= sizeof(e.moment))
		err = decode_moment(&e.moment, &event);
	else if (event.kind == GC_EVENT_STATISTICS && bytes.len >= sizeof(e.statistics))
		err = decode_statistics(&e.statistics, &event);
	else if (event.kind == GC_EVENT_SPACE && bytes.len >= sizeof(e.space))
		err = decode_space(&e.space, &event);
	else
		err = -EBADMSG;
	if (!err)
		*ret_event = event;
	return err;
}

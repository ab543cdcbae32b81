// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the kernel side tells, decoded: kinds, clocks, sizes; hostile bytes are refused or cleaned.
 */
#include "profile/gc_event.h"

#include "tap.h"

static struct gc_pause_event plain_pause(void)
{
	struct gc_pause_event e = {
		.header = { .kind = GC_EVENT_PAUSE, .tgid = 42, .time_ns = 5001200000 },
		.began_ns = 5000000000,
		.began_us = 70000,
		.ended_us = 71190,
		.heap = 0x1234,
		.before_bytes = 3 << 20,
		.after_bytes = 2 << 20,
		.step_ns = 9,
		.stack = 77,
		.tid = 43,
		.steps = 3,
		.sizes = 2,
		.ran = GC_RAN_SCAVENGE,
		.reason = 1,
		.thread = "node",
		.text = "GC in old space requested",
	};

	return e;
}

static int decode(const void *e, size_t size, struct gc_event *ret)
{
	return gc_event_decode((struct bytes){ e, size }, ret);
}

static void test_pause(void)
{
	struct gc_pause_event e = plain_pause();
	struct gc_event got;

	is_int(decode(&e, sizeof(e), &got), 0, "a pause");
	is_int(got.kind, GC_EVENT_PAUSE, "its kind");
	is_int(got.tgid, 42, "its process");
	is_int(got.tid, 43, "its thread");
	is_int(got.pause.kind, GC_SCAVENGE, "a scavenge");
	is_int(got.pause.pause_ns, 1190000, "as long as V8 says");
	ok(got.pause.is_by_v8, "by V8's clock");
	ok(got.pause.has_sizes && got.pause.before_bytes == 3 << 20 &&
		   got.pause.after_bytes == 2 << 20,
	   "with sizes");
	is_text(got.reason, "allocation failure", "its reason");
	is_text(got.text, "GC in old space requested", "its further reason");
	is_text(got.thread, "node", "its thread's name");
	is_int(got.pause.steps, 3, "steps");
	is_int(got.stack, 77, "its stack");
}

static void test_kinds(void)
{
	static const struct {
		unsigned int ran;
		enum gc_kind kind;
	} cases[] = {
		{ 0, GC_OTHER },
		{ GC_RAN_SCAVENGE, GC_SCAVENGE },
		{ GC_RAN_MINOR, GC_MINOR },
		{ GC_RAN_MARK_COMPACT, GC_MARK_COMPACT },
		{ GC_RAN_SCAVENGE | GC_RAN_MARK_COMPACT, GC_MARK_COMPACT },
		{ GC_RAN_SCAVENGE | GC_RAN_MINOR, GC_MINOR },
		{ 0xf8, GC_OTHER },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct gc_pause_event e = plain_pause();
		struct gc_event got;

		e.ran = (uint8_t)cases[i].ran;
		must(decode(&e, sizeof(e), &got) == 0);
		is_int(got.pause.kind, cases[i].kind, "what ran is %x: %s", cases[i].ran,
		       gc_kind_texts[cases[i].kind]);
	}
}

/* V8's clock is believed only where it says about what ours does. */
static void test_clocks(void)
{
	static const struct {
		const char *what;
		uint64_t began_us, ended_us;
		bool is_by_v8;
	} cases[] = {
		{ "no clock", 0, 0, false },	       { "a beginning alone", 70000, 0, false },
		{ "backwards", 70000, 69999, false },  { "as long", 70000, 71200, true },
		{ "4 ms longer", 70000, 75200, true }, { "a second longer", 70000, 1070000, false },
		{ "for ever", 1, UINT64_MAX, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct gc_pause_event e = plain_pause();
		struct gc_event got;

		e.began_us = cases[i].began_us;
		e.ended_us = cases[i].ended_us;
		must(decode(&e, sizeof(e), &got) == 0);
		ok(got.pause.is_by_v8 == cases[i].is_by_v8, "V8's clock, %s: %s", cases[i].what,
		   cases[i].is_by_v8 ? "taken" : "not taken");
		if (!cases[i].is_by_v8)
			is_int(got.pause.pause_ns, 1200000, "%s: ours", cases[i].what);
	}
}

static void test_odd_pauses(void)
{
	struct gc_pause_event e = plain_pause();
	struct gc_event got = { .tid = 99 };

	is_int(decode(&e, sizeof(e) - 1, &got), -EBADMSG, "a byte short");
	is_int(got.tid, 99, "and nothing is written");
	e.began_ns = e.header.time_ns + 1;
	is_int(decode(&e, sizeof(e), &got), -EBADMSG, "over before it began");
	e.began_ns = 0;
	is_int(decode(&e, sizeof(e), &got), -EBADMSG, "without a beginning");
	e = plain_pause();
	e.sizes = 1;
	must(decode(&e, sizeof(e), &got) == 0);
	ok(!got.pause.has_sizes, "a size asked for once is the beginning alone");
	e.sizes = 2;
	e.after_bytes = 1ull << 47;
	must(decode(&e, sizeof(e), &got) == 0);
	ok(!got.pause.has_sizes && !got.pause.before_bytes, "a size beyond memory is none");
	e = plain_pause();
	e.reason = GC_REASON_UNKNOWN;
	must(decode(&e, sizeof(e), &got) == 0);
	ok(!got.reason, "a reason that is not known");
	memset(e.text, 'x', sizeof(e.text));
	memset(e.thread, 0x1b, sizeof(e.thread));
	must(decode(&e, sizeof(e), &got) == 0);
	is_int(strlen(got.text), GC_TEXT_MAX, "a text without an end");
	ok(!strchr(got.thread, 0x1b), "an escape sequence is made readable: %.20s", got.thread);
}

static void test_others(void)
{
	struct gc_moment_event m = { .header = { GC_EVENT_OUT_OF_MEMORY, 1, 2 },
				     .tid = 3,
				     .reason = GC_REASON_UNKNOWN,
				     .text = "Reached heap limit" };
	struct gc_statistics_event s = { .header = { GC_EVENT_STATISTICS, 1, 2 },
					 .values = { 1, 2, 3, 4, 5, 6 } };
	struct gc_space_event p = { .header = { GC_EVENT_SPACE, 1, 2 },
				    .committed_bytes = 10,
				    .used_bytes = 5,
				    .name = "old_space" };
	struct gc_event got;

	is_int(decode(&m, sizeof(m), &got), 0, "out of memory");
	is_text(got.text, "Reached heap limit", "and where");
	is_int(decode(&m, sizeof(m) - 1, &got), -EBADMSG, "a byte short");
	is_int(decode(&s, sizeof(s), &got), 0, "statistics");
	is_int(got.statistics[GC_STATISTIC_LIMIT], 6, "with the limit");
	s.values[0] = UINT64_MAX;
	is_int(decode(&s, sizeof(s), &got), -EBADMSG, "statistics of no heap");
	is_int(decode(&p, sizeof(p), &got), 0, "a space");
	is_int(got.space.used_bytes, 5, "and what it uses");
	is_text(got.text, "old_space", "and its name");
	p.name[0] = 0;
	is_int(decode(&p, sizeof(p), &got), -EBADMSG, "a space without a name");
	is_int(decode(&p, 0, &got), -EBADMSG, "nothing");
	p.header.kind = 99;
	is_int(decode(&p, sizeof(p), &got), -EBADMSG, "no such event");
	ok(!gc_reason_text(200), "no such reason");
	is_text(gc_reason_text(27), "CppHeap allocation failure", "the reasons are in V8's order");
}

int main(void)
{
	test_pause();
	test_kinds();
	test_clocks();
	test_odd_pauses();
	test_others();
	return tap_done();
}

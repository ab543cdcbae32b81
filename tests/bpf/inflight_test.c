// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* bpf/lib/inflight.bpf.h in the kernel: which return belongs to which entry. */
#include "kernel.h"

#include "lib/inflight.bpf.h"
#include "test/inflight.skel.h"

#define S	  0x7ffc00010000ull /* stack pointer of the first entry */
#define REACH	  (128 * 1024ull)   /* INFLIGHT_REACH_BYTES, said again */
#define MAX_STEPS 6

#if defined(__x86_64__)
#define POPPED 8 /* the return address, by ret */
#else
#define POPPED 0
#endif

enum { COUNTS = 1, LOST = 2 };

/* An entry, or the return of the call that was entered there. */
#define ENTER(at, result)                                                                          \
	{                                                                                          \
		false, (at), (result)                                                              \
	}
#define LEAVE(at, result)                                                                          \
	{                                                                                          \
		true, (at) + POPPED, (result)                                                      \
	}

static const struct {
	const char *what;
	struct {
		bool is_return;
		__u64 sp;
		int want;
	} steps[MAX_STEPS]; /* up to the first with sp 0 */
} cases[] = {
	{ "a call", { ENTER(S, COUNTS), LEAVE(S, COUNTS) } },
	{ "a call after a call",
	  { ENTER(S, COUNTS), LEAVE(S, COUNTS), ENTER(S, COUNTS), LEAVE(S, COUNTS) } },
	{ "a deeper call after a call",
	  { ENTER(S, COUNTS), LEAVE(S, COUNTS), ENTER(S - 64, COUNTS), LEAVE(S - 64, COUNTS) } },
	{ "a higher call after a call",
	  { ENTER(S, COUNTS), LEAVE(S, COUNTS), ENTER(S + 64, COUNTS), LEAVE(S + 64, COUNTS) } },
	{ "a nested call (calloc calling malloc)",
	  { ENTER(S, COUNTS), ENTER(S - 64, 0), LEAVE(S - 64, 0), LEAVE(S, COUNTS) } },
	{ "nested calls, one in the other",
	  { ENTER(S, COUNTS), ENTER(S - 64, 0), ENTER(S - 128, 0), LEAVE(S - 128, 0),
	    LEAVE(S - 64, 0), LEAVE(S, COUNTS) } },
	{ "nested as near as can be",
	  { ENTER(S, COUNTS), ENTER(S - 8, 0), LEAVE(S - 8, 0), LEAVE(S, COUNTS) } },
	{ "a tail call answers for both",
	  { ENTER(S, COUNTS), ENTER(S, COUNTS), LEAVE(S, COUNTS) } },
	{ "a tail call whose return is seen twice",
	  { ENTER(S, COUNTS), ENTER(S, COUNTS), LEAVE(S, COUNTS), LEAVE(S, 0) } },
	{ "a tail call of a nested call",
	  { ENTER(S, COUNTS), ENTER(S - 64, 0), ENTER(S - 64, 0), LEAVE(S - 64, 0),
	    LEAVE(S - 64, 0), LEAVE(S, COUNTS) } },
	{ "a call left by an exception, then one from higher up",
	  { ENTER(S, COUNTS), ENTER(S + 64, COUNTS | LOST), LEAVE(S + 64, COUNTS) } },
	{ "a call left by an exception, then one from the same place looks like a tail call",
	  { ENTER(S, COUNTS), ENTER(S, COUNTS), LEAVE(S, COUNTS) } },
	{ "a call and one nested in it left by an exception",
	  { ENTER(S, COUNTS), ENTER(S - 64, 0), ENTER(S + 64, COUNTS | LOST),
	    LEAVE(S + 64, COUNTS) } },
	{ "a return from higher up shows that the open call was left",
	  { ENTER(S, COUNTS), LEAVE(S + 64, LOST), LEAVE(S, 0) } },
	{ "a call on another stack is not nested",
	  { ENTER(S, COUNTS), ENTER(S - REACH, COUNTS | LOST), LEAVE(S - REACH, COUNTS) } },
	{ "the deepest place that is the same stack",
	  { ENTER(S, COUNTS), ENTER(S - REACH + 8, 0), LEAVE(S - REACH + 8, 0),
	    LEAVE(S, COUNTS) } },
	{ "a return on another stack", { ENTER(S, COUNTS), LEAVE(S - REACH, LOST), LEAVE(S, 0) } },
	{ "a return whose entry was before the attach",
	  { LEAVE(S, 0), ENTER(S, COUNTS), LEAVE(S, COUNTS) } },
	{ "a nested return whose entry was before the attach",
	  { ENTER(S, COUNTS), LEAVE(S - 64, 0), LEAVE(S, COUNTS) } },
	{ "a return that comes twice", { ENTER(S, COUNTS), LEAVE(S, COUNTS), LEAVE(S, 0) } },
	{ "a stack at the bottom of memory",
	  { ENTER(16, COUNTS), ENTER(8, 0), LEAVE(8, 0), LEAVE(16, COUNTS) } },
};

static int step(struct inflight_bpf *skel, bool is_return, __u64 sp)
{
	int result;

	skel->bss->sp = sp;
	result = run(is_return ? skel->progs.leave : skel->progs.enter) ? COUNTS : 0;
	return result | (skel->bss->is_lost ? LOST : 0);
}

static void begin(struct inflight_bpf *skel)
{
	memset(&skel->bss->call, 0, sizeof(skel->bss->call));
}

static void test_cases(struct inflight_bpf *skel)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		begin(skel);
		for (int n = 0; n < MAX_STEPS && cases[i].steps[n].sp; n++) {
			bool is_return = cases[i].steps[n].is_return;

			is_int(step(skel, is_return, cases[i].steps[n].sp), cases[i].steps[n].want,
			       "%s: step %d, %s", cases[i].what, n + 1,
			       is_return ? "return" : "entry");
		}
	}
}

/* An exception left the call and the stack has grown past it: every later call looks nested. */
static void test_heals(struct inflight_bpf *skel)
{
	int ignored = 0, result;

	begin(skel);
	(void)step(skel, false, S);
	do {
		result = step(skel, false, S - 4096);
		if (result == 0)
			is_int(step(skel, true, S - 4096 + POPPED), 0,
			       "past an abandoned call: return %d is taken for a nested one",
			       ignored);
	} while (result == 0 && ignored++ < 2 * INFLIGHT_NESTED_MAX);
	is_int(ignored, INFLIGHT_NESTED_MAX, "after this many the abandoned call is given up");
	is_int(result, COUNTS | LOST, "the next entry counts, and the open one is lost");
	is_int(step(skel, true, S - 4096 + POPPED), COUNTS, "its return closes it");
	is_int(step(skel, false, S - 4096), COUNTS, "the one after it is as usual");
	is_int(skel->bss->call.nested, 0, "nested entries are counted afresh");
}

int main(void)
{
	struct inflight_bpf *skel;

	need_root();
	skel = inflight_bpf__open_and_load();
	must(skel);
	test_cases(skel);
	test_heals(skel);
	inflight_bpf__destroy(skel);
	return tap_done();
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What only the program's run time knows: V8's pauses, libuv's timers. Without it the rest stands.
 */
#include "collect/loop_stall_state.h"

#include "base/scope.h"
#include "host/log.h"
#include "probe/function_place.h"

/* By the names that V8 10 to 14 (node 18 to 25) have: with and without arguments. */
static const char *const names[] = {
	"_ZN2v88internal8GCTracer20StartObservablePauseEv",
	"_ZN2v88internal8GCTracer20StartObservablePauseENS_4base9TimeTicksE",
	"_ZN2v88internal8GCTracer19StopObservablePauseEv",
	"_ZN2v88internal8GCTracer19StopObservablePauseENS0_16GarbageCollectorENS_4base9TimeTicksE",
	"uv__run_timers",
};
#define NAME_COUNT (sizeof(names) / sizeof(*names))
#define FIRST_END  2
#define TIMERS	   4

bool loop_stall_has_gc(const struct loop_stall_options *o)
{
	return o->has_split || o->is_endless;
}

void loop_stall_prepare_runtime(struct loop_stall_bpf *skel)
{
	uprobes_prepare(skel->progs.gc_begins);
	uprobes_prepare(skel->progs.gc_ends);
	uprobes_prepare(skel->progs.timers_run);
}

static struct bpf_program *program_of(const struct loop_stall *c, size_t name)
{
	if (name == TIMERS)
		return c->options->has_timers ? c->skel->progs.timers_run : NULL;
	if (!loop_stall_has_gc(c->options))
		return NULL;
	return name < FIRST_END ? c->skel->progs.gc_begins : c->skel->progs.gc_ends;
}

static void attach(struct loop_stall *c, struct process *p, const struct function_places *places)
{
	for (size_t i = 0; i < NAME_COUNT; i++) {
		const struct uprobe_request request = { .prog = program_of(c, i),
							.fd = places->fd,
							.pid = p->pid,
							.is_quiet = c->options->is_endless,
							.places = &places->at[i],
							.count = 1 };

		if (request.prog && places->at[i].offset)
			(void)uprobes_attach(&p->probes, &request); /* said; the rest stands */
	}
}

void loop_stall_attach_runtime(struct loop_stall *c)
{
	for (struct process *p = c->processes.all; p; p = p->hh.next) {
		struct uprobe_place at[NAME_COUNT] = { 0 };
		struct function_places places = { .fd = -1, .at = at };

		if (p->is_ended || p->is_probed ||
		    !(loop_stall_has_gc(c->options) || c->options->has_timers))
			continue;
		p->is_probed = true;
		if (function_places_find(&p->target, names, NAME_COUNT, &places) == 0 &&
		    processes_probes_are_new(p, places.fd))
			attach(c, p, &places);
		if (c->options->has_timers && !at[TIMERS].offset)
			log_line(c->options->is_endless ? LOG_INFO : LOG_WARN,
				 "no uv__run_timers in process %d: timers are not looked at",
				 p->pid);
		closep(&places.fd);
	}
}

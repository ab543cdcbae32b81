// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From a process to probes on its allocator: what is attached, in which order, and what is not. */
#include "collect/memleak_state.h"

#include "base/scope.h"
#include "host/clock.h"
#include "host/log.h"
#include "probe/buffer_allocator.h"
#include "probe/features.h"
#include "probe/seccomp.h"

#include <bpf/bpf.h>
#include <errno.h>

/* What is done about operator new that may throw and does not call malloc. */
enum new_mode {
	NEW_NONE,     /* there is none */
	NEW_SESSION,  /* traced, but for sizes that could fail */
	NEW_FORCED,   /* traced whatever happens: asked for */
	NEW_UNTRACED, /* it could end the target */
};

static enum new_mode new_mode_of(const struct watch *w, const struct allocator *a)
{
	bool is_forced = w->owner->options->with_throwing_new;

	if (!a->new_count)
		return NEW_NONE;
	if (features_have_uprobe_session() &&
	    (is_forced || !procfs_memory_is_limited(w->target.pid)))
		return NEW_SESSION;
	return is_forced ? NEW_FORCED : NEW_UNTRACED;
}

static void describe_allocators(struct watch *w, const struct allocators *found)
{
	size_t len = 0;

	(void)snprintf(w->allocator, sizeof(w->allocator), "%s", found->len ? "" : "no allocator");
	for (size_t i = 0; i < found->len && len < sizeof(w->allocator); i++) {
		const struct allocator *a = &found->at[i];
		bool is_untraced = new_mode_of(w, a) == NEW_UNTRACED;

		len += (size_t)snprintf(w->allocator + len, sizeof(w->allocator) - len,
					"%s%s (%s)%s", len ? ", " : "", a->name, a->path,
					is_untraced ? ", WITHOUT its C++ operator new (--cxx-new)"
						    : "");
	}
}

/* As any other allocation function: its return is probed whatever its size. */
static int attach_new_forced(struct watch *w, const struct allocator *a,
			     struct uprobe_request request)
{
	struct memleak_trace_bpf *skel = w->owner->skel;
	struct uprobe_place places[ALLOCATOR_MAX_NEWS];
	int err;

	for (size_t i = 0; i < a->new_count; i++) {
		places[i] = a->news[i];
		places[i].cookie = COOKIE_PLAIN(0);
	}
	request.places = places;
	request.prog = skel->progs.alloc_exit;
	request.is_return = true;
	err = uprobes_attach(&w->links, &request);
	if (err)
		return err;
	request.prog = skel->progs.alloc_enter;
	request.is_return = false;
	return uprobes_attach(&w->links, &request);
}

static int attach_new(struct watch *w, const struct allocator *a, struct uprobe_request request)
{
	request.places = a->news;
	request.count = a->new_count;
	switch (new_mode_of(w, a)) {
	case NEW_SESSION:
		request.prog = w->owner->skel->progs.new_call;
		request.is_session = true;
		return uprobes_attach(&w->links, &request);
	case NEW_FORCED:
		return attach_new_forced(w, a, request);
	default:
		return 0;
	}
}

static int attach_allocator(struct watch *w, const struct allocator *a)
{
	struct memleak_trace_bpf *skel = w->owner->skel;
	const struct uprobe_request base = { .fd = a->fd, .pid = w->target.pid };
	const struct {
		struct bpf_program *prog;
		const struct uprobe_place *places;
		size_t count;
		bool is_return;
	} table[] = {
		{ skel->progs.free_enter, a->frees, a->free_count, false },
		{ skel->progs.alloc_exit, a->allocs, a->alloc_count, true },
		{ skel->progs.alloc_enter, a->allocs, a->alloc_count, false },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct uprobe_request request = base;
		int err;

		request.prog = table[i].prog;
		request.places = table[i].places;
		request.count = table[i].count;
		request.is_return = table[i].is_return;
		err = uprobes_attach(&w->links, &request);
		if (err)
			return err;
	}
	return attach_new(w, a, base);
}

static int set_target(struct watch *w, enum target_recording recording)
{
	struct target_state state = { .slot = w->slot, .is_stopped = recording };
	uint32_t tgid = (uint32_t)w->target.pid;

	return bpf_map_update_elem(bpf_map__fd(w->owner->skel->maps.targets), &tgid, &state,
				   BPF_ANY);
}

int watch_refresh_code(struct watch *w)
{
	struct memleak *m = w->owner;
	int err = stack_names_refresh(&m->names, m->unwind, &w->target);

	if (err || m->unwind)
		return err;
	return process_code_set_ranges(m->symbols, w->target.pid, bpf_map__fd(m->skel->maps.code),
				       w->slot);
}

/* Every probe is there. -EAGAIN: the kernel has seen it execute another program meanwhile. */
static int start_recording(struct watch *w)
{
	uint32_t tgid = (uint32_t)w->target.pid;
	struct target_state state;
	int err = bpf_map_lookup_elem(bpf_map__fd(w->owner->skel->maps.targets), &tgid, &state);

	if (err)
		return err;
	return state.is_stopped == TARGET_ATTACHING ? set_target(w, TARGET_RECORDS) : -EAGAIN;
}

void watch_pause(struct watch *w)
{
	if (w->target.pid) /* fails only for one that was never set: it records nothing */
		(void)set_target(w, TARGET_STOPPED);
}

void watch_detach(struct watch *w)
{
	/* nothing is recorded while some probes are gone and others are not */
	watch_pause(w);
	uprobes_detach(&w->links);
}

static int attach_all(struct watch *w, const struct allocators *found)
{
	for (size_t i = 0; i < found->len; i++) {
		int err = attach_allocator(w, &found->at[i]);

		if (err)
			return err;
	}
	return 0;
}

/* A process whose system-call filter a return probe would run into is left alone. */
static int check_filter(const struct watch *w, bool is_quiet)
{
	struct process_stat st;
	int err = procfs_stat(w->target.pid, &st);

	if (err || !st.seccomp || seccomp_return_probe_is_safe())
		return err;
	if (!is_quiet) {
		log_error("process %d (%s) has a system-call filter, and on this kernel a return "
			  "probe would get it killed",
			  w->target.pid, w->target.comm);
		log_hint("use a kernel with commit cf6cb56ef244 (6.14 and later stable releases)");
	}
	return -EOPNOTSUPP;
}

/* A process that has just executed something may still be loading its libraries. */
static bool may_still_load(const struct watch *w)
{
	return w->pending_since_ns &&
	       clock_monotonic_ns() - w->pending_since_ns < PENDING_GIVE_UP_NS;
}

/* Finds the allocator; with --mmap a process without one can still be watched. */
static int find_allocators(struct watch *w, bool is_quiet, struct allocators *ret)
{
	const struct memleak_options *o = w->owner->options;
	bool is_optional = o->with_mmap && !may_still_load(w);
	int err = o->of_buffers ? buffer_allocator_find(&w->target, is_quiet, ret)
				: allocators_find(&w->target, is_quiet || is_optional, ret);

	if (!err)
		return check_filter(w, is_quiet);
	if (err != -ENODATA || !is_optional)
		return err;
	log_warn("no allocator found in process %d (%s): only its mappings are traced",
		 w->target.pid, w->target.comm);
	return 0;
}

/*
 * Finds the allocator and attaches. 0; -ENODATA (none), -EOPNOTSUPP, -ESRCH (gone or another
 * process by now), -EAGAIN (it executed another program meanwhile) or what the attach gave; said
 * unless @is_quiet. Nothing stays attached on failure.
 */
int watch_attach(struct watch *w, bool is_quiet)
{
	_release_(allocators_done) struct allocators found = { 0 };
	int err = set_target(w, TARGET_ATTACHING); /* from here on an exec is told of */

	if (!err)
		err = find_allocators(w, is_quiet, &found);
	if (!err)
		err = watch_refresh_code(w);
	if (!err)
		err = attach_all(w, &found);
	if (!err) /* from here on, and all probes at once */
		err = start_recording(w);
	/* when it has ended, the probes may sit in a process that took its number */
	if (!target_is_same(&w->target))
		err = -ESRCH;
	if (err) {
		watch_detach(w);
		return err;
	}
	describe_allocators(w, &found);
	w->state = WATCH_RUNNING;
	w->was_attached = true;
	if (!w->attached_ns)
		w->attached_ns = clock_monotonic_ns();
	return 0;
}

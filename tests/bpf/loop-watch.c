// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loop-watch.h"

#include "base/scope.h"
#include "host/log.h"
#include "host/target.h"
#include "probe/clock_events.h"
#include "probe/load.h"
#include "probe/release.h"
#include "probe/tables.h"
#include "probe/tracepoint.h"
#include "probe/unwind_look.h"
#include "probe/unwind_tables.h"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#define WAITS_MAX   32
#define KINDS_MAX   64
#define ENDED_TRIES 1000 /* of 5 ms */

struct watch {
	struct loop_stall_bpf *skel;
	struct loop_state *states;
	struct loop_hist *hists;
	uint32_t slots;
	struct ring_buffer *ring;
	struct bpf_link *waits[WAITS_MAX];
	size_t wait_count;
	struct clock_events clock;
	struct unwind_tables *unwind;
	struct target self;
	struct watched taken;
	size_t events[KINDS_MAX];
};

struct watch_thread {
	pthread_t id;
	void (*fn)(void *);
	void *arg;
	uint32_t tid;
};

uint64_t now_ns(void)
{
	struct timespec t;

	must(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void spin(uint64_t ns)
{
	uint64_t end_ns = now_ns() + ns;

	while (now_ns() < end_ns)
		;
}

void sleep_ns(uint64_t ns)
{
	struct timespec t = { .tv_sec = (time_t)(ns / 1000000000),
			      .tv_nsec = (long)(ns % 1000000000) };

	must(clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL) == 0);
}

uint64_t own_sleeps(void)
{
	struct rusage usage;

	must(getrusage(RUSAGE_THREAD, &usage) == 0);
	return (uint64_t)usage.ru_nvcsw;
}

void *shared_memory(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	must(at != MAP_FAILED);
	return at;
}

int readable_fd(void)
{
	int fd = eventfd(1, EFD_CLOEXEC);

	must(fd >= 0);
	return fd;
}

int epoll_of(int fd)
{
	struct epoll_event e = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	must(epoll >= 0);
	must(fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) == 0);
	return epoll;
}

int wait_on(int epoll, int timeout_ms)
{
	struct epoll_event e;

	return epoll_wait(epoll, &e, 1, timeout_ms);
}

int epoll_loop(void)
{
	int epoll = epoll_of(-1);

	for (int i = 0; i < LOOP_IS_YOUNG; i++)
		must(wait_on(epoll, 5) == 0); /* an emulated CPU would not sleep for 1 ms */
	return epoll;
}

/* --- events ----------------------------------------------------------------------------------- */

static void keep_stall(struct watched *t, const struct loop_stall_event *e)
{
	if (e->tid != t->tid)
		return;
	if (t->stall_count < sizeof(t->stalls) / sizeof(*t->stalls))
		t->stalls[t->stall_count] = *e;
	t->stall_count++;
}

static void keep_sample(struct watched *t, const struct loop_sample_event *e)
{
	if (e->tid != t->tid)
		return;
	if (t->sample_count < sizeof(t->samples) / sizeof(*t->samples))
		t->samples[t->sample_count] = *e;
	t->sample_count++;
}

static int on_event(void *ctx, void *data, size_t size)
{
	const struct event_header *header = data;
	struct watch *w = ctx;

	must(size >= sizeof(*header) && header->kind < KINDS_MAX);
	w->events[header->kind]++;
	if (header->kind == LOOP_EVENT_STALL)
		keep_stall(&w->taken, data);
	if (header->kind == LOOP_EVENT_SAMPLE)
		keep_sample(&w->taken, data);
	return 0;
}

/* --- begin and end ---------------------------------------------------------------------------- */

static void configure(struct watch *w, const struct watch_options *o)
{
	struct loop_stall_bpf *skel = w->skel;
	bool has_split = !o->is_without_split;

	w->slots = o->slots ? o->slots : 16;
	skel->rodata->threshold_ns = o->threshold_ns ? o->threshold_ns : 20 * MS_NS;
	skel->rodata->has_split = has_split;
	skel->rodata->has_stacks = !o->is_without_stacks;
	skel->rodata->follows_children = true;
	must(bpf_map__set_max_entries(skel->maps.stacks, 4096) == 0);
	must(bpf_map__set_map_flags(skel->maps.stacks, 0) == 0);
	must(bpf_map__set_max_entries(skel->maps.loops, w->slots) == 0);
	must(bpf_map__set_max_entries(skel->maps.loop_hists, w->slots * LOOP_HISTS) == 0);
	must(bpf_map__set_max_entries(skel->maps.free_slots, w->slots) == 0);
	must(bpf_map__set_max_entries(skel->maps.events, o->ring_bytes ? o->ring_bytes : 1 << 20) ==
	     0);
	must(bpf_program__set_autoload(skel->progs.on_switch, has_split) == 0);
	must(bpf_program__set_autoload(skel->progs.on_wakeup, has_split) == 0);
}

static void *map_memory(const struct bpf_map *map)
{
	size_t size = (size_t)bpf_map__value_size(map) * bpf_map__max_entries(map);
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	must(at != MAP_FAILED);
	return at;
}

static void unmap(const struct bpf_map *map, void *at)
{
	must(munmap(at, (size_t)bpf_map__value_size(map) * bpf_map__max_entries(map)) == 0);
}

static void free_slot(struct watch *w, uint32_t slot)
{
	must(bpf_map_update_elem(bpf_map__fd(w->skel->maps.free_slots), NULL, &slot, 0) == 0);
}

static struct unwind_maps unwind_maps_of(const struct watch *w)
{
	return UNWIND_MAPS(w->skel);
}

static void tell_mappings(struct watch *w)
{
	const struct unwind_maps maps = unwind_maps_of(w);
	struct procmaps mapped = { 0 };

	w->unwind = unwind_tables_new(&maps);
	must(w->unwind);
	must(target_open(&w->self, getpid(), NULL) == 0);
	must(target_maps(&w->self, &mapped) == 0);
	must(unwind_tables_refresh(w->unwind, &w->self, &mapped) == 0);
	procmaps_done(&mapped);
}

static void attach_waits(struct watch *w)
{
	struct bpf_program *prog;

	bpf_object__for_each_program (prog, w->skel->obj) {
		char name[64];
		int err;

		if (bpf_program__type(prog) != BPF_PROG_TYPE_TRACEPOINT)
			continue;
		must(w->wait_count < WAITS_MAX);
		(void)snprintf(name, sizeof(name), "sys_%s", bpf_program__name(prog));
		err = tracepoint_attach(prog, "syscalls", name, &w->waits[w->wait_count]);
		must(err == 0 || err == -ENOENT);
		w->wait_count += !err;
	}
}

static void attach(struct watch *w, const struct watch_options *o)
{
	struct loop_stall_bpf *skel = w->skel;
	bool has_split = !o->is_without_split;
	const struct probe_hook hooks[] = {
		{ skel->progs.process_exit, &skel->links.process_exit, true },
		{ skel->progs.process_exec, &skel->links.process_exec, true },
		{ skel->progs.process_fork, &skel->links.process_fork, true },
		{ skel->progs.on_wakeup, &skel->links.on_wakeup, has_split },
		{ skel->progs.on_switch, &skel->links.on_switch, has_split },
	};

	must(probe_attach(hooks, sizeof(hooks) / sizeof(*hooks)) == 0);
	attach_waits(w);
	if (o->frequency_hz)
		must(clock_events_attach(skel->progs.on_clock, o->frequency_hz, false, &w->clock) ==
		     0);
}

struct watch *watch_begin(const struct watch_options *options)
{
	struct watch *w = calloc(1, sizeof(*w));

	must(w);
	w->skel = loop_stall_bpf__open();
	must(w->skel);
	configure(w, options);
	must(probe_load(w->skel->skeleton) == 0);
	w->states = map_memory(w->skel->maps.loops);
	w->hists = map_memory(w->skel->maps.loop_hists);
	for (uint32_t slot = 0; slot < w->slots; slot++)
		free_slot(w, slot);
	w->ring = ring_buffer__new(bpf_map__fd(w->skel->maps.events), on_event, w, NULL);
	must(w->ring);
	tell_mappings(w);
	watch_target(w, (uint32_t)getpid(), TARGET_RECORDS);
	attach(w, options);
	return w;
}

void watch_end(struct watch *w)
{
	clock_events_detach(&w->clock);
	release_probes(w->waits, w->wait_count, NULL, 0);
	loop_stall_bpf__detach(w->skel);
	ring_buffer__free(w->ring);
	unwind_tables_free(w->unwind);
	target_done(&w->self);
	unmap(w->skel->maps.loops, w->states);
	unmap(w->skel->maps.loop_hists, w->hists);
	loop_stall_bpf__destroy(w->skel);
	free(w);
}

struct loop_stall_bpf *watch_skeleton(struct watch *w)
{
	return w->skel;
}

void watch_target(struct watch *w, uint32_t tgid, enum target_recording recording)
{
	const struct target_state state = { .is_stopped = recording };

	must(bpf_map_update_elem(bpf_map__fd(w->skel->maps.targets), &tgid, &state, 0) == 0);
}

/* --- threads ---------------------------------------------------------------------------------- */

const struct loop_state *watch_state(struct watch *w, uint32_t tid)
{
	for (uint32_t slot = 0; slot < w->slots; slot++)
		if (__atomic_load_n(&w->states[slot].tid, __ATOMIC_ACQUIRE) == tid)
			return &w->states[slot];
	return NULL;
}

size_t watch_free_slots(struct watch *w)
{
	size_t n = 0;

	for (uint32_t slot = 0; slot < w->slots; slot++)
		n += __atomic_load_n(&w->states[slot].tid, __ATOMIC_ACQUIRE) == 0;
	return n;
}

/* As the tool does it: read, made zero, back into the queue. */
static void give_back(struct watch *w, uint32_t slot)
{
	struct loop_hist *hists = w->hists + (size_t)slot * LOOP_HISTS;

	w->taken.state = w->states[slot];
	memcpy(w->taken.hists, hists, sizeof(w->taken.hists));
	memset(hists, 0, sizeof(w->taken.hists));
	memset(&w->states[slot], 0, sizeof(w->states[slot]));
	free_slot(w, slot);
}

const struct watched *watch_take(struct watch *w, uint32_t tid)
{
	const struct loop_state *state = watch_state(w, tid);

	memset(&w->taken, 0, sizeof(w->taken));
	w->taken.tid = tid;
	w->taken.is_seen = state;
	for (int i = 0; state && !__atomic_load_n(&state->is_ended, __ATOMIC_ACQUIRE); i++) {
		must(i < ENDED_TRIES);
		(void)usleep(5000);
	}
	if (state)
		give_back(w, (uint32_t)(state - w->states));
	must(ring_buffer__consume(w->ring) >= 0);
	return &w->taken;
}

static void *run_thread(void *arg)
{
	struct watch_thread *t = arg;

	__atomic_store_n(&t->tid, (uint32_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	t->fn(t->arg);
	return NULL;
}

struct watch_thread *watch_start(struct watch *w, void (*fn)(void *), void *arg)
{
	struct watch_thread *t = calloc(1, sizeof(*t));

	(void)w;
	must(t);
	t->fn = fn;
	t->arg = arg;
	must(pthread_create(&t->id, NULL, run_thread, t) == 0);
	return t;
}

uint32_t watch_tid(const struct watch_thread *t)
{
	uint32_t tid;

	while (!(tid = __atomic_load_n(&t->tid, __ATOMIC_ACQUIRE)))
		(void)usleep(1000);
	return tid;
}

uint32_t watch_end_of(struct watch_thread *t)
{
	uint32_t tid;

	must(pthread_join(t->id, NULL) == 0);
	tid = t->tid;
	free(t);
	return tid;
}

const struct watched *watch_join(struct watch *w, struct watch_thread *t)
{
	return watch_take(w, watch_end_of(t));
}

const struct watched *watch_run(struct watch *w, void (*fn)(void *), void *arg)
{
	return watch_join(w, watch_start(w, fn, arg));
}

/* It stops before it does anything, to be taken for a target first. */
pid_t watch_start_child(struct watch *w, void (*fn)(void *), void *arg)
{
	pid_t child = fork();
	int status;

	must(child >= 0);
	if (!child) {
		(void)raise(SIGSTOP);
		fn(arg);
		_exit(0);
	}
	must(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
	watch_target(w, (uint32_t)child, TARGET_RECORDS);
	must(kill(child, SIGCONT) == 0);
	return child;
}

const struct watched *watch_join_child(struct watch *w, pid_t child)
{
	int status;

	must(waitpid(child, &status, 0) == child && status == 0);
	return watch_take(w, (uint32_t)child);
}

/* --- what there is ---------------------------------------------------------------------------- */

uint64_t watch_counter(struct watch *w, enum loop_counter which)
{
	uint64_t counters[LOOP_COUNTERS];

	must(table_sum_percpu(bpf_map__fd(w->skel->maps.counters), 0, counters, LOOP_COUNTERS) ==
	     0);
	return counters[which];
}

size_t watch_events(struct watch *w, uint32_t kind)
{
	must(ring_buffer__consume(w->ring) >= 0);
	return w->events[kind];
}

bool watch_look(struct watch *w, uint32_t tid, struct loop_look *ret)
{
	_release_(closep) int link =
		bpf_link_create(bpf_program__fd(w->skel->progs.look_at), 0, BPF_TRACE_ITER, NULL);
	_release_(closep) int fd = link < 0 ? -1 : bpf_iter_create(link);
	struct loop_look look;
	bool is_found = false;
	ssize_t len;

	must(fd >= 0);
	while ((len = read(fd, &look, sizeof(look))) > 0) {
		must(len == sizeof(look));
		if (look.tid != tid)
			continue;
		is_found = true;
		*ret = look;
	}
	must(len == 0);
	return is_found;
}

static bool has_frame(const struct stack_frames *stack, const void *fn, size_t size)
{
	uintptr_t first = (uintptr_t)fn;

	for (size_t i = 0; i < stack->len; i++)
		if (stack->at[i] >= first && stack->at[i] < first + size)
			return true;
	return false;
}

bool watch_has_frame(struct watch *w, uint64_t id, const void *fn, size_t size)
{
	struct stack_frames stack = { 0 };

	return id != STACK_NONE && stack_read(bpf_map__fd(w->skel->maps.stacks), id, &stack) == 0 &&
	       has_frame(&stack, fn, size);
}

bool watch_look_has_frame(struct watch *w, const struct loop_look *look, const void *fn,
			  size_t size)
{
	const struct unwind_maps maps = unwind_maps_of(w);
	struct stack_frames stack = { 0 };

	return unwind_look(&maps, &w->self, look->registers, look->pc, &stack) == 0 &&
	       has_frame(&stack, fn, size);
}

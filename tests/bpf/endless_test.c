// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The collectors of loop-stall, gc-trace and mem-watch as they run for weeks: in one process and
 * one loop, while hundreds of servers come and go. All that these did is told, and nothing of them
 * stays. This program is the server, too (endless-server.h): "endless_test serve".
 */
#include "endless-server.h"

#include "collect/gc_trace_state.h"
#include "collect/loop_stall_state.h"
#include "collect/mem_watch_state.h"

#include "host/cli.h"
#include "host/fd.h"
#include "host/log.h"
#include "host/loop.h"
#include "kernel.h"
#include "tap.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVERS	   300 /* unless the environment says otherwise; the first third warms up */
#define NODE_EACH  20  /* so many is one node */
#define RUNNING	   8   /* at a time */
#define TICK_NS	   (10 * NS_PER_MS)
#define GIVE_UP_NS (200 * NS_PER_S) /* an emulated CPU */

/* --- the watcher ------------------------------------------------------------------------------ */

static struct watcher {
	struct loop *loop;
	struct loop_stall *stalls;
	struct gc_trace *gc;
	struct mem_watch *memory;
	struct server running[RUNNING];
	unsigned int started, wanted, nodes;
	uint64_t until_ns;  /* it takes no longer */
	uint64_t run_to_ns; /* the loop goes on until then, 0: until all are gone */
	/* what was told */
	unsigned int loops_ended, heaps_ended, processes_ended;
	uint64_t waits, stalls_of_loops, stalls_told, collections, collections_of_heaps, samples;
	uint64_t most_ns[LOOP_PARTS]; /* of a stall, since that was cleared */
	bool has_ended;		      /* a loop did, since that was cleared */
} w;

static int on_stall(void *ctx, const struct loops *l, const struct stall *s)
{
	(void)ctx, (void)l;
	if (s->is_going_on)
		return 0;
	w.stalls_told++;
	for (size_t i = 0; i < LOOP_PARTS; i++)
		if (s->part_ns[i] > w.most_ns[i])
			w.most_ns[i] = s->part_ns[i];
	return 0;
}

static void on_loop_ended(void *ctx, const struct loop_info *l)
{
	(void)ctx;
	w.has_ended = true;
	w.loops_ended++;
	w.stalls_of_loops += l->total.stalls;
	if (strcmp(l->process, "endless_test") == 0)
		w.waits += l->total.waits;
}

static int on_collection(void *ctx, const struct gcs *g, const struct gc_collection *c)
{
	(void)ctx, (void)g;
	w.collections += c->kind == GC_MARK_COMPACT;
	return 0;
}

static void on_heap_ended(void *ctx, const struct gc_heap *h)
{
	(void)ctx;
	w.heaps_ended++;
	w.collections_of_heaps += h->total.count[GC_MARK_COMPACT];
}

static int on_sample(void *ctx, const struct memory *m, const struct memory_process *p)
{
	(void)ctx, (void)m, (void)p;
	w.samples++;
	return 0;
}

static void on_process_ended(void *ctx, const struct memory_process *p)
{
	(void)ctx, (void)p;
	w.processes_ended++;
}

static void watcher_start(void)
{
	static const struct loop_stall_options stall = { .threshold_ns = STALL_MS / 2 * NS_PER_MS,
							 .has_split = true,
							 .is_endless = true,
							 .max_loops = LOOPS_MAX,
							 .max_events_bytes = 1 << 20 };
	static const struct gc_trace_options gc = { .is_endless = true,
						    .max_events_bytes = 1 << 20 };
	static const struct mem_watch_options memory = { .interval_ns = 50 * NS_PER_MS,
							 .max_samples = 16,
							 .is_endless = true };
	static const struct loop_stall_sink stall_sink = { on_stall, on_loop_ended, NULL };
	static const struct gc_trace_sink gc_sink = { .on_collection = on_collection,
						      .on_heap_ended = on_heap_ended };
	static const struct mem_watch_sink memory_sink = { on_sample, on_process_ended, NULL };

	w.loop = loop_new();
	must(w.loop);
	must(loop_stall_open(&stall, w.loop, &w.stalls) == 0);
	must(gc_trace_open(&gc, w.loop, &w.gc) == 0);
	must(mem_watch_open(&memory, w.loop, &w.memory) == 0);
	must(loop_stall_start(w.stalls, &stall_sink) == 0);
	must(gc_trace_start(w.gc, &gc_sink) == 0);
	must(mem_watch_start(w.memory, &memory_sink) == 0);
	printf("# wait calls are seen by %s\n",
	       bpf_program__fd(w.stalls->skel->progs.enter_epoll_wait) >= 0 ? "tracepoints"
									    : "functions");
}

static void watcher_stop(void)
{
	loop_stall_stop(w.stalls);
	gc_trace_stop(w.gc);
	loop_stall_free(w.stalls);
	gc_trace_free(w.gc);
	mem_watch_free(w.memory);
	loop_free(w.loop);
}

static void add(pid_t pid)
{
	must(loop_stall_add(w.stalls, pid) == EXIT_DONE);
	must(gc_trace_add(w.gc, pid) == EXIT_DONE);
	must(mem_watch_add(w.memory, pid) == EXIT_DONE);
}

static void let_go(pid_t pid)
{
	loop_stall_remove(w.stalls, pid);
	gc_trace_remove(w.gc, pid);
	mem_watch_remove(w.memory, pid);
}

static bool watches_none(void)
{
	return !w.stalls->processes.all && !w.gc->processes.all && !w.memory->processes.len;
}

/* --- servers come and go ---------------------------------------------------------------------- */

static int on_ready(void *ctx)
{
	struct server *s = ctx;
	char word;

	must(read(s->fd, &word, 1) == 1);
	must(loop_remove_fd(w.loop, s->fd) == 0);
	add(s->pid);
	server_say(s, 'g');
	return 0;
}

static void come(struct server *s)
{
	bool is_node = ++w.started % NODE_EACH == 0;

	w.nodes += is_node;
	*s = server_begin(is_node);
	must(loop_add_fd(w.loop, s->fd, on_ready, s) == 0);
}

/* Ends the loop when as many have come as are wanted, and all are gone. */
static int on_tick(void *ctx)
{
	bool is_idle = true;

	(void)ctx;
	if (w.run_to_ns)
		return clock_monotonic_ns() >= w.run_to_ns;
	must(clock_monotonic_ns() < w.until_ns);
	for (size_t i = 0; i < RUNNING; i++) {
		struct server *s = &w.running[i];

		if (s->pid && waitpid(s->pid, NULL, WNOHANG) == s->pid) {
			(void)close(s->fd);
			s->pid = 0;
		}
		if (!s->pid && w.started < w.wanted)
			come(s);
		is_idle &= !s->pid;
	}
	return is_idle && watches_none() ? 1 : 0;
}

static void run_for(uint64_t ns)
{
	w.run_to_ns = clock_monotonic_ns() + ns;
	must(loop_run(w.loop) == 0);
	w.run_to_ns = 0;
}

static void run_until_gone(void)
{
	w.until_ns = clock_monotonic_ns() + GIVE_UP_NS;
	must(loop_run(w.loop) == 0);
}

/* --- what stays ------------------------------------------------------------------------------- */

struct rest {
	uint64_t rss_bytes, heap_bytes;
	size_t fds;
};

static size_t count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	must(dir);
	while (readdir(dir))
		count++;
	(void)closedir(dir);
	return count;
}

static struct rest rest_now(void)
{
	return (struct rest){ .rss_bytes = procfs_own_rss_bytes(),
			      .heap_bytes = mallinfo2().uordblks,
			      .fds = count_fds() };
}

static size_t count_keys(const struct bpf_map *map)
{
	uint64_t key = 0, next = 0;
	size_t count = 0;

	while (bpf_map_get_next_key(bpf_map__fd(map), count ? &key : NULL, &next) == 0) {
		key = next;
		count++;
	}
	return count;
}

static size_t count_free_slots(void)
{
	int fd = bpf_map__fd(w.stalls->skel->maps.free_slots);
	uint32_t slots[LOOPS_MAX + 1];
	size_t count = 0;

	while (count <= LOOPS_MAX && bpf_map_lookup_and_delete_elem(fd, NULL, &slots[count]) == 0)
		count++;
	for (size_t i = 0; i < count; i++)
		must(bpf_map_update_elem(fd, NULL, &slots[i], 0) == 0);
	return count;
}

static void check_empty(void)
{
	is_int(count_keys(w.stalls->skel->maps.targets), 0, "no target of loop-stall is left");
	is_int(count_keys(w.gc->skel->maps.targets), 0, "no target of gc-trace is left");
	is_int(count_keys(w.gc->skel->maps.collectors), 0, "no collector is left");
	is_int(count_free_slots() + w.stalls->leaving_count, LOOPS_MAX,
	       "all slots of loops are free, or will be by the next tick");
	is_int(w.stalls->loops.len, 0, "no loop is kept");
	is_int(w.stalls->stalls.len, 0, "no stall is kept");
	is_int(w.gc->heaps.len, 0, "no heap is kept");
	is_int(w.gc->collections.len, 0, "no collection is kept");
	ok(w.stalls->processes.slots <= 3 * RUNNING && w.gc->processes.slots <= 3 * RUNNING,
	   "slots of counters are used again (%u, %u)", w.stalls->processes.slots,
	   w.gc->processes.slots);
}

static struct rest come_and_go(unsigned int wanted)
{
	w.wanted = wanted;
	run_until_gone();
	return rest_now();
}

static void hundreds_come_and_go(void)
{
	const char *wanted = getenv("SERVERS");
	unsigned int all = wanted ? (unsigned int)strtoul(wanted, NULL, 10) : SERVERS;
	struct rest first, last;
	struct loops value;

	first = come_and_go(all / 3);
	check_empty();
	last = come_and_go(all);
	check_empty();
	is_int(last.fds, first.fds, "as many descriptors after %u as after %u", all, all / 3);
	ok(last.heap_bytes <= first.heap_bytes + 16384, "no more memory in use (%llu, %llu)",
	   (unsigned long long)first.heap_bytes, (unsigned long long)last.heap_bytes);
	ok(last.rss_bytes <= first.rss_bytes + (1 << 20), "nor resident (%llu, %llu)",
	   (unsigned long long)first.rss_bytes, (unsigned long long)last.rss_bytes);
	is_int(w.processes_ended, all, "the end of each was told");
	ok(w.loops_ended >= all - w.nodes, "and of the loop of each (%u)", w.loops_ended);
	is_int(w.waits, (all - w.nodes) * WAITS, "every wait of the servers was counted");
	ok(w.stalls_told >= all - w.nodes, "a stall of each was told (%llu)",
	   (unsigned long long)w.stalls_told);
	is_int(w.stalls_told, w.stalls_of_loops, "as many as the loops have counted");
	is_int(w.heaps_ended, w.nodes, "the end of each heap was told");
	ok(w.collections >= (uint64_t)COLLECTS * w.nodes, "all collections were told (%llu)",
	   (unsigned long long)w.collections);
	is_int(w.collections_of_heaps, w.collections, "as many as the heaps have counted");
	must(loop_stall_take(w.stalls, false, &value) == 0);
	is_int(value.meta.lost_events + value.meta.lost_loops, 0, "nothing was lost");
	is_int(value.loop_count, 0, "no loop is in the value");
}

/* --- let go of, while it runs ----------------------------------------------------------------- */

static size_t loops_now(void)
{
	struct loops value;

	must(loop_stall_take(w.stalls, false, &value) == 0);
	return value.loop_count;
}

static void removed_and_added_again(void)
{
	struct server one = server_begin_obeying(), other = server_begin_obeying();
	uint64_t waits;

	add(one.pid);
	server_say(&one, 'l');
	run_for(300 * NS_PER_MS);
	is_int(loops_now(), 1, "a loop of a process added while it runs");
	w.has_ended = false;
	waits = w.waits;
	let_go(one.pid);
	ok(w.has_ended, "removed: the end of its loop is told at once");
	ok(w.waits > waits + 10, "with its waits");
	ok(watches_none(), "nothing of it is held");
	is_int(loops_now(), 0, "it is in no value");
	/* its thread knows its old slot, which another gets now */
	run_for(200 * NS_PER_MS);
	add(other.pid);
	server_say(&other, 'l');
	run_for(200 * NS_PER_MS);
	add(one.pid);
	run_for(300 * NS_PER_MS);
	is_int(loops_now(), 2, "added again, beside another: both have their loops");
	waits = w.waits;
	server_end(&other);
	server_end(&one);
	run_until_gone();
	ok(w.waits > waits + 60, "and their waits (%llu)", (unsigned long long)(w.waits - waits));
	check_empty();
}

static void not_taken(pid_t pid, const char *what)
{
	struct rest before = rest_now();

	is_int(loop_stall_add(w.stalls, pid), EXIT_NO_TARGET, "loop-stall does not take %s", what);
	is_int(gc_trace_add(w.gc, pid), EXIT_NO_TARGET, "nor does gc-trace");
	is_int(mem_watch_add(w.memory, pid), EXIT_NO_TARGET, "nor mem-watch");
	is_int(count_fds(), before.fds, "no descriptor of it is left");
	ok(watches_none(), "nothing of it is held");
}

static void cannot_be_watched(void)
{
	struct server s = server_begin_obeying();
	struct rest before = rest_now();

	not_taken(2, "a thread of the kernel");	 /* kthreadd */
	not_taken(4194304, "what there is not"); /* above every PID */
	add(s.pid);
	ok(!gc_trace_watches(w.gc, s.pid), "no V8 in a server that is none of node");
	let_go(s.pid);
	is_int(count_fds(), before.fds, "no descriptor of it is left");
	server_say(&s, 'l');
	server_end(&s);
}

/* As a shell does that starts a server, after a while. */
static void executes_another_program(void)
{
	struct server s = server_begin_obeying();
	uint64_t collections = w.collections;
	char word;

	add(s.pid);
	server_say(&s, 'l');
	run_for(3 * NS_PER_S); /* nothing is loaded any more by now */
	w.has_ended = false;
	server_say(&s, 'x');
	must(read(s.fd, &word, 1) == 1);
	for (int i = 0; i < 100 && !gc_trace_watches(w.gc, s.pid); i++)
		run_for(100 * NS_PER_MS);
	ok(w.has_ended, "executes another program: the loop of the one before has ended");
	ok(gc_trace_watches(w.gc, s.pid), "node, now: its collections are seen");
	server_say(&s, 'g');
	must(waitpid(s.pid, NULL, 0) == s.pid);
	(void)close(s.fd);
	run_until_gone();
	ok(w.collections >= collections + COLLECTS, "and told (%llu)",
	   (unsigned long long)(w.collections - collections));
}

/* --- what stalls are made of ------------------------------------------------------------------ */

/* The kernel's accounts lack what ran since the last tick of its clock. */
#define TICK_MS 12

static void stall_by(const struct server *s, char order, enum loop_part part, const char *what)
{
	uint64_t wanted_ns = (STALL_MS - TICK_MS) * NS_PER_MS;

	memset(w.most_ns, 0, sizeof(w.most_ns));
	server_say(s, order);
	for (int i = 0; i < 100 && w.most_ns[part] < wanted_ns; i++)
		run_for(100 * NS_PER_MS);
	ok(w.most_ns[part] >= wanted_ns, "%s (%llu ns)", what, (unsigned long long)w.most_ns[part]);
}

static void divided_with_and_without_switches(void)
{
	struct server s = server_begin_obeying();

	add(s.pid);
	server_say(&s, 'l');
	run_for(300 * NS_PER_MS);
	stall_by(&s, 's', LOOP_SLEEP, "by switches: a sleep");
	stall_by(&s, 'b', LOOP_RUNNING, "by switches: computing");
	must(loop_stall_set_split(w.stalls, false) == 0);
	ok(!w.stalls->skel->links.on_switch && !w.stalls->skel->links.on_wakeup,
	   "no program runs at switches");
	run_for(100 * NS_PER_MS);
	stall_by(&s, 's', LOOP_SLEEP, "by accounts: a sleep");
	stall_by(&s, 'b', LOOP_RUNNING, "by accounts: computing");
	must(loop_stall_set_split(w.stalls, true) == 0);
	run_for(100 * NS_PER_MS);
	stall_by(&s, 's', LOOP_SLEEP, "by switches again: a sleep");
	server_end(&s);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "serve") == 0)
		return server_main();
	need_root();
	log_init("endless_test", LOG_WARN);
	fd_raise_limit();
	watcher_start();
	must(loop_every(w.loop, TICK_NS, on_tick, NULL) == 0);
	hundreds_come_and_go();
	removed_and_added_again();
	cannot_be_watched();
	executes_another_program();
	divided_with_and_without_switches();
	watcher_stop();
	return tap_done();
}

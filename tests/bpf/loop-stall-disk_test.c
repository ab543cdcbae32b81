// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* loop-stall: stalls by the disk and by page faults; what runtimes tell of themselves. */
#include "loop-truth.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define FILE_NAME  "loop-stall-disk.tmp"
#define FILE_BYTES (16ul << 20)

static struct watch *w;

static void stalls(void *stall)
{
	truth_stalls(stall);
}

/* --- the disk --------------------------------------------------------------------------------- */

static int file = -1;

/* Small writes, each on the disk before the next: most of the time is the disk's. */
static void syncs(void)
{
	uint64_t end_ns = now_ns() + TRUTH_STALL_NS;

	for (off_t at = 0; now_ns() < end_ns; at += 4096) {
		must(pwrite(file, "x", 1, at) == 1);
		must(fsync(file) == 0);
	}
}

/* A page here and there of a file that is not in memory. */
static void faults(void)
{
	volatile char *at = mmap(NULL, FILE_BYTES, PROT_READ, MAP_SHARED, file, 0);
	uint64_t end_ns = now_ns() + TRUTH_STALL_NS;

	must(at != MAP_FAILED && madvise((void *)at, FILE_BYTES, MADV_RANDOM) == 0);
	while (now_ns() < end_ns) {
		must(posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) == 0);
		for (size_t i = 0; i < FILE_BYTES && now_ns() < end_ns; i += 4096 * 64)
			(void)at[i];
		must(madvise((void *)at, FILE_BYTES, MADV_DONTNEED) == 0);
	}
	must(munmap((void *)at, FILE_BYTES) == 0);
}

static void make_file(void)
{
	static const char zero[1 << 16];

	file = open(FILE_NAME, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must(file >= 0);
	for (size_t i = 0; i < FILE_BYTES / sizeof(zero); i++)
		must(write(file, zero, sizeof(zero)) == sizeof(zero));
	must(fsync(file) == 0);
}

/* The round whose longest block is of @part, and the longest of these; -1: there is none. */
static int round_of_longest(const struct watched *t, enum loop_part part)
{
	uint64_t ns = 0;
	int best = -1;

	for (int i = 0; i < TRUTH_ROUNDS; i++) {
		const struct loop_stall_event *e = stall_of(t, i);

		if (!e || e->longest.part != part || e->longest.ns <= ns)
			continue;
		ns = e->longest.ns;
		best = i;
	}
	return best;
}

static void test_disk(void)
{
	void (*stall)(void) = syncs;
	const struct loop_stall_event *e;
	const struct watched *t;
	int worst;

	t = watch_run(w, stalls, (void *)&stall);
	check_all(t, LOOP_DISK, "fsync");
	worst = round_of_longest(t, LOOP_DISK);
	e = worst < 0 ? NULL : stall_of(t, worst);
	ok(e && e->part_ns[LOOP_DISK] > 0, "fsync: the disk has a part (%llu us)",
	   e ? e->part_ns[LOOP_DISK] / 1000 : 0);
	if (e && e->longest.ns < MS_NS)
		skip("fsync: and the file a name", "this disk is too fast");
	else
		ok(e && strcmp(e->longest.file, FILE_NAME) == 0, "fsync: and the file a name");
	check_longest(t, worst, LOOP_DISK, SYS_fsync, "fsync");
}

static void test_faults(void)
{
	void (*stall)(void) = faults;
	const struct loop_stall_event *e;
	const struct watched *t;
	int worst;

	t = watch_run(w, stalls, (void *)&stall);
	check_all(t, LOOP_FAULT, "page faults that read");
	worst = round_of_longest(t, LOOP_FAULT);
	e = worst < 0 ? NULL : stall_of(t, worst);
	ok(e && truth->at[worst].maj_faults > 0, "page faults that read: there were");
	ok(e && e->maj_faults >= truth->at[worst].maj_faults &&
		   e->min_faults >= truth->at[worst].min_faults,
	   "page faults that read: are counted");
	check_longest(t, worst, LOOP_FAULT, -1, "page faults that read");
}

/* --- garbage collection ----------------------------------------------------------------------- */

__attribute__((noipa)) static void pause_begins(void)
{
	__asm__ volatile("");
}

__attribute__((noipa)) static void pause_ends(void)
{
	__asm__ volatile("");
}

static void attach(struct bpf_program *prog, const char *name, struct bpf_link **ret_link)
{
	LIBBPF_OPTS(bpf_uprobe_opts, opts, .func_name = name);

	*ret_link = bpf_program__attach_uprobe_opts(prog, getpid(), "/proc/self/exe", 0, &opts);
	must(*ret_link);
}

/* Half of it computes, half waits for helpers; then the program sleeps for itself. */
static void collects(void)
{
	pause_begins();
	spin(TRUTH_STALL_NS / 2);
	sleep_ns(TRUTH_STALL_NS / 2);
	pause_ends();
	sleep_ns(TRUTH_STALL_NS / 2);
}

static void test_gc(void)
{
	struct loop_stall_bpf *skel = watch_skeleton(w);
	void (*stall)(void) = collects;
	int64_t gc_ns[TRUTH_ROUNDS] = { 0 }, sleep[TRUTH_ROUNDS] = { 0 };
	const struct watched *t;

	attach(skel->progs.gc_begins, "pause_begins", &skel->links.gc_begins);
	attach(skel->progs.gc_ends, "pause_ends", &skel->links.gc_ends);
	t = watch_run(w, stalls, (void *)&stall);
	check_all(t, LOOP_GC, "garbage collection");
	for (int i = 0; i < TRUTH_ROUNDS; i++) {
		const struct loop_stall_event *e = stall_of(t, i);

		gc_ns[i] = e ? e->part_ns[LOOP_GC] + e->part_ns[LOOP_RUN_QUEUE] : 0;
		sleep[i] = e ? e->part_ns[LOOP_SLEEP] : 0;
	}
	ok(median(gc_ns) >= (int64_t)(TRUTH_STALL_NS - TRUTH_SLOP_NS),
	   "garbage collection: all of the pause (%lld us)", (long long)median(gc_ns) / 1000);
	ok(median(sleep) >= (int64_t)(TRUTH_STALL_NS / 2 - TRUTH_SLOP_NS) &&
		   median(sleep) < (int64_t)TRUTH_STALL_NS,
	   "garbage collection: sleep is what was outside of it (%lld us)",
	   (long long)median(sleep) / 1000);
}

#define UNSEEN_NS (15 * MS_NS)

/* As if the kernel had not told that the current thread is back on its CPU, which it waited for. */
static void forget_return(void)
{
	struct bpf_map *map = watch_skeleton(w)->maps.loops;
	const struct loop_state *state = watch_state(w, (uint32_t)gettid());
	struct loop_state changed;

	for (uint32_t slot = 0; state && slot < bpf_map__max_entries(map); slot++) {
		if (bpf_map__lookup_elem(map, &slot, sizeof(slot), &changed, sizeof(changed), 0) ||
		    changed.tid != state->tid)
			continue;
		changed.out_ns = now_ns() - UNSEEN_NS;
		changed.out_part = changed.queue_part = LOOP_RUN_QUEUE;
		must(!bpf_map__update_elem(map, &slot, sizeof(slot), &changed, sizeof(changed), 0));
	}
}

static void collects_after_an_unseen_return(void)
{
	spin(TRUTH_STALL_NS);
	forget_return();
	pause_begins();
	sleep_ns(UNSEEN_NS / 3);
	pause_ends();
}

/* What it waited before the pause is not taken from the pause, which would be less than nothing. */
static void test_gc_after_an_unseen_return(void)
{
	void (*stall)(void) = collects_after_an_unseen_return;
	const struct watched *t = watch_run(w, stalls, (void *)&stall);
	int64_t gc_ns[TRUTH_ROUNDS] = { 0 }, queue_ns[TRUTH_ROUNDS] = { 0 };
	bool is_whole = true;

	for (int i = 0; i < TRUTH_ROUNDS; i++) {
		const struct loop_stall_event *e = stall_of(t, i);
		uint64_t sum_ns = 0;

		for (int part = 0; e && part < LOOP_PARTS; part++)
			sum_ns += e->part_ns[part];
		is_whole = is_whole && e && sum_ns == e->header.time_ns - e->began_ns;
		gc_ns[i] = e ? (int64_t)e->part_ns[LOOP_GC] : 0;
		queue_ns[i] = e ? (int64_t)e->part_ns[LOOP_RUN_QUEUE] : 0;
	}
	ok(is_whole, "an unseen return before a pause: the parts are the whole");
	ok(median(gc_ns) >= (int64_t)(UNSEEN_NS / 3) && median(gc_ns) < (int64_t)TRUTH_STALL_NS,
	   "an unseen return before a pause: the pause (%lld us)", (long long)median(gc_ns) / 1000);
	ok(median(queue_ns) >= (int64_t)UNSEEN_NS,
	   "an unseen return before a pause: the wait before it (%lld us)",
	   (long long)median(queue_ns) / 1000);
}

/* --- libuv's timers --------------------------------------------------------------------------- */

/* What uv__run_timers gets, where the tool looks for it. */
static char uv_loop[1024], uv_timer[256];

__attribute__((noipa)) static void run_timers(void *loop)
{
	__asm__ volatile("" : : "r"(loop));
}

static void put(char *at, uint64_t value, size_t size)
{
	memcpy(at, &value, size);
}

/* Two that are due, 7 and 0 ms ago; one that is not; no timer; a loop that is not this one. */
static void timers(void *arg)
{
	int epoll = epoll_loop();

	(void)arg;
	put(uv_loop + 64, (uint64_t)epoll, 4);
	put(uv_loop + 520, (uintptr_t)(uv_timer + 104), 8);
	put(uv_loop + 544, 1000, 8);
	put(uv_timer + 128, 993, 8);
	run_timers(uv_loop);
	put(uv_timer + 128, 1000, 8);
	run_timers(uv_loop);
	put(uv_timer + 128, 1001, 8);
	run_timers(uv_loop);
	put(uv_timer + 128, 500, 8);
	put(uv_loop + 520, 0, 8);
	run_timers(uv_loop);
	put(uv_loop + 520, (uintptr_t)(uv_timer + 104), 8);
	put(uv_loop + 64, (uint64_t)epoll + 1, 4);
	run_timers(uv_loop);
	must(wait_on(epoll, 1) == 0);
	(void)close(epoll);
}

static void test_timers(void)
{
	struct loop_stall_bpf *skel = watch_skeleton(w);
	const struct watched *t;

	attach(skel->progs.timers_run, "run_timers", &skel->links.timers_run);
	t = watch_run(w, timers, NULL);
	is_int(t->hists[LOOP_HIST_TIMER].count, 2, "libuv's timers: those that are due");
	is_int(t->hists[LOOP_HIST_TIMER].sum, 7 * MS_NS, "libuv's timers: how late");
}

int main(void)
{
	const struct watch_options options = { .threshold_ns = TRUTH_THRESHOLD_NS };

	need_root();
	truth_begin();
	w = watch_begin(&options);
	make_file();
	test_disk();
	test_faults();
	(void)close(file);
	(void)unlink(FILE_NAME);
	test_gc();
	test_gc_after_an_unseen_return();
	test_timers();
	watch_end(w);
	return tap_done();
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sums over processes that come and go, and the page that is made of them. */
#include "profile/vitals.h"

#include "base/scope.h"
#include "failing_alloc.h"
#include "report/exposition.h"
#include "tap.h"

#define MS 1000000ull
#define S  1000000000ull

static const struct vitals_self self = { .version = "1", .libbpf = "v1.1", .kernel = "6.1" };

static struct vitals_process *begin(struct vitals *v, const char *group, pid_t pid, bool is_new)
{
	const struct vitals_birth birth = { .pid = pid,
					    .began_ns = 100 * S + (uint64_t)pid,
					    .is_new = is_new };
	struct vitals_process *p = vitals_begin(v, vitals_group(v, group), &birth);

	must(p);
	return p;
}

/* The page as text; to be freed. */
static char *page_of(const struct vitals *v, const struct vitals_self *of)
{
	_release_(series_freep) struct series *s = series_new(100000);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	must(s && out);
	must(vitals_series(v, of, s) == 0);
	must(exposition_write(s, EXPOSITION_TEXT, out) == 0);
	must(fclose(out) == 0);
	return text;
}

static void has_line(const struct vitals *v, const char *line, const char *what)
{
	_release_(freep) char *page = page_of(v, &self);
	char wanted[512];
	bool is_there;

	(void)snprintf(wanted, sizeof(wanted), "\n%s\n", line);
	is_there = strstr(page, wanted) != NULL;
	if (!ok(is_there, "%s", what))
		printf("# no line %s in\n%s\n", line, page);
}

static void has_no(const struct vitals *v, const char *text, const char *what)
{
	_release_(freep) char *page = page_of(v, &self);

	ok(!strstr(page, text), "%s", what);
}

/* --- counters over lives ---------------------------------------------------------------------- */

static void cpu(struct vitals_process *p, uint64_t user_s)
{
	const struct vitals_facts f = { .user_ns = user_s * S, .threads = 3 };

	vitals_take_facts(p, &f);
}

static void test_lives(void)
{
	_release_(vitals_freep) struct vitals *v = vitals_new();
	struct vitals_process *a, *b;

	must(v);
	a = begin(v, "api", 10, false);
	cpu(a, 1000);
	has_line(v, "vitals_cpu_seconds_total{process=\"api\",mode=\"user\"} 0",
		 "what a process had used before it was watched is not counted");
	cpu(a, 1003);
	b = begin(v, "api", 11, true);
	cpu(b, 2);
	has_line(v, "vitals_cpu_seconds_total{process=\"api\",mode=\"user\"} 5",
		 "of one that was seen to begin all is");
	has_line(v, "vitals_target_processes{process=\"api\"} 2", "both are there");
	has_line(v, "vitals_threads{process=\"api\"} 6", "gauges are sums of those that run");
	has_line(v, "vitals_target_starts_total{process=\"api\"} 1", "one was seen to begin");
	vitals_end(a, 5 * S);
	has_line(v, "vitals_cpu_seconds_total{process=\"api\",mode=\"user\"} 5",
		 "what has ended stays in the sum");
	has_line(v, "vitals_threads{process=\"api\"} 3", "and is in no gauge");
	ok(vitals_find(v, 10) == a, "its last readings find it");
	cpu(a, 1004);
	has_line(v, "vitals_cpu_seconds_total{process=\"api\",mode=\"user\"} 6", "and count");
	vitals_sweep(v, 5 * S + VITALS_LINGER_NS - 1);
	ok(vitals_find(v, 10) == a, "for a while");
	vitals_sweep(v, 5 * S + VITALS_LINGER_NS);
	ok(!vitals_find(v, 10), "then it is forgotten");
	vitals_end(b, 9 * S);
	has_line(v, "vitals_target_up{process=\"api\"} 0", "a group without processes is down");
	has_no(v, "vitals_target_start_time_seconds{", "and began at no time");
}

static void test_reuse(void)
{
	_release_(vitals_freep) struct vitals *v = vitals_new();
	struct vitals_process *old, *young;

	must(v);
	old = begin(v, "api", 10, true);
	cpu(old, 50);
	vitals_end(old, S);
	young = begin(v, "api", 10, true);
	ok(vitals_find(v, 10) == young,
	   "the one that runs is found by a number that is used again");
	cpu(young, 1);
	has_line(v, "vitals_cpu_seconds_total{process=\"api\",mode=\"user\"} 51",
		 "its count begins at nothing");
	cpu(young, 0);
	has_line(v, "vitals_cpu_seconds_total{process=\"api\",mode=\"user\"} 51",
		 "a reading below the last one takes nothing away");
	cpu(young, 3);
	has_line(v, "vitals_cpu_seconds_total{process=\"api\",mode=\"user\"} 53",
		 "and is not counted twice");
}

/* Two processes of a cgroup are throttled together. */
static void test_throttled(void)
{
	_release_(vitals_freep) struct vitals *v = vitals_new();
	struct vitals_facts f = { .cgroup = 7, .has_throttled = true, .throttled_ns = 100 * S };
	struct vitals_process *a, *b;

	must(v);
	a = begin(v, "api", 10, false);
	b = begin(v, "api", 11, false);
	vitals_take_facts(a, &f);
	vitals_take_facts(b, &f);
	f.throttled_ns += 4 * S;
	vitals_take_facts(a, &f);
	vitals_take_facts(b, &f);
	has_line(v, "vitals_cpu_throttled_seconds_total{process=\"api\"} 4",
		 "time that a cgroup was throttled counts once");
}

/* --- loops ------------------------------------------------------------------------------------ */

static void iterate(struct loop_info *l, uint64_t ns, int times)
{
	for (int i = 0; i < times; i++)
		loop_hist_add(&l->total.hists[LOOP_HIST_GAP], ns, 1);
	l->total.iterations += (uint64_t)times;
	l->total.busy_ns += ns * (uint64_t)times;
}

static void test_loops(void)
{
	_release_(vitals_freep) struct vitals *v = vitals_new();
	_release_(freep) struct loop_info *l = calloc(1, sizeof(*l));
	struct vitals_process *p;

	must(v && l);
	p = begin(v, "api", 10, false);
	l->pid = l->tid = 10;
	l->process = l->thread = "node";
	iterate(l, 2 * MS, 10);
	iterate(l, 300 * MS, 1);
	loop_hist_add(&l->total.hists[LOOP_HIST_EXPIRY], 7 * MS, 1);
	loop_hist_add(&l->total.hists[LOOP_HIST_PASSED], 30 * MS, 1);
	l->total.waiting_ns = 3 * S;
	l->total.window_ns = 4 * S;
	must(vitals_take_loop(p, l) == 0 && vitals_take_loop(p, l) == 0);
	has_line(v, "vitals_loop_iterations_total{process=\"api\",loop=\"main\"} 11",
		 "the same reading twice counts once");
	has_line(
		v,
		"vitals_loop_iteration_seconds_bucket{process=\"api\",loop=\"main\",le=\"0.0025\"} 10",
		"iterations are in the bucket of their length");
	has_line(
		v,
		"vitals_loop_iteration_seconds_bucket{process=\"api\",loop=\"main\",le=\"0.25\"} 10",
		"up to the next");
	has_line(v, "vitals_loop_iteration_seconds_count{process=\"api\",loop=\"main\"} 11", "all");
	has_line(
		v,
		"vitals_loop_iteration_time_seconds_total{process=\"api\",loop=\"main\",bound=\"0.25\"} 0.02",
		"and their time");
	has_line(
		v,
		"vitals_loop_iteration_time_seconds_total{process=\"api\",loop=\"main\",bound=\"+Inf\"} 0.32",
		"of all");
	has_line(
		v,
		"vitals_loop_timer_lateness_seconds_bucket{process=\"api\",loop=\"main\",le=\"0.01\"} 1",
		"timers that were late by a wait");
	has_line(v, "vitals_loop_timer_lateness_seconds_count{process=\"api\",loop=\"main\"} 2",
		 "and by work");
	has_line(v, "vitals_loop_poll_seconds_total{process=\"api\",loop=\"main\"} 3", "waiting");
	has_line(v, "vitals_loops{process=\"api\",loop=\"main\"} 1", "it is there");
	l->is_ended = true;
	iterate(l, 2 * MS, 1);
	must(vitals_take_loop(p, l) == 0);
	has_line(v, "vitals_loop_iterations_total{process=\"api\",loop=\"main\"} 12",
		 "the last reading of a loop counts");
	has_line(v, "vitals_loops{process=\"api\",loop=\"main\"} 0", "then it is gone");
	memset(&l->total, 0, sizeof(l->total));
	l->is_ended = false;
	iterate(l, 2 * MS, 3);
	must(vitals_take_loop(p, l) == 0);
	has_line(v, "vitals_loop_iterations_total{process=\"api\",loop=\"main\"} 15",
		 "another of its number begins at nothing");
}

/* One of many threads, which names itself. */
static void take_thread(struct vitals_process *p, pid_t tid, const char *name)
{
	_release_(freep) struct loop_info *l = calloc(1, sizeof(*l));

	must(l);
	l->pid = 10;
	l->tid = tid;
	l->process = "node";
	l->thread = name;
	iterate(l, MS, 1);
	must(vitals_take_loop(p, l) == 0);
}

static void test_loop_names(void)
{
	_release_(vitals_freep) struct vitals *v = vitals_new();
	struct vitals_process *p;
	char name[16];

	must(v);
	p = begin(v, "api", 10, false);
	take_thread(p, 11, "node");
	take_thread(p, 12, "WorkerThread");
	take_thread(p, 13, "io-thread-3");
	take_thread(p, 14, "io-thread-4");
	has_line(v, "vitals_loops{process=\"api\",loop=\"worker\"} 2", "workers are one series");
	has_line(v, "vitals_loops{process=\"api\",loop=\"io-thread\"} 2", "and numbered threads");
	for (int i = 0; i < 40; i++) {
		(void)snprintf(name, sizeof(name), "t%c%c", 'a' + i / 26, 'a' + i % 26);
		take_thread(p, 20 + i, name);
	}
	has_line(v, "vitals_loops{process=\"api\",loop=\"other\"} 26",
		 "names beyond a number are one series");
}

static void test_stalls(void)
{
	_release_(vitals_freep) struct vitals *v = vitals_new();
	_release_(freep) struct loop_info *l = calloc(1, sizeof(*l));
	struct stall s = { .ns = 60 * MS, .part_ns = { [LOOP_RUNNING] = 60 * MS } };
	struct vitals_process *p;

	must(v && l);
	p = begin(v, "api", 10, false);
	l->pid = l->tid = 10;
	l->process = l->thread = "node";
	iterate(l, 60 * MS, 1);
	must(vitals_take_loop(p, l) == 0);
	must(vitals_take_stall(p, l, &s) == 0);
	s.is_going_on = true;
	must(vitals_take_stall(p, l, &s) == 0);
	has_line(v, "vitals_loop_stalls_total{process=\"api\",loop=\"main\",cause=\"computing\"} 1",
		 "a stall counts by its cause, when it is over");
	has_line(
		v,
		"vitals_loop_stall_cause_seconds_total{process=\"api\",loop=\"main\",cause=\"computing\"} 0.06",
		"with its time");
	has_line(v, "vitals_loop_stall_seconds_bucket{process=\"api\",loop=\"main\",le=\"0.1\"} 1",
		 "and by its length");
	has_line(v, "vitals_loop_stall_seconds_bucket{process=\"api\",loop=\"main\",le=\"0.05\"} 0",
		 "not below");
}

/* --- heaps and memory ------------------------------------------------------------------------- */

static void test_heaps(void)
{
	_release_(vitals_freep) struct vitals *v = vitals_new();
	_release_(freep) struct gc_heap *h = calloc(1, sizeof(*h));
	struct gc_collection minor = { .kind = GC_SCAVENGE, .pause_ns = 2 * MS };
	struct gc_collection major = { .kind = GC_MARK_COMPACT,
				       .pause_ns = 20 * MS,
				       .has_sizes = true,
				       .before_bytes = 1000,
				       .after_bytes = 400 };
	struct vitals_process *p;

	must(v && h);
	p = begin(v, "api", 10, false);
	vitals_take_collection(p, &minor);
	minor.kind = GC_MINOR;
	vitals_take_collection(p, &minor);
	vitals_take_collection(p, &major);
	has_line(v, "vitals_gc_pause_seconds_count{process=\"api\",kind=\"minor\"} 2",
		 "both kinds of the young generation are minor");
	has_line(v, "vitals_gc_pause_seconds_bucket{process=\"api\",kind=\"minor\",le=\"0.001\"} 0",
		 "not below their pause");
	has_line(v, "vitals_gc_pause_seconds_bucket{process=\"api\",kind=\"minor\",le=\"0.005\"} 2",
		 "but above");
	has_line(v, "vitals_gc_pause_seconds_sum{process=\"api\",kind=\"major\"} 0.02", "seconds");
	has_line(v, "vitals_gc_freed_bytes_total{process=\"api\"} 600", "what was freed");
	has_no(v, "kind=\"other\"", "a kind that is not known only when it was met");
	h->pid = h->tid = 10;
	h->address = 0x1000;
	h->total.allocated_bytes = 500;
	h->limit_bytes = 1 << 30;
	gc_growth_add(&h->growth, S, 4000);
	must(vitals_take_heap(p, h) == 0 && vitals_take_heap(p, h) == 0);
	has_line(v, "vitals_gc_allocated_bytes_total{process=\"api\"} 500", "what was allocated");
	has_line(v, "vitals_gc_heap_after_full_bytes{process=\"api\"} 4000", "what was left");
	has_line(v, "vitals_gc_heap_limit_bytes{process=\"api\"} 1073741824", "the limit");
	has_no(v, "limit_reached", "that is reached at no time that is known");
	h->is_ended = true;
	must(vitals_take_heap(p, h) == 0);
	has_no(v, "vitals_gc_heap_after_full_bytes{", "an ended heap is in no gauge");
}

static void test_memory(void)
{
	_release_(vitals_freep) struct vitals *v = vitals_new();
	struct memory_sample samples[40] = { { 0 } };
	struct memory_process m = { .pid = 10,
				    .samples = samples,
				    .sample_count = 40,
				    .cgroup = { .version = 1, .path = "/", .oom_kills = 5 } };
	struct vitals_process *a, *b;

	must(v);
	a = begin(v, "api", 10, false);
	b = begin(v, "api", 11, false);
	for (size_t i = 0; i < 40; i++) {
		samples[i].at_ns = (i + 1) * S;
		memory_set(&samples[i], MEMORY_RSS, (100 + i * 10) << 20);
		memory_set(&samples[i], MEMORY_HEAP_USED, 50 << 20);
	}
	vitals_take_memory(a, &m);
	vitals_take_memory(b, &m);
	has_line(v, "vitals_memory_bytes{process=\"api\",kind=\"rss\"} 1027604480",
		 "memory is the sum of the group");
	has_line(v, "vitals_heap_used_bytes{process=\"api\"} 104857600", "V8's too");
	has_line(v, "vitals_memory_growing{process=\"api\",figure=\"rss\"} 1", "it grows");
	has_line(v, "vitals_memory_growing{process=\"api\",figure=\"heap_used\"} 0",
		 "what stays does not");
	has_no(v, "vitals_external_bytes{", "a figure that is not known is not there");
	has_line(v, "vitals_memory_cgroup_oom_kills_total{process=\"api\"} 0",
		 "kills before it was watched are not counted");
	m.cgroup.oom_kills = 6;
	vitals_take_memory(a, &m);
	has_line(v, "vitals_memory_cgroup_oom_kills_total{process=\"api\"} 1", "later ones are");
}

/* --- the page --------------------------------------------------------------------------------- */

static void test_hostile(void)
{
	_release_(vitals_freep) struct vitals *v = vitals_new();

	must(v);
	(void)begin(v, "a\"b\\c\nd\x1b[31m\xff", 10, false);
	has_line(v, "vitals_target_up{process=\"a\\\"b\\\\c\\\\x0ad\\\\x1b[31m\\\\xff\"} 1",
		 "a hostile name is cleaned, then escaped");
	(void)begin(v, "", 11, false);
	has_line(v, "vitals_target_up{process=\"other\"} 1", "one without a name has one");
	for (int i = 0; i < 2 * VITALS_GROUPS_MAX; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "p%d", i);
		(void)begin(v, name, 100 + i, false);
	}
	has_no(v, "process=\"p200\"", "more names than there is room for");
	has_line(v, "vitals_target_processes{process=\"other\"} 131", "are one group");
}

static void test_degraded(void)
{
	_release_(vitals_freep) struct vitals *v = vitals_new();
	struct vitals_group *g;

	must(v);
	g = vitals_group(v, "api");
	vitals_set_degraded(g, VITALS_GC, true);
	has_line(v, "vitals_target_up{process=\"api\"} 0", "a group is shown before its processes");
	has_line(v, "vitals_target_degraded{process=\"api\",what=\"gc\"} 1",
		 "what is switched off");
	has_line(v, "vitals_target_degraded{process=\"api\",what=\"loops\"} 0", "and what is not");
}

static void test_self(void)
{
	_release_(vitals_freep) struct vitals *v = vitals_new();
	const struct vitals_loss loss = { "loop_ringbuf", 3 };
	const struct vitals_cost cost = { "server", 2 * S, 1000, 9 };
	const struct vitals_map map = { "loops", 4, 64 };
	const struct vitals_self full = { .version = "1",
					  .libbpf = "2",
					  .kernel = "3",
					  .losses = &loss,
					  .loss_count = 1,
					  .maps = &map,
					  .map_count = 1,
					  .costs = &cost,
					  .cost_count = 1,
					  .dropped_targets = 7 };
	_release_(freep) char *page = NULL;
	static const char *const lines[] = {
		"\nvitals_events_lost_total{process=\"\",stage=\"loop_ringbuf\"} 3\n",
		"\nvitals_exporter_cpu_seconds_total{role=\"server\"} 2\n",
		"\nvitals_map_max_entries{map=\"loops\"} 64\n",
		"\nvitals_targets_dropped_total 7\n",
		"\nvitals_build_info{version=\"1\",libbpf=\"2\",kernel=\"3\"} 1\n",
	};

	must(v);
	page = page_of(v, &full);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		ok(strstr(page, lines[i]) != NULL, "the watch shows %s", lines[i] + 1);
}

/* Every n-th allocation fails: nothing is said to be done that was not. */
static void test_no_memory(void)
{
	_release_(freep) struct loop_info *l = calloc(1, sizeof(*l));
	bool is_hit = true;

	must(l);
	l->pid = l->tid = 10;
	l->process = l->thread = "node";
	iterate(l, MS, 1);
	for (size_t n = 1; is_hit; n++) {
		const struct vitals_birth birth = { .pid = 10 };
		struct vitals_process *p = NULL;
		struct vitals_group *g;
		struct series *s = NULL;
		struct vitals *v;
		int err = -ENOMEM;

		failing_alloc_start(n);
		v = vitals_new();
		g = v ? vitals_group(v, "api") : NULL;
		p = g ? vitals_begin(v, g, &birth) : NULL;
		if (p)
			err = vitals_take_loop(p, l);
		if (!err)
			s = series_new(1000);
		if (!err)
			err = s ? vitals_series(v, &self, s) : -ENOMEM;
		is_hit = failing_alloc_stop();
		ok(err == 0 || is_hit, "allocation %zu", n);
		series_free(s);
		vitals_free(v);
	}
}

int main(void)
{
	test_lives();
	test_reuse();
	test_throttled();
	test_loops();
	test_loop_names();
	test_stalls();
	test_heaps();
	test_memory();
	test_hostile();
	test_degraded();
	test_self();
	test_no_memory();
	return tap_done();
}

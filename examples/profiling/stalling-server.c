// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A server whose loop is held up, by one kind of stall per route, or by itself with --mix. It knows
 * when each wait and each stall began and ended, on the clock that tracers use, and what a stall
 * was made of. With --loops it has several loops; its other threads are none.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "busy/faults.h"
#include "ledger.h"
#include "number.h"
#include "server.h"
#include "site.h"
#include "stalls/injector.h"
#include "stalls/log.h"
#include "stalls/stalls.h"

#define MS_DEFAULT    100
#define MS_MAX	      4000 /* a name server that is silent for longer is asked again */
#define COMPUTE_STEPS 5000
#define LETTERS	      14 /* some 0.1 ms */

static unsigned int loops = 1;
static const char *directory = "/var/tmp"; /* on a disk, where /tmp may be memory */
static const char *truth_path;
static atomic_uint failed; /* stalls that could not be had */

/* --- the stalls that only compute --------------------------------------------------------------
 */

static _Thread_local volatile uint64_t result; /* the compiler may not leave the work out */

TRUTH_SITE static uint64_t compute_step(uint64_t seed)
{
	for (int i = 0; i < COMPUTE_STEPS; i++)
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return seed;
}

TRUTH_SITE static int stall_computing(unsigned int loop, uint64_t ns, uint64_t *ret_slept_ns)
{
	uint64_t end_ns = wall_ns() + ns;
	uint64_t seed = loop;

	*ret_slept_ns = 0;
	while (wall_ns() < end_ns)
		seed = compute_step(seed);
	result = seed;
	return 0;
}

TRUTH_SITE static int stall_matching(unsigned int loop, uint64_t ns, uint64_t *ret_slept_ns)
{
	char text[LETTERS + 2] = { 0 };
	uint64_t end_ns = wall_ns() + ns;
	uint64_t steps = loop;

	*ret_slept_ns = 0;
	memset(text, 'a', LETTERS);
	text[LETTERS] = '!'; /* what makes it fail, at the last byte */
	while (wall_ns() < end_ns)
		(void)match_backtracking(text, &steps);
	return 0;
}

/* --- one stall ---------------------------------------------------------------------------------
 */

struct stall_kind {
	const char *name; /* its route, without the slash */
	int (*run)(unsigned int loop, uint64_t ns, uint64_t *ret_slept_ns);
};

static const struct stall_kind kinds[] = {
	{ "compute", stall_computing },	    { "regex", stall_matching },
	{ "faults", stall_faulting },	    { "read", stall_reading },
	{ "mapped", stall_reading_mapped }, { "fsync", stall_syncing },
	{ "sleep", stall_sleeping },	    { "lock", stall_for_lock },
	{ "child", stall_for_child },	    { "nested", stall_in_nested_wait },
	{ "resolve", stall_resolving },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* How often the calling thread had to leave the CPU. */
static long preemptions(void)
{
	struct rusage usage = { 0 };

	(void)getrusage(RUSAGE_THREAD, &usage); /* cannot fail with these arguments */
	return usage.ru_nivcsw;
}

/* One that fails is in the log all the same: the loop was held up. */
static int stall(const struct server *server, const struct stall_kind *kind, uint64_t ns,
		 struct stall_call *ret)
{
	unsigned int loop = server_index(server);
	long preempted = preemptions();
	struct stopwatch started = stopwatch_start();
	struct stopwatch spent;
	uint64_t slept_ns = 0;
	int err = kind->run(loop, ns, &slept_ns);

	spent = stopwatch_read(&started);
	if (err)
		failed++;
	/* Who lost the CPU on the way to sleep has slept for less. */
	if (err || preemptions() != preempted)
		slept_ns = 0;
	*ret = (struct stall_call){
		.kind = kind->name,
		.began_ns = started.wall_ns,
		.ended_ns = started.wall_ns + spent.wall_ns,
		.cpu_ns = spent.cpu_ns,
		.slept_ns = slept_ns,
	};
	log_call(loop, ret);
	return err;
}

static uint64_t stall_by_number(struct server *server, unsigned int kind, uint64_t ns)
{
	struct stall_call call;
	int err = stall(server, &kinds[kind], ns, &call);

	if (err)
		(void)fprintf(stderr, "stalling-server: %s: %s\n", kinds[kind].name,
			      strerror(-err));
	return call.ended_ns - call.began_ns;
}

/* --- routes ------------------------------------------------------------------------------------
 */

static const struct stall_kind *kind_of(const struct http_request *request)
{
	struct http_text name = { request->path.at + 1, request->path.len - 1 };

	for (size_t i = 0; i < KINDS; i++) {
		if (http_text_is(name, kinds[i].name))
			return &kinds[i];
	}
	return NULL;
}

static void stall_route(struct exchange *exchange)
{
	const struct stall_kind *kind = kind_of(exchange->request);
	struct stall_call call;
	uint32_t ms;
	int err;

	if (!kind || exchange_number(exchange, "ms", MS_DEFAULT, MS_MAX, &ms)) {
		http_reply_printf(exchange->reply, 400, "text/plain", "ms is 0 to %d\n", MS_MAX);
		return;
	}
	err = stall(exchange->server, kind, ms * NS_PER_MS, &call);
	if (err) {
		http_reply_printf(exchange->reply, 503, "text/plain", "%s\n", strerror(-err));
		return;
	}
	http_reply_printf(exchange->reply, 200, "application/json",
			  "{\"kind\":\"%s\",\"tid\":%d,\"began_ns\":%" PRIu64
			  ",\"ended_ns\":%" PRIu64 ",\"cpu_ns\":%" PRIu64 ",\"slept_ns\":%" PRIu64
			  "}\n",
			  call.kind, log_thread(server_index(exchange->server)), call.began_ns,
			  call.ended_ns, call.cpu_ns, call.slept_ns);
}

static void go_route(struct exchange *exchange)
{
	injector_go();
	http_reply_printf(exchange->reply, 200, "text/plain", "going\n");
}

/* 16 loops are some 2 KiB of the 4 that a body has. */
static void print_truth(FILE *out)
{
	(void)fputs("{\"mix\":", out);
	injector_print(out);
	(void)fprintf(out, ",\"failed\":%u,\"loops\":[", (unsigned int)failed);
	for (unsigned int i = 0; i < loops; i++) {
		struct log_counts counts = log_count(i);

		(void)fprintf(out,
			      "%s{\"tid\":%d,\"waits\":%" PRIu64 ",\"calls\":%" PRIu64
			      ",\"waits_left_out\":%" PRIu64 ",\"calls_left_out\":%" PRIu64 "}",
			      i ? "," : "", log_thread(i), counts.waits, counts.calls,
			      counts.waits_left_out, counts.calls_left_out);
	}
	(void)fputs("]}\n", out);
}

/* The whole logs, into the file of --truth. */
static int save_truth(void)
{
	FILE *out = fopen(truth_path, "we");
	int err = 0;

	if (!out)
		return -errno;
	for (unsigned int i = 0; i < loops && !err; i++)
		err = log_write(i, out);
	if (fclose(out) && !err)
		err = -errno;
	return err;
}

static void save_route(struct exchange *exchange)
{
	int err = truth_path ? save_truth() : -ENOENT;

	if (err)
		http_reply_printf(exchange->reply, 503, "text/plain", "--truth: %s\n",
				  strerror(-err));
	else
		http_reply_printf(exchange->reply, 200, "text/plain", "saved\n");
}

/* --- options -----------------------------------------------------------------------------------
 */

static int set_loops(const char *value)
{
	uint32_t number;
	int err = number_parse(value, SERVER_LOOPS_MAX, &number);

	if (err || !number)
		return -EINVAL;
	loops = number;
	return 0;
}

static int set_truth(const char *value)
{
	truth_path = value;
	return 0;
}

static int set_directory(const char *value)
{
	directory = value;
	return 0;
}

static unsigned int loop_count(void)
{
	return loops;
}

/* --- life --------------------------------------------------------------------------------------
 */

static int start(struct server *server)
{
	static const struct injector_app injected = { KINDS, stall_by_number };
	unsigned int index = server_index(server);
	int err = log_start(index);

	if (!err)
		err = stalls_start(index, directory);
	if (err) {
		(void)fprintf(stderr, "stalling-server: start, files in %s: %s\n", directory,
			      strerror(-err));
		return err;
	}
	injector_start(server, &injected);
	return 0;
}

static void waited(struct server *server, uint64_t began_ns, uint64_t ended_ns)
{
	log_wait(server_index(server), began_ns, ended_ns);
}

static void report(FILE *out)
{
	int err = truth_path ? save_truth() : 0;

	if (err)
		(void)fprintf(out, "stalling-server: %s: %s\n", truth_path, strerror(-err));
	stalls_stop();
	print_truth(out);
}

static const struct server_route routes[] = {
	{ "GET", "/compute", stall_route }, { "GET", "/regex", stall_route },
	{ "GET", "/faults", stall_route },  { "GET", "/read", stall_route },
	{ "GET", "/mapped", stall_route },  { "GET", "/fsync", stall_route },
	{ "GET", "/sleep", stall_route },   { "GET", "/lock", stall_route },
	{ "GET", "/child", stall_route },   { "GET", "/nested", stall_route },
	{ "GET", "/resolve", stall_route }, { "GET", "/save", save_route },
	{ "GET", "/go", go_route },
};

static const struct server_option options[] = {
	{ "loops", "N", "threads, each with a loop (default 1)", set_loops },
	{ "mix", "SEED,COUNT", "each loop stalls COUNT times by itself, then \"done\" is printed",
	  injector_set },
	{ "hold", NULL, "the mix begins at /go", injector_hold },
	{ "truth", "FILE", "all waits and stalls, written at the end and at /save", set_truth },
	{ "dir", "DIRECTORY", "where the files are that are read and synced (default /var/tmp)",
	  set_directory },
};

int main(int argc, char **argv)
{
	static const struct server_app app = {
		.name = "stalling-server",
		.summary = "An HTTP server whose loop is held up, by one kind of stall per route.",
		.routes = routes,
		.route_count = sizeof(routes) / sizeof(routes[0]),
		.options = options,
		.option_count = sizeof(options) / sizeof(options[0]),
		.loop_count = loop_count,
		.start = start,
		.waited = waited,
		.truth = print_truth,
		.report = report,
	};

	return server_main(&app, argc, argv);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Two threads in step. A cycle of the worker: it sleeps, asks for the mutex while the holder has
 * it, computes. The holder takes the mutex again only after the worker has given it back, so that
 * the worker always waits, and always gets it.
 */
#include "off_cpu.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#include "ledger.h"
#include "pause.h"
#include "site.h"

#define CYCLE_NS      20000000ULL
#define SHORTEST_NS   1000000ULL
#define LONGEST_NS    (2 * CYCLE_NS)
#define COMPUTE_STEPS 20000

enum part_kind { PART_SLEEP, PART_LOCK, PART_COMPUTE, PARTS };

/* Written by the worker alone, read by the server's thread. */
struct part {
	const char *function;
	const char *state;
	unsigned int asked_pct;
	_Atomic uint64_t wall_ns;
	_Atomic uint64_t cpu_ns;
};

static struct part parts[PARTS] = {
	[PART_SLEEP] = { "await_upstream", "sleeping", 40, 0, 0 },
	[PART_LOCK] = { "enter_shared_section", "blocked on a mutex", 30, 0, 0 },
	[PART_COMPUTE] = { "compute_answer", "computing", 30, 0, 0 },
};

static bool is_wanted;
static bool is_running;
static atomic_bool is_ending;	   /* the worker finishes its cycle */
static atomic_bool is_worker_gone; /* then the holder, who serves it until then */
static pthread_t worker;
static pthread_t holder;
static atomic_int worker_tid;
static _Atomic uint64_t cycles;
static pthread_mutex_t shared_section = PTHREAD_MUTEX_INITIALIZER;
static sem_t is_held;	   /* the holder has the mutex */
static sem_t is_asked_for; /* the worker is about to wait for it, for hold_ns */
static sem_t is_released;  /* the worker has had it */
static uint64_t hold_ns;   /* handed over by is_asked_for */
static volatile uint64_t answer;

/* --- the parts ---------------------------------------------------------------------------------
 */

TRUTH_SITE static void await_upstream(uint64_t ns)
{
	pause_ns(ns);
	pause_until_posted(&is_held); /* posted long ago, as a rule */
}

TRUTH_SITE static void enter_shared_section(uint64_t ns)
{
	hold_ns = ns;
	(void)sem_post(&is_asked_for);
	(void)pthread_mutex_lock(&shared_section);
	(void)pthread_mutex_unlock(&shared_section);
	(void)sem_post(&is_released);
}

TRUTH_SITE static uint64_t refine_answer(uint64_t seed)
{
	for (int i = 0; i < COMPUTE_STEPS; i++)
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return seed;
}

TRUTH_SITE static void compute_answer(uint64_t ns)
{
	uint64_t end_ns = wall_ns() + ns;

	while (wall_ns() < end_ns)
		answer = refine_answer(answer);
}

/* --- the threads -------------------------------------------------------------------------------
 */

/* What the part needs now to have its share at the end of this cycle. */
static uint64_t next_length_ns(const struct part *part)
{
	uint64_t due_ns = CYCLE_NS;

	for (size_t i = 0; i < PARTS; i++)
		due_ns += parts[i].wall_ns;
	due_ns = due_ns / 100 * part->asked_pct;
	if (due_ns < part->wall_ns + SHORTEST_NS)
		return SHORTEST_NS;
	due_ns -= part->wall_ns;
	return due_ns > LONGEST_NS ? LONGEST_NS : due_ns;
}

static void part_end(struct part *part, struct stopwatch *started)
{
	struct stopwatch spent = stopwatch_read(started);

	part->wall_ns += spent.wall_ns;
	part->cpu_ns += spent.cpu_ns;
	/* The next part begins where this one ended: nothing is between them. */
	started->wall_ns += spent.wall_ns;
	started->cpu_ns += spent.cpu_ns;
}

TRUTH_SITE static void worker_cycle(struct stopwatch *started)
{
	await_upstream(next_length_ns(&parts[PART_SLEEP]));
	part_end(&parts[PART_SLEEP], started);
	enter_shared_section(next_length_ns(&parts[PART_LOCK]));
	part_end(&parts[PART_LOCK], started);
	compute_answer(next_length_ns(&parts[PART_COMPUTE]));
	part_end(&parts[PART_COMPUTE], started);
	cycles++;
}

static void *worker_main(void *unused)
{
	struct stopwatch started;

	worker_tid = gettid();
	started = stopwatch_start();
	while (!is_ending)
		worker_cycle(&started);
	return unused;
}

TRUTH_SITE static void hold_shared_section(void)
{
	(void)pthread_mutex_lock(&shared_section);
	(void)sem_post(&is_held);
	pause_until_posted(&is_asked_for);
	if (!is_worker_gone)
		pause_ns(hold_ns);
	(void)pthread_mutex_unlock(&shared_section);
}

static void *holder_main(void *unused)
{
	while (!is_worker_gone) {
		hold_shared_section();
		pause_until_posted(&is_released);
	}
	return unused;
}

/* --- from outside ------------------------------------------------------------------------------
 */

int off_cpu_use(const char *unused)
{
	(void)unused; /* an option without a value */
	is_wanted = true;
	return 0;
}

int off_cpu_start(void)
{
	int err;

	if (!is_wanted)
		return 0;
	if (sem_init(&is_held, 0, 0) || sem_init(&is_asked_for, 0, 0) ||
	    sem_init(&is_released, 0, 0))
		return -errno;
	err = pthread_create(&holder, NULL, holder_main, NULL);
	if (err)
		return -err;
	err = pthread_create(&worker, NULL, worker_main, NULL);
	if (err)
		return -err; /* the process ends, and the holder with it */
	/* Names are for the reader of a report only. */
	(void)pthread_setname_np(worker, "worker");
	(void)pthread_setname_np(holder, "lock-holder");
	is_running = true;
	return 0;
}

void off_cpu_stop(void)
{
	if (!is_running)
		return;
	is_running = false;
	is_ending = true;
	(void)pthread_join(worker, NULL);
	is_worker_gone = true;
	/* Wherever the holder waits, it goes on. */
	(void)sem_post(&is_released);
	(void)sem_post(&is_asked_for);
	(void)pthread_join(holder, NULL);
}

void off_cpu_print(FILE *out)
{
	uint64_t wall[PARTS];
	uint64_t sum = 0;

	if (!is_wanted) {
		(void)fputs("null", out);
		return;
	}
	for (size_t i = 0; i < PARTS; i++) {
		wall[i] = parts[i].wall_ns;
		sum += wall[i];
	}
	(void)fprintf(out,
		      "{\"thread\":\"worker\",\"tid\":%d,\"cycles\":%" PRIu64
		      ",\"wall_ns\":%" PRIu64 ",\"parts\":[",
		      (int)worker_tid, (uint64_t)cycles, sum);
	for (size_t i = 0; i < PARTS; i++)
		(void)fprintf(out,
			      "%s{\"function\":\"%s\",\"state\":\"%s\",\"asked_pct\":%u"
			      ",\"wall_ns\":%" PRIu64 ",\"cpu_ns\":%" PRIu64 ",\"share_pct\":%.3f}",
			      i ? "," : "", parts[i].function, parts[i].state, parts[i].asked_pct,
			      wall[i], (uint64_t)parts[i].cpu_ns, share_pct(wall[i], sum));
	(void)fputs("]}", out);
}

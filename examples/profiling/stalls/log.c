// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Arrays that one thread appends to; a reader looks at what their counts cover. */
#include "log.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "server.h"

#define THREAD_NAME_MAX 16

struct wait_record {
	uint64_t began_ns;
	uint64_t ended_ns;
};

struct log {
	struct wait_record *waits;
	struct stall_call *calls;
	_Atomic uint64_t wait_count;
	_Atomic uint64_t call_count;
	_Atomic uint64_t waits_left_out;
	_Atomic uint64_t calls_left_out;
	_Atomic int tid;
	char name[THREAD_NAME_MAX]; /* before tid is set */
};

static struct log logs[SERVER_LOOPS_MAX];

static void *take(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

int log_start(unsigned int loop)
{
	logs[loop].waits = take(LOG_WAITS_MAX * sizeof(struct wait_record));
	logs[loop].calls = take(LOG_CALLS_MAX * sizeof(struct stall_call));
	return logs[loop].waits && logs[loop].calls ? 0 : -ENOMEM;
}

static void log_begin(struct log *log)
{
	(void)pthread_getname_np(pthread_self(), log->name, sizeof(log->name));
	log->tid = gettid();
}

void log_wait(unsigned int loop, uint64_t began_ns, uint64_t ended_ns)
{
	struct log *log = &logs[loop];
	uint64_t count = atomic_load_explicit(&log->wait_count, memory_order_relaxed);

	if (!count)
		log_begin(log);
	if (count == LOG_WAITS_MAX) {
		log->waits_left_out++;
		return;
	}
	log->waits[count] = (struct wait_record){ began_ns, ended_ns };
	atomic_store_explicit(&log->wait_count, count + 1, memory_order_release);
}

void log_call(unsigned int loop, const struct stall_call *call)
{
	struct log *log = &logs[loop];
	uint64_t count = atomic_load_explicit(&log->call_count, memory_order_relaxed);

	if (count == LOG_CALLS_MAX) {
		log->calls_left_out++;
		return;
	}
	log->calls[count] = *call;
	atomic_store_explicit(&log->call_count, count + 1, memory_order_release);
}

struct log_counts log_count(unsigned int loop)
{
	const struct log *log = &logs[loop];

	return (struct log_counts){
		.waits = log->wait_count,
		.calls = log->call_count,
		.waits_left_out = log->waits_left_out,
		.calls_left_out = log->calls_left_out,
	};
}

int log_thread(unsigned int loop)
{
	return logs[loop].tid;
}

int log_write(unsigned int loop, FILE *out)
{
	const struct log *log = &logs[loop];
	struct log_counts counts = log_count(loop);

	if (!log->tid)
		return 0; /* it has not waited yet */
	(void)fprintf(out, "loop,%u,%d,%s,%" PRIu64 ",%" PRIu64 "\n", loop, (int)log->tid,
		      log->name, counts.waits_left_out, counts.calls_left_out);
	for (uint64_t i = 0; i < counts.waits; i++)
		(void)fprintf(out, "wait,%u,%" PRIu64 ",%" PRIu64 "\n", loop,
			      log->waits[i].began_ns, log->waits[i].ended_ns);
	for (uint64_t i = 0; i < counts.calls; i++) {
		const struct stall_call *call = &log->calls[i];

		(void)fprintf(out, "call,%u,%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n",
			      loop, call->kind, call->began_ns, call->ended_ns, call->cpu_ns,
			      call->slept_ns);
	}
	return ferror(out) ? -EIO : 0;
}

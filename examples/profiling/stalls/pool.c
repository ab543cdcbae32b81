// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A thread that works 2 ms in 50, and sleeps in a futex in between: no tool may take it for a loop.
 */
#include "stalls.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

#include "ledger.h"
#include "site.h"
#include "timers.h"

#define WORK_NS	 (2 * NS_PER_MS)
#define PAUSE_NS (48 * NS_PER_MS)

static pthread_t pool;
static sem_t is_ending;
static volatile uint64_t answer;

TRUTH_SITE static void work_in_pool(void)
{
	uint64_t end_ns = wall_ns() + WORK_NS;

	while (wall_ns() < end_ns)
		answer = answer * 6364136223846793005ULL + 1442695040888963407ULL;
}

static void *pool_main(void *unused)
{
	for (;;) {
		uint64_t until_ns = wall_ns() + PAUSE_NS;
		struct timespec until = { (time_t)(until_ns / NS_PER_SEC),
					  (long)(until_ns % NS_PER_SEC) };

		if (sem_clockwait(&is_ending, CLOCK_MONOTONIC, &until) == 0)
			return unused;
		if (errno == ETIMEDOUT)
			work_in_pool();
	}
}

int pool_start(void)
{
	int err;

	if (sem_init(&is_ending, 0, 0))
		return -errno;
	err = pthread_create(&pool, NULL, pool_main, NULL);
	if (err)
		return -err;
	(void)pthread_setname_np(pool, "pool"); /* for the reader only */
	return 0;
}

void pool_stop(void)
{
	(void)sem_post(&is_ending);
	(void)pthread_join(pool, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A holder for each loop: it takes the mutex before the loop asks for it, and keeps it for a time.
 */
#include "stalls.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>

#include "ledger.h"
#include "pause.h"
#include "server.h"
#include "site.h"

struct holder {
	pthread_t thread;
	pthread_mutex_t section;
	sem_t is_wanted; /* hold it for hold_ns, or end */
	sem_t is_held;
	uint64_t hold_ns; /* handed over by is_wanted */
	bool is_ending;	  /* the same */
	uint64_t left_ns; /* when it was let go of, under the mutex */
};

static struct holder holders[SERVER_LOOPS_MAX];

TRUTH_SITE static void hold_section(struct holder *holder)
{
	(void)pthread_mutex_lock(&holder->section);
	(void)sem_post(&holder->is_held);
	pause_ns(holder->hold_ns);
	holder->left_ns = wall_ns();
	(void)pthread_mutex_unlock(&holder->section);
}

static void *holder_main(void *ctx)
{
	struct holder *holder = ctx;

	for (;;) {
		pause_until_posted(&holder->is_wanted);
		if (holder->is_ending)
			return NULL;
		hold_section(holder);
	}
}

int lock_start(unsigned int loop)
{
	struct holder *holder = &holders[loop];
	int err;

	if (sem_init(&holder->is_wanted, 0, 0) || sem_init(&holder->is_held, 0, 0))
		return -errno;
	err = pthread_mutex_init(&holder->section, NULL);
	if (!err)
		err = pthread_create(&holder->thread, NULL, holder_main, holder);
	if (err)
		return -err;
	(void)pthread_setname_np(holder->thread, "lock-holder"); /* for the reader only */
	return 0;
}

void lock_stop(unsigned int loop)
{
	holders[loop].is_ending = true;
	(void)sem_post(&holders[loop].is_wanted);
	(void)pthread_join(holders[loop].thread, NULL);
}

TRUTH_SITE int stall_for_lock(unsigned int loop, uint64_t ns, uint64_t *ret_slept_ns)
{
	struct holder *holder = &holders[loop];
	uint64_t asked_ns;
	uint64_t left_ns;

	holder->hold_ns = ns;
	(void)sem_post(&holder->is_wanted);
	pause_until_posted(&holder->is_held);
	asked_ns = wall_ns();
	(void)pthread_mutex_lock(&holder->section);
	left_ns = holder->left_ns;
	(void)pthread_mutex_unlock(&holder->section);
	*ret_slept_ns = left_ns > asked_ns ? left_ns - asked_ns : 0;
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Waits again for what is left. */
#include "pause.h"

#include <errno.h>
#include <time.h>

void pause_ns(uint64_t ns)
{
	struct timespec left = { (time_t)(ns / 1000000000), (long)(ns % 1000000000) };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

void pause_until_posted(sem_t *sem)
{
	while (sem_wait(sem) && errno == EINTR)
		;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the stalls need that other threads do. */
#include "stalls.h"

static unsigned int started; /* loops whose threads run */

int stalls_start(unsigned int loop, const char *directory)
{
	int err = loop ? 0 : pool_start();

	if (!err)
		err = disk_start(loop, directory);
	if (!err)
		err = lock_start(loop);
	if (!err)
		err = resolve_start(loop);
	if (!err)
		started = loop + 1;
	return err; /* on failure the process ends, and its threads with it */
}

void stalls_stop(void)
{
	for (unsigned int loop = 0; loop < started; loop++) {
		lock_stop(loop);
		resolve_stop(loop);
	}
	if (started)
		pool_stop();
	started = 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Fresh memory, touched page by page and given back. */
#include "stalls.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>

#include "ledger.h"
#include "site.h"

#define BLOCK_BYTES (4U << 20)
#define PAGE_STEP   4096 /* the smallest there is */

static int touch_block(void)
{
	volatile char *block =
		mmap(NULL, BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (block == MAP_FAILED)
		return -errno;
	/* Huge pages would make few faults of many; where there are none, this fails. */
	(void)madvise((void *)block, BLOCK_BYTES, MADV_NOHUGEPAGE);
	for (size_t at = 0; at < BLOCK_BYTES; at += PAGE_STEP)
		block[at] = 1;
	return munmap((void *)block, BLOCK_BYTES) ? -errno : 0;
}

TRUTH_SITE int stall_faulting(unsigned int loop, uint64_t ns, uint64_t *ret_slept_ns)
{
	uint64_t end_ns = wall_ns() + ns;
	int err = 0;

	(void)loop; /* one is like the other */
	*ret_slept_ns = 0;
	while (!err && wall_ns() < end_ns)
		err = touch_block();
	return err;
}

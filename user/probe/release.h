/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Letting go of many probes. Each release waits some 50 ms for the kernel's readers (an RCU grace
 * period); side by side they wait for the same one.
 *
 * A signal that kills meanwhile would make the kernel give up in the middle, and leave a breakpoint
 * in the target for as long as that lives ("failed to unregister, leaking uprobe" in its log): each
 * hit costs it about a microsecond and does nothing. So signals wait until all is done. SIGKILL
 * does not; at any other time it is harmless, since the kernel lets go of what a dead process had.
 */
#ifndef PROBE_RELEASE_H
#define PROBE_RELEASE_H

#include <bpf/libbpf.h>
#include <stddef.h>

/* Destroys @links, NULL among them, and closes @fds. Both may be none; their memory is the
 * caller's. */
void release_probes(struct bpf_link *const *links, size_t link_count, const int *fds,
		    size_t fd_count);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Letting go of many probes. Each release waits some 50 ms for the kernel's readers (an RCU grace
 * period); side by side they wait for the same one.
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

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * BPF_LINK_CREATE for BPF_TRACE_UPROBE_MULTI (Linux 6.6, kernel/trace/bpf_trace.c), spelled out
 * because libbpf before 1.3 and the headers of Debian 12 do not know it.
 */
#ifndef PROBE_UPROBE_MULTI_H
#define PROBE_UPROBE_MULTI_H

#include "probe/uprobes.h"

#define UPROBE_MULTI_ATTACH_TYPE 48 /* include/uapi/linux/bpf.h: BPF_TRACE_UPROBE_MULTI */

/* A link descriptor or -errno. @prog_fd was loaded for UPROBE_MULTI_ATTACH_TYPE. */
int uprobe_multi_attach(int prog_fd, int file_fd, pid_t pid, bool is_return,
			const struct uprobe_place *places, size_t count);

#endif

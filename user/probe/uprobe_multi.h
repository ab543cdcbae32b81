/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * BPF_LINK_CREATE for BPF_TRACE_UPROBE_MULTI (Linux 6.6, kernel/trace/bpf_trace.c), spelled out
 * because libbpf before 1.3 and the headers of Debian 12 do not know it.
 */
#ifndef PROBE_UPROBE_MULTI_H
#define PROBE_UPROBE_MULTI_H

#include "probe/uprobes.h"

/* include/uapi/linux/bpf.h */
enum uprobe_multi_type {
	UPROBE_MULTI = 48,   /* BPF_TRACE_UPROBE_MULTI, Linux 6.6 */
	UPROBE_SESSION = 57, /* BPF_TRACE_UPROBE_SESSION, Linux 6.13: entry and return in one */
};

/* A link descriptor or -errno. @prog_fd was loaded for @type; fd, pid, places: of @request. */
int uprobe_multi_attach(int prog_fd, enum uprobe_multi_type type,
			const struct uprobe_request *request);

#endif

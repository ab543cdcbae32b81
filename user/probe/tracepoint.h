/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tracepoints of single system calls. (A program on the raw tracepoint of all of them would make
 * every process of the machine pay for each of its calls.)
 */
#ifndef PROBE_TRACEPOINT_H
#define PROBE_TRACEPOINT_H

#include <bpf/libbpf.h>

/*
 * Attaches @prog, of type tracepoint, to @name in @category ("syscalls", "sys_enter_poll"). When no
 * tracefs is mounted, its own is looked into, which nobody else sees. 0; -ENOENT this kernel or
 * architecture has no such tracepoint; -errno. Nothing is said.
 */
int tracepoint_attach(struct bpf_program *prog, const char *category, const char *name,
		      struct bpf_link **ret_link);

#endif

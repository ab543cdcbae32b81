/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* libbpf's talk goes through our log, one level lower; a failed load is explained in one line. */
#ifndef PROBE_LOAD_H
#define PROBE_LOAD_H

#include <bpf/libbpf.h>

/* Before the first libbpf call. */
void probe_log_init(void);

/* bpf_object__load_skeleton with the reason said. 0 or -errno. */
int probe_load(struct bpf_object_skeleton *skeleton);

#endif

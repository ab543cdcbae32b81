/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The first include of every BPF program. */
#ifndef LIB_PRELUDE_BPF_H
#define LIB_PRELUDE_BPF_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* The helpers we call are for GPL-compatible programs only. */
char LICENSE[] SEC("license") = "Dual BSD/GPL";

#endif

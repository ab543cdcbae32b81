/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Would a return probe get a process with a system-call filter killed? Since 6.11 a probed return
 * enters the kernel by a system call of its own (335); until commit cf6cb56ef244 (6.14, and stable
 * releases) filters saw it, and a strict one killed the process. Versions do not tell which kernels
 * have the fix, so it is tried on a child of ours (rule S17).
 */
#ifndef PROBE_SECCOMP_H
#define PROBE_SECCOMP_H

#include <stdbool.h>

/* Found out once. */
bool seccomp_return_probe_is_safe(void);

#endif

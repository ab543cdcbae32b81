/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the in-kernel tests share: each is one BPF object whose programs are run by hand. */
#ifndef TESTS_BPF_KERNEL_H
#define TESTS_BPF_KERNEL_H

#include "tap.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* First of all: there is nothing to be tested without root. */
static inline void need_root(void)
{
	if (geteuid() == 0)
		return;
	puts("1..0 # SKIP needs root");
	exit(0);
}

/* Runs a SEC("syscall") program once; what it returns. */
static inline int run(const struct bpf_program *prog)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	must(bpf_prog_test_run_opts(bpf_program__fd(prog), &opts) == 0);
	return (int)opts.retval;
}

#endif

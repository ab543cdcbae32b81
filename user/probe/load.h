/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * libbpf's talk goes through our log, one level lower; a load or an attachment that fails is
 * explained in one line.
 */
#ifndef PROBE_LOAD_H
#define PROBE_LOAD_H

#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stddef.h>

/* A program whose section says where it goes, and where its link is kept. */
struct probe_hook {
	struct bpf_program *prog;
	struct bpf_link **link;
	bool is_wanted;
};

/* Before the first libbpf call. */
void probe_log_init(void);

/* bpf_object__load_skeleton with the reason said. 0 or -errno. */
int probe_load(struct bpf_object_skeleton *skeleton);

/* Attaches the wanted ones of @hooks, until one fails (said). 0 or -errno; the links are the
 * caller's. */
int probe_attach(const struct probe_hook *hooks, size_t count);

#endif

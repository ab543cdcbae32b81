/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What this kernel and this process can do, asked before anything is loaded. */
#ifndef PROBE_FEATURES_H
#define PROBE_FEATURES_H

#include <stdbool.h>

/*
 * Checks privileges, the PID namespace, BTF and uprobes, and says what is missing and what to do.
 * EXIT_DONE, EXIT_PERMISSION or EXIT_UNSUPPORTED (host/cli.h).
 */
int features_check(void);

/*
 * Does the kernel attach many uprobes by one link, filtered by process? (6.6; between 6.6 and
 * 6.6.35, 6.9.5, 6.10 it filtered by thread: kernel commit 46ba0e49b642.) Found out by doing it to
 * ourselves, once.
 */
bool features_have_uprobe_multi(void);

/* Can one program take a call's entry and return, and leave the return alone? (6.13.) As above. */
bool features_have_uprobe_session(void);

/* Can programs loop over a callback (bpf_loop, 5.17)? Walking stacks by tables takes it. */
bool features_have_loop(void);

/*
 * May programs be attached to entry and return of the kernel's function @name (fentry, fexit)? Not
 * on every architecture, nor where the kernel's code may not be changed. Found out by doing it.
 */
bool features_have_function(const char *name);

#endif

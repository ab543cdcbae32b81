/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Functions that a truth names: a report must find them under the same name. */
#ifndef EXAMPLE_SITE_H
#define EXAMPLE_SITE_H

/* The function keeps its name and its own frame, whatever the optimiser would like. */
#if __has_attribute(noipa)
#define TRUTH_SITE __attribute__((noipa))
#else
#define TRUTH_SITE __attribute__((noinline))
#endif

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A flame graph's tree as folded stacks again: merged, in the order of the tree. */
#ifndef REPORT_FLAME_FOLDED_H
#define REPORT_FLAME_FOLDED_H

#include "profile/flame.h"

#include <stdio.h>

/* "a;b;c NOW", with @is_diff "a;b;c BEFORE NOW". 0, -ENOMEM or -EIO (@out failed). */
int flame_folded(const struct flame *f, bool is_diff, FILE *out);

#endif

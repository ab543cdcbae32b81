/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A name inside a folded stack, so that the line reads back as it was meant: ';', which would end
 * the frame, becomes ':'; the blank before a final number ("f 12"), which would read as a count,
 * becomes '_'; so do the blank of a leading "# ", which would begin a comment, a lone '#', and
 * control characters that nobody cleaned.
 */
#ifndef REPORT_FOLDED_NAME_H
#define REPORT_FOLDED_NAME_H

#include <stdio.h>

/* In place. Returns @name. */
char *folded_name(char *name);

void folded_put_name(FILE *out, const char *name);

#endif

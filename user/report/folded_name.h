/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A name inside a folded stack, so that the line reads back as it was meant. */
#ifndef REPORT_FOLDED_NAME_H
#define REPORT_FOLDED_NAME_H

#include <stdio.h>

/*
 * ';' would end the frame and becomes ':'. "f 12" at the end of a line would read as a count: the
 * blank before a final number becomes '_', and so does one after a '#', which would begin a
 * comment.
 * @name is clean (base/text.h).
 */
void folded_put_name(FILE *out, const char *name);

#endif

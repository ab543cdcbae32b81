/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a name must not hold to be one frame of a folded stack. */
#ifndef REPORT_FOLDED_NAME_H
#define REPORT_FOLDED_NAME_H

/*
 * In place: ';', which would end the frame, becomes ':'; the blank of "f 12", which would read as a
 * count, becomes '_'; so does a control character that nobody cleaned. Returns @name.
 */
char *folded_name(char *name);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whose doing is it: the frame of a stack to name when only one is named. */
#ifndef PROFILE_FRAME_OWNER_H
#define PROFILE_FRAME_OWNER_H

#include "symbol/frame.h"

#include <stddef.h>

/* A function of the program's own JavaScript or of one of its packages, or a regular expression. */
bool frame_is_own_script(const struct frame *f);

/*
 * The one that had a Buffer made, of a stack of its allocation, leaf first: the innermost function
 * of the program's own JavaScript; where there is none, of node's, but for its module buffer; then
 * any JavaScript; then what called V8. Its index, @depth: none.
 */
size_t frame_of_buffer_maker(const struct frame *frames, size_t depth);

#endif

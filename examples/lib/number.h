/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whole numbers as people type them. */
#ifndef EXAMPLE_NUMBER_H
#define EXAMPLE_NUMBER_H

#include <stdint.h>

/* The whole of @text, digits only, 0 to @max; -EINVAL for anything else. */
int number_parse(const char *text, uint32_t max, uint32_t *ret_number);

#endif

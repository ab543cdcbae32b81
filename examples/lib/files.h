/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Files that examples read and write while they serve. All return 0 or a negative errno. */
#ifndef EXAMPLE_FILES_H
#define EXAMPLE_FILES_H

#include <stddef.h>

/*
 * A file that nobody else can open and that is gone with the process: its descriptor. @name is what
 * it is called while it is made.
 */
int file_open_nameless(const char *directory, const char *name);

int file_write_all(int fd, const char *at, size_t len);

/* @bytes of a letter. */
int file_fill(int fd, size_t bytes);

#endif

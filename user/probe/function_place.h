/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Functions of a run time inside a process, wherever it is linked: node, libnode.so, libuv.so. */
#ifndef PROBE_FUNCTION_PLACE_H
#define PROBE_FUNCTION_PLACE_H

#include "host/target.h"
#include "probe/uprobes.h"
#include "symbol/elf.h"

/* 0: this is the file; @m is one of its mappings, and both are borrowed. Otherwise another. */
typedef int (*function_file_fn)(void *ctx, const struct elf *elf, const struct mapping *m);

/*
 * Looks through the program of @t, then the mapped files whose name begins with one of "libnode",
 * "libuv": the first that @look takes, open as *ret_fd. 0, -ENODATA (none), or why the process
 * could not be looked through.
 */
int function_file_find(const struct target *t, function_file_fn look, void *ctx, int *ret_fd);

/* In one file of the process. */
struct function_places {
	int fd;			 /* of the file, -1: nothing was found */
	struct uprobe_place *at; /* as many as were asked for; offset 0: that one is not in it */
};

/*
 * Looks for functions by their exact (mangled) @names: in the first of those files with any of
 * them. @places has room for @count. As above.
 */
int function_places_find(const struct target *t, const char *const *names, size_t count,
			 struct function_places *places);

#endif

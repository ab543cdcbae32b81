/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Addresses of processes to functions, modules and lines. What is needed is opened when a process
 * is added or refreshed and kept, so that a process that has died still gets names. Files are told
 * apart by device and inode, or build id, and read once, however many processes map them.
 */
#ifndef HOST_SYMBOLS_H
#define HOST_SYMBOLS_H

#include "host/target.h"
#include "symbol/frame.h"

#include <stdint.h>

struct symbols;

struct symbols *symbols_new(void);
void symbols_free(struct symbols *s);
void symbols_freep(struct symbols **s);

/*
 * Takes (or takes again, after dlopen) the executable mappings of @t, which are among @maps, and
 * opens their files. Earlier mappings of the same process stay known unless the new ones overlap
 * them. 0 or -ENOMEM.
 */
int symbols_refresh(struct symbols *s, const struct target *t, const struct procmaps *maps);

/*
 * Two ranges [first, end) that hold all executable mappings known of @pid, split at the widest gap
 * between them (below the libraries). 0, or -ENODATA when none is known.
 */
int symbols_code_ranges(const struct symbols *s, pid_t pid, uint64_t ret_first[2],
			uint64_t ret_end[2]);

/* The process executed another program: what was known of it is dropped. */
void symbols_forget(struct symbols *s, pid_t pid);

/*
 * The process executed another program: what was known of it is from now on known of @as, a number
 * that no process has (negative). Nothing happens when nothing was known of @pid.
 */
void symbols_set_aside(struct symbols *s, pid_t pid, pid_t as);

/*
 * Makes sure that the @count addresses of @pid are resolved; later symbols_frames calls are then
 * look-ups. For return addresses pass address - 1. Work is batched per file. 0 or -ENOMEM (names
 * that could not be read are simply unknown).
 */
int symbols_resolve(struct symbols *s, pid_t pid, const uint64_t *addrs, size_t count);

/*
 * The frames of an address, innermost first: the functions inlined there, then the one that has
 * code. Up to @max are filled in; their number, 0 when the address lies in no executable mapping,
 * so whoever took it for code was wrong (a broken frame-pointer chain). Strings live as long as @s.
 */
size_t symbols_frames(struct symbols *s, pid_t pid, uint64_t addr, struct frame *ret_frames,
		      size_t max);

/* The module of an address as a frame has it, NULL when it is no code. Nothing is read for it. */
const char *symbols_module(const struct symbols *s, pid_t pid, uint64_t addr);

/*
 * The build id, in lower-case hex, of the file that frames call @module. NULL when it has none or
 * is not known, and when files of several builds were called so. Lives as long as @s.
 */
const char *symbols_build_id(struct symbols *s, const char *module);

/*
 * What could not be read so far and why, for the report: "no line numbers for libx.so: ...". NULL
 * when nothing went wrong. Valid until the next call.
 */
const char *symbols_note(struct symbols *s);

#endif

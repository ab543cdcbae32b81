/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names of the code that a process's JIT compiler makes, from the file it writes when asked to
 * (node --perf-basic-prof and others): /tmp/perf-PID.map, by the PID and the /tmp that the process
 * itself sees.
 *
 * Anybody may write to /tmp, so a file is believed only by rules S4, S6, S7 of
 * docs/architecture.md: found without leaving the process's root, a regular file and no link,
 * owned by the process's effective user or root, writable for nobody else, with one name, at most
 * 256 MiB, and not last written before the process started (then it was an earlier one's with that
 * PID). One that is refused is named once, with the reason.
 */
#ifndef HOST_JIT_MAP_H
#define HOST_JIT_MAP_H

#include "host/target.h"

#define JIT_MAP_REFRESH_BYTES (16u << 20) /* read at a time; some 200,000 lines of node's */

struct jit_map;

/*
 * For @t, which is borrowed until jit_map_free. There need be no file yet, and none is read before
 * the first refresh. 0, -ESRCH (@t has ended), -ENOMEM or an errno of /proc.
 */
int jit_map_open(const struct target *t, struct jit_map **ret_map);
void jit_map_free(struct jit_map *map);
void jit_map_freep(struct jit_map **map);

/*
 * Reads what was written since. 0: that was all, or there is no file to read; 1: there is more,
 * call again; -E2BIG: more than it takes (said once); -ENOMEM; the read's errno.
 *
 * A file that was cut or replaced is read anew, and what the old one said is forgotten. When it
 * disappears or is refused from now on, and when the process has ended, what is known stays.
 */
int jit_map_refresh(struct jit_map *map);

/*
 * The newest code at @addr: its name as the runtime wrote it, clean (symbol/perfmap.h takes V8's
 * apart), valid until the next refresh. False when none is known.
 */
bool jit_map_find(const struct jit_map *map, uint64_t addr, const char **ret_name,
		  uint64_t *ret_start);

#endif

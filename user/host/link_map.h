/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The objects of a process in the order in which the loader looks symbols up: executable,
 * LD_PRELOAD, then dependencies breadth first. Read from the loader's own list (struct r_debug,
 * <link.h>; found by DT_DEBUG) in the target's memory, which is not trusted: names in it are
 * ignored, objects are told by the mapping their dynamic section lies in, and the walk is bounded.
 */
#ifndef HOST_LINK_MAP_H
#define HOST_LINK_MAP_H

#include "host/target.h"
#include "symbol/elf.h"

#define LINK_MAP_MAX 1024

/*
 * Fills @ret_objects with up to LINK_MAP_MAX executable mappings of @maps (borrowed), one per file
 * (device and inode), in lookup order; files that the loader's list does not name follow in address
 * order.
 * @exe is the open executable, @exe_map its first mapping. Returns how many.
 */
size_t link_map_objects(const struct target *t, const struct procmaps *maps, const struct elf *exe,
			const struct mapping *exe_map,
			const struct mapping *ret_objects[LINK_MAP_MAX]);

#endif

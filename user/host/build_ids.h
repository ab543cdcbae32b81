/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which build of a file a module's name stands for. Frames carry names alone, and two files may
 * have the same one: then the name stands for neither.
 */
#ifndef HOST_BUILD_IDS_H
#define HOST_BUILD_IDS_H

#include "host/symbol_file.h"
#include "symbol/procmaps.h"

struct build_id;

struct build_ids {
	struct build_id *first;
};

void build_ids_done(struct build_ids *ids);

/*
 * @m is called @module and its file is @file, NULL when it could not be opened. @module is
 * interned, always by the same pool, which outlives @ids; so does @file. 0 or -ENOMEM.
 */
int build_ids_note(struct build_ids *ids, const char *module, const struct mapping *m,
		   const struct symbol_file *file);

/*
 * The file, open, of which all mappings called @module (the interned text) are, or copies of the
 * same build. NULL: none, or there was one of which that is not known.
 */
const struct symbol_file *build_ids_find(const struct build_ids *ids, const char *module);

#endif

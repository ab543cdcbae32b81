// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* By name the first file met, and whether all later ones were the same. */
#include "host/build_ids.h"

#include <errno.h>
#include <stdlib.h>

struct build_id {
	const char *module; /* the key: the address of an interned text */
	const struct symbol_file *file;
	uint32_t dev_major, dev_minor;
	uint64_t inode;
	bool is_ambiguous;
	UT_hash_handle hh;
};

void build_ids_done(struct build_ids *ids)
{
	struct build_id *id, *next;

	HASH_ITER (hh, ids->first, id, next) {
		HASH_DEL(ids->first, id);
		free(id);
	}
}

static int add(struct build_ids *ids, struct build_id like)
{
	struct build_id *id = malloc(sizeof(*id));

	if (!id)
		return -ENOMEM;
	*id = like;
	HASH_ADD(hh, ids->first, module, sizeof(id->module), id);
	if (!id->hh.tbl) {
		free(id);
		return -ENOMEM;
	}
	return 0;
}

static bool is_same_build(const struct symbol_file *a, const struct symbol_file *b)
{
	return a == b || symbol_binary_is_same_build(&a->own, &b->own);
}

int build_ids_note(struct build_ids *ids, const char *module, const struct mapping *m,
		   const struct symbol_file *file)
{
	struct build_id *id;
	bool is_same_place;

	HASH_FIND(hh, ids->first, &module, sizeof(module), id);
	if (!id)
		return add(ids, (struct build_id){ .module = module,
						   .file = file,
						   .dev_major = m->dev_major,
						   .dev_minor = m->dev_minor,
						   .inode = m->inode });
	is_same_place = id->dev_major == m->dev_major && id->dev_minor == m->dev_minor &&
			id->inode == m->inode;
	if (id->file && file)
		id->is_ambiguous |= !is_same_build(id->file, file);
	else /* a process that was gone before its file was opened; another may have had it */
		id->is_ambiguous |= !is_same_place;
	if (!id->file)
		id->file = file;
	return 0;
}

const struct symbol_file *build_ids_find(const struct build_ids *ids, const char *module)
{
	const struct build_id *id;

	HASH_FIND(hh, ids->first, &module, sizeof(module), id);
	return id && id->file && id->file->own.fd >= 0 && !id->is_ambiguous ? id->file : NULL;
}

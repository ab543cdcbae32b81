// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Collects V8's symbols of an ELF file in one pass, then makes sense of them. */
#include "symbol/v8_layout.h"

#include "base/scope.h"
#include "base/text.h"
#include "base/vec.h"
#include "symbol/elf_prefixed.h"
#include "symbol/v8_blob.h"
#include "symbol/v8_offsets.h"

#include <errno.h>
#include <string.h>

#define CONSTANT_PREFIX "v8dbg_"
#define BUILTIN_PREFIX	"Builtins_"
#define VERSION_PREFIX	"_ZN2v88internal7Version"
#define BLOB_PREFIX	"v8_Default_embedded_blob_code_"
#define BLOB_CODE	"_ZN2v88internal23DefaultEmbeddedBlobCodeEv"
#define BLOB_CODE_SIZE	"_ZN2v88internal27DefaultEmbeddedBlobCodeSizeEv"
#define MAX_CONSTANTS	4096
/* Without constants of this number a file only mentions V8. */
#define MIN_CONSTANTS 16

struct builtins { /* a vector */
	struct v8_builtin *at;
	size_t len, cap;
};

struct reading {
	const struct elf *elf;
	struct v8_layout *layout;
	struct arena texts;
	struct v8_constants constants;
	struct builtins builtins;
	/* Symbols, 0 none. The first one is the code; before 11 it was a pointer to the second. */
	uint64_t blob_start, blob_data, blob_size_at;
	uint64_t code_getter, size_getter; /* functions */
	bool has_version;
};

static void reading_done(struct reading *r)
{
	arena_done(&r->texts);
	free(r->constants.at);
	free(r->builtins.at);
}

static const char *after(const char *name, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(name, prefix, len) == 0 ? name + len : NULL;
}

static char *keep(struct arena *arena, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = arena_alloc(arena, size);

	if (copy)
		memcpy(copy, text, size);
	return copy;
}

static int take_constant(struct reading *r, const char *name, uint64_t vaddr)
{
	struct v8_constant *c;
	uint32_t value;
	int err = elf_word_at(r->elf, vaddr, &value);

	if (err == -ENODATA || r->constants.len == MAX_CONSTANTS)
		return 0;
	if (err)
		return err;
	name = keep(&r->texts, name);
	c = name ? vec_push(&r->constants) : NULL;
	if (!c)
		return -ENOMEM;
	*c = (struct v8_constant){ name, (int32_t)value };
	return 0;
}

static int take_builtin(struct reading *r, const char *name, const struct elf_prefixed *symbol)
{
	char clean[ELF_PREFIXED_NAME_MAX];
	struct v8_builtin *b;
	const char *kept;

	if (!*name || r->builtins.len == V8_MAX_BUILTINS)
		return 0;
	(void)text_clean(name, strlen(name), clean, sizeof(clean));
	kept = keep(&r->layout->names, clean);
	b = kept ? vec_push(&r->builtins) : NULL;
	if (!b)
		return -ENOMEM;
	*b = (struct v8_builtin){ symbol->vaddr, symbol->size, kept };
	return 0;
}

static int take_version(struct reading *r, const char *part, uint64_t vaddr)
{
	struct v8_version *v = &r->layout->version;
	uint32_t *to = NULL, value;
	int err;

	if (strcmp(part, "6major_E") == 0)
		to = &v->major;
	else if (strcmp(part, "6minor_E") == 0)
		to = &v->minor;
	else if (strcmp(part, "6build_E") == 0)
		to = &v->build;
	else if (strcmp(part, "6patch_E") == 0)
		to = &v->patch;
	if (!to)
		return 0;
	err = elf_word_at(r->elf, vaddr, &value);
	if (err)
		return err == -ENODATA ? 0 : err;
	*to = value;
	r->has_version |= to == &v->major;
	return 0;
}

static int take_symbol(void *ctx, const struct elf_prefixed *symbol)
{
	struct reading *r = ctx;
	const char *rest;

	if ((rest = after(symbol->name, CONSTANT_PREFIX)))
		return take_constant(r, rest, symbol->vaddr);
	if ((rest = after(symbol->name, BUILTIN_PREFIX)))
		return take_builtin(r, rest, symbol);
	if ((rest = after(symbol->name, VERSION_PREFIX)))
		return take_version(r, rest, symbol->vaddr);
	if ((rest = after(symbol->name, BLOB_PREFIX)) && strcmp(rest, "data_") == 0)
		r->blob_data = symbol->vaddr;
	else if (rest && !*rest)
		r->blob_start = symbol->vaddr;
	else if (rest && strcmp(rest, "size_") == 0)
		r->blob_size_at = symbol->vaddr;
	else if (strcmp(symbol->name, BLOB_CODE) == 0)
		r->code_getter = symbol->vaddr;
	else if (strcmp(symbol->name, BLOB_CODE_SIZE) == 0)
		r->size_getter = symbol->vaddr;
	return 0;
}

/* Not to know it is no error. */
static int find_builtins_range(struct reading *r)
{
	struct v8_layout *layout = r->layout;
	uint64_t start = r->blob_data ? r->blob_data : r->blob_start;
	uint32_t size = 0;
	int err = -ENODATA;

	if (start && r->blob_size_at)
		err = elf_word_at(r->elf, r->blob_size_at, &size);
	if (!err && size && start <= UINT64_MAX - size) {
		layout->builtins_start = start;
		layout->builtins_end = start + size;
		return 0;
	}
	if (r->code_getter && r->size_getter)
		err = v8_blob_find(r->elf, r->code_getter, r->size_getter, &layout->builtins_start,
				   &layout->builtins_end);
	return err == -ENODATA || err == -EBADMSG ? 0 : err;
}

static int compare_builtins(const void *a, const void *b)
{
	const struct v8_builtin *x = a, *y = b;

	return (x->vaddr > y->vaddr) - (x->vaddr < y->vaddr);
}

/* Orders them, leaves out what lies outside, and lets each end where the next one starts. */
static void order_builtins(struct reading *r)
{
	struct v8_layout *layout = r->layout;
	struct builtins *all = &r->builtins;
	size_t len = 0;

	if (all->len)
		qsort(all->at, all->len, sizeof(*all->at), compare_builtins);
	for (size_t i = 0; i < all->len; i++) {
		struct v8_builtin b = all->at[i];

		if (b.vaddr < layout->builtins_start || b.vaddr >= layout->builtins_end)
			continue;
		if (len && all->at[len - 1].vaddr == b.vaddr)
			continue;
		all->at[len++] = b;
	}
	for (size_t i = 0; i < len; i++) {
		uint64_t end = i + 1 < len ? all->at[i + 1].vaddr : layout->builtins_end;

		all->at[i].size = end - all->at[i].vaddr;
	}
	layout->builtins = all->at;
	layout->builtin_count = len;
	*all = (struct builtins){ 0 };
}

static void fill_walk(struct v8_layout *layout)
{
	const struct v8_offsets *o = layout->offsets;

	layout->walk = (struct v8_walk){
		.marker_slot = o->fp_marker,
		.function_slot = o->fp_function,
		.heap_tag = (uint32_t)o->heap_object_tag,
		.heap_tag_mask = (uint32_t)o->heap_object_tag_mask,
		.object_map = (uint32_t)o->object_map,
		.map_instance_type = (uint32_t)o->map_instance_type,
		.function_shared = (uint32_t)o->function_shared,
		.function_type_min = (uint16_t)o->type_function_first,
		.function_type_max = (uint16_t)o->type_function_last,
		.shared_type = (uint16_t)o->type_shared,
	};
}

int v8_layout_read(const struct elf *elf, struct v8_layout *ret_layout)
{
	static const char *const prefixes[] = { CONSTANT_PREFIX, BUILTIN_PREFIX, VERSION_PREFIX,
						BLOB_PREFIX,	 BLOB_CODE,	 BLOB_CODE_SIZE };
	_release_(reading_done) struct reading r = { .elf = elf, .layout = ret_layout };
	int err;

	*ret_layout = (struct v8_layout){ 0 };
	err = elf_find_prefixed(elf, prefixes, sizeof(prefixes) / sizeof(prefixes[0]), take_symbol,
				&r);
	if (err)
		return err;
	if (r.constants.len < MIN_CONSTANTS)
		return -ENODATA;
	err = find_builtins_range(&r);
	if (err)
		return err;
	order_builtins(&r);
	if (!r.has_version) {
		text_add_sentence(ret_layout->refusal, V8_REFUSAL_MAX,
				  "V8 does not tell its version");
		return -EOPNOTSUPP;
	}
	ret_layout->offsets = calloc(1, sizeof(*ret_layout->offsets));
	if (!ret_layout->offsets)
		return -ENOMEM;
	err = v8_offsets_fill(&r.constants, &ret_layout->version, ret_layout->offsets,
			      ret_layout->refusal);
	if (!err)
		fill_walk(ret_layout);
	return err;
}

void v8_layout_done(struct v8_layout *layout)
{
	free(layout->offsets);
	free(layout->builtins);
	arena_done(&layout->names);
	*layout = (struct v8_layout){ 0 };
}

const struct v8_builtin *v8_layout_builtin(const struct v8_layout *layout, uint64_t vaddr)
{
	size_t low = 0, high = layout->builtin_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (layout->builtins[middle].vaddr <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || vaddr - layout->builtins[low - 1].vaddr >= layout->builtins[low - 1].size)
		return NULL;
	return &layout->builtins[low - 1];
}

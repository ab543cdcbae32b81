// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Tables of a profile.proto: filled while samples are written, written behind them. */
#include "report/pprof_tables.h"

#include "base/hash.h"
#include "base/vec.h"
#include "report/label.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What perf and pprof call the kernel. */
#define KERNEL_FILE "[kernel.kallsyms]"

void pprof_tables_done(struct pprof_tables *t)
{
	strings_done(&t->texts);
	id_table_done(&t->mapping_ids);
	id_table_done(&t->function_ids);
	id_table_done(&t->location_ids);
	free(t->mappings.at);
	free(t->functions.at);
	free(t->locations.at);
	free(t->mapping_of);
	free(t->function_of);
}

/* --- files with code -------------------------------------------------------------------------- */

static bool is_equal_mapping(const void *ctx, uint32_t id, const void *key)
{
	const struct pprof_tables *t = ctx;
	const struct pprof_mapping *a = &t->mappings.at[id], *b = key;

	return a->module == b->module && a->is_kernel == b->is_kernel;
}

static int find_mapping(struct pprof_tables *t, const struct frame *f, uint32_t *ret_id)
{
	struct pprof_mapping key = { .is_kernel = f->kind == FRAME_KERNEL }, *mapping;
	uint64_t hash;
	uint32_t id;

	if (strings_add(&t->texts, f->module, &key.module))
		return -ENOMEM;
	hash = hash_mix(hash_mix(hash_seed(t), key.module), key.is_kernel);
	id = id_table_find(&t->mapping_ids, hash, is_equal_mapping, t, &key);
	if (id == ID_NONE) {
		id = (uint32_t)t->mappings.len;
		mapping = vec_push(&t->mappings);
		if (!mapping || id_table_add(&t->mapping_ids, hash, id))
			return -ENOMEM;
		*mapping = key;
	}
	*ret_id = id;
	return 0;
}

static int map_frame(struct pprof_tables *t, uint32_t index)
{
	const struct frame *f = profile_frame(t->profile, index);
	struct pprof_mapping *mapping;
	uint32_t id;

	t->mapping_of[index] = ID_NONE;
	if (!f->module[0])
		return 0;
	if (find_mapping(t, f, &id))
		return -ENOMEM;
	t->mapping_of[index] = id;
	mapping = &t->mappings.at[id];
	if (f->offset >= mapping->limit)
		mapping->limit = f->offset == UINT64_MAX ? UINT64_MAX : f->offset + 1;
	mapping->has_files |= f->file[0];
	mapping->has_lines |= f->line > 0;
	mapping->has_inlined |= f->is_inlined;
	return 0;
}

/* Readers take the first mapping for the program: the first that is no library goes there. */
static int map_program(struct pprof_tables *t)
{
	uint32_t id;

	for (uint32_t i = 0; i < profile_frame_count(t->profile); i++) {
		const struct frame *f = profile_frame(t->profile, i);

		if (f->kind == FRAME_NATIVE && f->module[0] && f->module[0] != '[' &&
		    !strstr(f->module, ".so"))
			return find_mapping(t, f, &id);
	}
	return 0;
}

/* --- functions -------------------------------------------------------------------------------- */

static bool is_equal_function(const void *ctx, uint32_t id, const void *key)
{
	const struct pprof_tables *t = ctx;
	const struct pprof_function *a = &t->functions.at[id], *b = key;

	return a->name == b->name && a->file == b->file;
}

static int find_function(struct pprof_tables *t, const char *name, const char *file,
			 uint32_t *ret_id)
{
	struct pprof_function key, *function;
	uint64_t hash;
	uint32_t id;

	if (strings_add(&t->texts, name, &key.name) || strings_add(&t->texts, file, &key.file))
		return -ENOMEM;
	hash = hash_mix(hash_mix(hash_seed(t), key.name), key.file);
	id = id_table_find(&t->function_ids, hash, is_equal_function, t, &key);
	if (id == ID_NONE) {
		id = (uint32_t)t->functions.len;
		function = vec_push(&t->functions);
		if (!function || id_table_add(&t->function_ids, hash, id))
			return -ENOMEM;
		*function = key;
	}
	*ret_id = id;
	return 0;
}

static int name_frame(struct pprof_tables *t, uint32_t index)
{
	const struct frame *f = profile_frame(t->profile, index);
	char label[LABEL_LEN];

	return find_function(t, label_frame(f, label), f->file, &t->function_of[index]);
}

int pprof_tables_init(struct pprof_tables *t, const struct profile *p)
{
	size_t frames = profile_frame_count(p);

	*t = (struct pprof_tables){ .profile = p };
	t->mapping_of = calloc(frames + 1, sizeof(*t->mapping_of));
	t->function_of = calloc(frames + 1, sizeof(*t->function_of));
	if (!t->mapping_of || !t->function_of || !strings_keep(&t->texts, "") || map_program(t))
		return -ENOMEM;
	for (uint32_t i = 0; i < frames; i++)
		if (map_frame(t, i) || name_frame(t, i))
			return -ENOMEM;
	return find_function(t, "[unknown stack]", "", &t->unknown_function);
}

/* --- places ----------------------------------------------------------------------------------- */

static bool is_equal_location(const void *ctx, uint32_t id, const void *key)
{
	const struct pprof_tables *t = ctx;
	const struct pprof_location *a = &t->locations.at[id], *b = key;

	return a->count == b->count && !memcmp(a->frames, b->frames, a->count * sizeof(*a->frames));
}

static int find_location(struct pprof_tables *t, const struct pprof_location *key, uint64_t *ret_id)
{
	uint64_t hash = hash_bytes(hash_seed(t), key->frames, key->count * sizeof(*key->frames));
	uint32_t id = id_table_find(&t->location_ids, hash, is_equal_location, t, key);
	struct pprof_location *location;

	if (id == ID_NONE) {
		id = (uint32_t)t->locations.len;
		location = vec_push(&t->locations);
		if (!location || id_table_add(&t->location_ids, hash, id))
			return -ENOMEM;
		*location = *key;
	}
	*ret_id = (uint64_t)id + 1;
	return 0;
}

int pprof_tables_locate(struct pprof_tables *t, const struct profile_stack *s, uint64_t *ret_ids,
			size_t *ret_count)
{
	const struct pprof_location unknown = { .frames = s->frames };
	size_t count = 0;

	if (!s->depth) {
		if (find_location(t, &unknown, &ret_ids[0]))
			return -ENOMEM;
		count = 1;
	}
	for (size_t i = 0, next; i < s->depth; i = next) {
		struct pprof_location key = { .frames = &s->frames[i] };

		for (next = i; next < s->depth; next++)
			if (!profile_frame(t->profile, s->frames[next])->is_inlined)
				break;
		if (next < s->depth)
			next++;
		key.count = next - i;
		if (find_location(t, &key, &ret_ids[count]))
			return -ENOMEM;
		count++;
	}
	*ret_count = count;
	return 0;
}

/* --- writing ---------------------------------------------------------------------------------- */

static int write_mapping(struct pprof_tables *t, uint32_t index, const struct profile_meta *m,
			 struct pprof_stream *out)
{
	const struct pprof_mapping *mapping = &t->mappings.at[index];
	const char *module = t->texts.at[mapping->module];
	const char *build_id =
		m->build_id ? m->build_id(m->build_id_ctx, module, mapping->is_kernel) : NULL;
	Pprof__Mapping message = PPROF__MAPPING__INIT, *messages[] = { &message };
	Pprof__Profile part = PPROF__PROFILE__INIT;
	bool is_kernel_itself = mapping->is_kernel && strcmp(module, FRAME_KERNEL_MODULE) == 0;
	uint32_t file = mapping->module, text = 0;

	if (is_kernel_itself && strings_add(&t->texts, KERNEL_FILE, &file))
		return -ENOMEM;
	if (build_id && strings_add(&t->texts, build_id, &text))
		return -ENOMEM;
	message.id = (uint64_t)index + 1;
	message.memory_limit = mapping->limit;
	message.filename = file;
	message.build_id = text;
	message.has_functions = true;
	message.has_filenames = mapping->has_files;
	message.has_line_numbers = mapping->has_lines;
	message.has_inline_frames = mapping->has_inlined;
	part.n_mapping = 1;
	part.mapping = messages;
	pprof_stream_put(out, &part);
	return 0;
}

static void put_location(const Pprof__Location *message, struct pprof_stream *out)
{
	Pprof__Location *messages[] = { (Pprof__Location *)message };
	Pprof__Profile part = PPROF__PROFILE__INIT;

	part.n_location = 1;
	part.location = messages;
	pprof_stream_put(out, &part);
}

static void write_unknown(const struct pprof_tables *t, uint32_t index, struct pprof_stream *out)
{
	Pprof__Location message = PPROF__LOCATION__INIT;
	Pprof__Line line = PPROF__LINE__INIT, *lines[] = { &line };

	line.function_id = (uint64_t)t->unknown_function + 1;
	message.id = (uint64_t)index + 1;
	message.n_line = 1;
	message.line = lines;
	put_location(&message, out);
}

static void write_location(const struct pprof_tables *t, uint32_t index, struct pprof_stream *out)
{
	const struct pprof_location *location = &t->locations.at[index];
	Pprof__Location message = PPROF__LOCATION__INIT;
	Pprof__Line lines[PROFILE_MAX_DEPTH], *line_at[PROFILE_MAX_DEPTH];
	uint32_t last;

	if (!location->count) {
		write_unknown(t, index, out);
		return;
	}
	for (size_t i = 0; i < location->count; i++) {
		uint32_t frame = location->frames[i];

		lines[i] = (Pprof__Line)PPROF__LINE__INIT;
		lines[i].function_id = (uint64_t)t->function_of[frame] + 1;
		lines[i].line = profile_frame(t->profile, frame)->line;
		line_at[i] = &lines[i];
	}
	last = location->frames[location->count - 1];
	message.id = (uint64_t)index + 1;
	message.mapping_id = t->mapping_of[last] == ID_NONE ? 0 : (uint64_t)t->mapping_of[last] + 1;
	message.address = profile_frame(t->profile, last)->offset;
	message.n_line = location->count;
	message.line = line_at;
	put_location(&message, out);
}

static void write_function(const struct pprof_tables *t, uint32_t index, struct pprof_stream *out)
{
	const struct pprof_function *function = &t->functions.at[index];
	Pprof__Function message = PPROF__FUNCTION__INIT, *messages[] = { &message };
	Pprof__Profile part = PPROF__PROFILE__INIT;

	message.id = (uint64_t)index + 1;
	message.name = function->name;
	message.system_name = function->name;
	message.filename = function->file;
	part.n_function = 1;
	part.function = messages;
	pprof_stream_put(out, &part);
}

int pprof_tables_write(struct pprof_tables *t, const struct profile_meta *m,
		       struct pprof_stream *out)
{
	for (uint32_t i = 0; i < t->mappings.len; i++)
		if (write_mapping(t, i, m, out))
			return -ENOMEM;
	for (uint32_t i = 0; i < t->locations.len; i++)
		write_location(t, i, out);
	for (uint32_t i = 0; i < t->functions.len; i++)
		write_function(t, i, out);
	return 0;
}

void pprof_tables_write_texts(const struct pprof_tables *t, struct pprof_stream *out)
{
	for (size_t i = 0; i < t->texts.len; i++) {
		char *texts[] = { (char *)t->texts.at[i] }; /* the generated type knows no const */
		Pprof__Profile part = PPROF__PROFILE__INIT;

		part.n_string_table = 1;
		part.string_table = texts;
		pprof_stream_put(out, &part);
	}
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Keeps scripts, each as long as the object at its place is the same one. */
#include "symbol/v8_script.h"

#include "base/hash.h"
#include "base/vec.h"
#include "symbol/v8_lines.h"
#include "symbol/v8_string.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void v8_scripts_done(struct v8_scripts *s)
{
	for (size_t i = 0; i < s->len; i++)
		free(s->at[i].line_ends);
	free(s->at);
	id_table_done(&s->ids);
	*s = (struct v8_scripts){ .memory = s->memory, .texts = s->texts };
}

bool v8_scripts_are_full(const struct v8_scripts *s)
{
	return s->len == V8_MAX_SCRIPTS || s->line_count >= V8_MAX_KEPT_LINES;
}

static bool is_script(const void *ctx, uint32_t id, const void *key)
{
	const struct v8_scripts *s = ctx;

	return s->at[id].address == *(const uint64_t *)key;
}

static struct v8_script *kept_script(const struct v8_scripts *s, uint64_t word)
{
	uint64_t hash = hash_mix(hash_seed(s), word);
	uint32_t id = id_table_find(&s->ids, hash, is_script, s, &word);

	return id == ID_NONE ? NULL : &s->at[id];
}

static int add_script(struct v8_scripts *s, uint64_t word, struct v8_script **ret_script)
{
	struct v8_script *script = vec_push(s);

	if (!script)
		return -ENOMEM;
	*script = (struct v8_script){ .address = word, .file = "" };
	if (id_table_add(&s->ids, hash_mix(hash_seed(s), word), (uint32_t)(s->len - 1))) {
		s->len--;
		return -ENOMEM;
	}
	*ret_script = script;
	return 0;
}

/* A name that was set with a comment in the source counts more. */
static int read_file(struct v8_scripts *s, const struct v8_object *object, const char **ret_file)
{
	const struct v8_offsets *o = s->memory->o;
	char text[TEXT_MAX];
	int err = v8_string_read(s->memory, v8_object_word(object, o->script_source_url), text);

	if (err == V8_WRONG_TYPE)
		err = v8_string_read(s->memory, v8_object_word(object, o->script_name), text);
	if (err == V8_WRONG_TYPE) { /* undefined: it has no name */
		*ret_file = "";
		return 0;
	}
	if (err)
		return err;
	*ret_file = strings_keep(s->texts, text);
	return *ret_file ? 0 : -ENOMEM;
}

static int32_t smi_or_0(uint64_t word)
{
	return v8_is_smi(word) ? v8_smi(word) : 0;
}

static int fill(struct v8_scripts *s, const struct v8_object *object, struct v8_script *script)
{
	const struct v8_offsets *o = s->memory->o;
	struct v8_script new = {
		.address = script->address,
		.id = v8_smi(v8_object_word(object, o->script_id)),
		.name_word = v8_object_word(object, o->script_name),
		.source_word = v8_object_word(object, o->script_source),
		.line_ends_word = v8_object_word(object, o->script_line_ends),
		.line_offset = smi_or_0(v8_object_word(object, o->script_line_offset)),
		.column_offset = smi_or_0(v8_object_word(object, o->script_column_offset)),
	};
	int err = read_file(s, object, &new.file);

	if (err)
		return err;
	s->line_count -= script->line_count;
	free(script->line_ends);
	*script = new;
	return 0;
}

int v8_script_find(struct v8_scripts *s, uint64_t word, struct v8_script **ret_script)
{
	const struct v8_offsets *o = s->memory->o;
	struct v8_object object;
	struct v8_script *script;
	int err = v8_object_expect(s->memory, word, o->type_script, &object);

	if (err)
		return err;
	script = kept_script(s, word);
	/* Only what was filled has a source: an error leaves it zero. */
	if (script && script->source_word &&
	    script->id == v8_smi(v8_object_word(&object, o->script_id)) &&
	    script->name_word == v8_object_word(&object, o->script_name)) {
		script->source_word = v8_object_word(&object, o->script_source);
		script->line_ends_word = v8_object_word(&object, o->script_line_ends);
		*ret_script = script;
		return 0;
	}
	err = script ? 0 : add_script(s, word, &script);
	if (!err)
		err = fill(s, &object, script);
	if (!err)
		*ret_script = script;
	return err;
}

static int read_lines(struct v8_scripts *s, struct v8_script *script)
{
	struct v8_lines lines = { 0 };
	int err = v8_lines_read(s->memory, script->line_ends_word, script->source_word,
				V8_MAX_LINES, &lines);

	if (err) {
		free(lines.at);
		if (err < 0)
			return err;
		/* A source may be out of reach for now only. */
		script->attempts = err == V8_UNMAPPED ? script->attempts + 1 : V8_MAX_ATTEMPTS;
		return 0;
	}
	script->attempts = V8_MAX_ATTEMPTS;
	script->line_ends = lines.at;
	script->line_count = (uint32_t)lines.len;
	s->line_count += lines.len;
	return 0;
}

/* Index of the first line that ends at @position or after it. */
static uint32_t line_of(const struct v8_script *script, uint32_t position)
{
	uint32_t low = 0, high = script->line_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (script->line_ends[middle] < position)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int v8_script_place(struct v8_scripts *s, struct v8_script *script, int32_t position,
		    uint32_t *ret_line, uint32_t *ret_column)
{
	int64_t line, column;
	int err = script->attempts < V8_MAX_ATTEMPTS ? read_lines(s, script) : 0;

	*ret_line = *ret_column = 0;
	if (err || position < 0)
		return err;
	line = line_of(script, (uint32_t)position);
	if (line == script->line_count)
		return 0;
	column = line ? position - (int64_t)script->line_ends[line - 1] - 1 : position;
	column += line ? 0 : script->column_offset;
	line += script->line_offset;
	if (line < 0 || column < 0)
		return 0;
	*ret_line = (uint32_t)line + 1;
	*ret_column = (uint32_t)column + 1;
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Finds the ends of lines, piece by piece. */
#include "symbol/v8_lines.h"

#include "base/vec.h"
#include "symbol/v8_script.h"
#include "symbol/v8_string.h"

#include <errno.h>
#include <string.h>

#define CHUNK_BYTES 65536
#define CHUNK_WORDS 1024

static int add(struct v8_lines *lines, uint32_t position, uint32_t max)
{
	uint32_t *line;

	if (lines->len == max)
		return V8_TOO_LONG;
	line = vec_push(lines);
	if (!line)
		return -ENOMEM;
	*line = position;
	return 0;
}

/* V8 makes the array when somebody asked for a line: an exception, say. */
static int read_noted(struct v8_memory *m, uint64_t word, uint32_t max, struct v8_lines *lines)
{
	uint64_t words[CHUNK_WORDS];
	struct v8_array array;
	int err = v8_array_read(m, word, false, &array);
	uint32_t len;

	if (!err && array.length > max)
		err = V8_TOO_LONG;
	for (uint32_t at = 0; !err && at < array.length; at += len) {
		len = array.length - at < CHUNK_WORDS ? array.length - at : CHUNK_WORDS;
		err = v8_memory_read(m, array.data + 8ul * at, words, 8ul * len);
		for (uint32_t i = 0; !err && i < len; i++) {
			uint32_t position = (uint32_t)v8_smi(words[i]);

			if (!v8_is_smi(words[i]) ||
			    (lines->len && position <= lines->at[lines->len - 1]))
				return V8_WRONG_TYPE;
			err = add(lines, position, max);
		}
	}
	return !err && !lines->len ? V8_WRONG_TYPE : err;
}

/* A carriage return and a newline are one end, which is the newline. */
struct scan {
	bool is_after_return;
	uint32_t position;
};

static int take_unit(struct scan *s, uint32_t unit, uint32_t max, struct v8_lines *lines)
{
	int err = 0;

	if (s->is_after_return && unit != '\n')
		err = add(lines, s->position - 1, max);
	s->is_after_return = unit == '\r';
	if (!err && (unit == '\n' || unit == 0x2028 || unit == 0x2029))
		err = add(lines, s->position, max);
	s->position++;
	return err;
}

static int scan_chunk(struct scan *s, const uint8_t *chunk, uint32_t len, bool is_wide,
		      struct v8_lines *lines)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < len; i++) {
		uint16_t unit = chunk[i];

		if (is_wide)
			memcpy(&unit, chunk + 2ul * i, sizeof(unit));
		err = take_unit(s, unit, V8_MAX_LINES, lines);
	}
	return err;
}

static int scan_source(struct v8_memory *m, uint64_t source_word, struct v8_lines *lines)
{
	uint8_t chunk[CHUNK_BYTES];
	struct scan scan = { .position = 0 };
	struct v8_chars chars;
	int err = v8_string_flat(m, source_word, &chars);
	uint32_t at = 0, len;

	if (!err && chars.length > V8_MAX_SOURCE_CHARS)
		return V8_TOO_LONG;
	for (; !err && at < chars.length; at += len) {
		uint32_t room = CHUNK_BYTES >> chars.is_wide;

		len = chars.length - at < room ? chars.length - at : room;
		err = v8_memory_read(m, chars.address + ((uint64_t)at << chars.is_wide), chunk,
				     (size_t)len << chars.is_wide);
		if (!err)
			err = scan_chunk(&scan, chunk, len, chars.is_wide, lines);
	}
	/* The last line ends with the source. */
	return err ? err : add(lines, scan.position, V8_MAX_LINES);
}

int v8_lines_read(struct v8_memory *m, uint64_t line_ends_word, uint64_t source_word, uint32_t max,
		  struct v8_lines *ret_lines)
{
	int err = read_noted(m, line_ends_word, max, ret_lines);

	if (err == 0 || err < 0)
		return err;
	ret_lines->len = 0;
	return scan_source(m, source_word, ret_lines);
}

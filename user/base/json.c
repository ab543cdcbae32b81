// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Streaming JSON: each call writes at once, the state is only where commas and keys are due. */
#include "base/json.h"

#include "base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

void json_init(struct json *j, FILE *out)
{
	*j = (struct json){ .out = out };
}

static void write_comma(struct json *j)
{
	if (j->has_item[j->depth])
		(void)fputc(',', j->out); /* write errors stay in the stream for its owner */
	j->has_item[j->depth] = true;
}

/* What stands before every value. */
static void begin_value(struct json *j)
{
	if (j->has_key) {
		j->has_key = false;
		return;
	}
	assert(!j->is_object[j->depth] && "a value in an object needs a key");
	assert((j->depth > 0 || !j->has_item[0]) && "one value at the top");
	write_comma(j);
}

static void open_level(struct json *j, bool is_object)
{
	begin_value(j);
	assert(j->depth + 1 < JSON_DEPTH);
	j->depth++;
	j->has_item[j->depth] = false;
	j->is_object[j->depth] = is_object;
	(void)fputc(is_object ? '{' : '[', j->out);
}

void json_object(struct json *j)
{
	open_level(j, true);
}

void json_array(struct json *j)
{
	open_level(j, false);
}

void json_end(struct json *j)
{
	assert(j->depth > 0 && !j->has_key);
	(void)fputc(j->is_object[j->depth] ? '}' : ']', j->out);
	j->depth--;
}

/* Controls are escaped, C1 and DEL too: a terminal may well be where the output ends up. */
static void write_char(FILE *out, const char *text, size_t len, uint32_t code)
{
	if (code == '"' || code == '\\')
		(void)fprintf(out, "\\%c", (char)code);
	else if (code < 0x20 || (code >= 0x7f && code <= 0x9f))
		(void)fprintf(out, "\\u%04" PRIx32, code);
	else
		(void)fwrite(text, 1, len, out);
}

static void write_quoted(FILE *out, const char *text)
{
	size_t left = strlen(text);

	(void)fputc('"', out);
	while (left > 0) {
		uint32_t code = 0;
		size_t used = text_decode(text, left, &code);

		if (used == 0) {
			(void)fputs("\xef\xbf\xbd", out); /* U+FFFD */
			used = 1;
		} else {
			write_char(out, text, used, code);
		}
		text += used;
		left -= used;
	}
	(void)fputc('"', out);
}

void json_key(struct json *j, const char *key)
{
	assert(j->is_object[j->depth] && !j->has_key);
	write_comma(j);
	write_quoted(j->out, key);
	(void)fputc(':', j->out);
	j->has_key = true;
}

void json_string(struct json *j, const char *text)
{
	begin_value(j);
	if (text)
		write_quoted(j->out, text);
	else
		(void)fputs("null", j->out);
}

void json_u64(struct json *j, uint64_t value)
{
	begin_value(j);
	(void)fprintf(j->out, "%" PRIu64, value);
}

void json_i64(struct json *j, int64_t value)
{
	begin_value(j);
	(void)fprintf(j->out, "%" PRId64, value);
}

void json_hex(struct json *j, uint64_t value)
{
	begin_value(j);
	(void)fprintf(j->out, "\"0x%" PRIx64 "\"", value);
}

void json_double(struct json *j, double value)
{
	begin_value(j);
	if (isfinite(value))
		(void)fprintf(j->out, "%.15g", value);
	else
		(void)fputs("null", j->out);
}

void json_bool(struct json *j, bool value)
{
	begin_value(j);
	(void)fputs(value ? "true" : "false", j->out);
}

void json_key_string(struct json *j, const char *key, const char *text)
{
	json_key(j, key);
	json_string(j, text);
}

void json_key_u64(struct json *j, const char *key, uint64_t value)
{
	json_key(j, key);
	json_u64(j, value);
}

void json_key_i64(struct json *j, const char *key, int64_t value)
{
	json_key(j, key);
	json_i64(j, value);
}

void json_key_double(struct json *j, const char *key, double value)
{
	json_key(j, key);
	json_double(j, value);
}

/* 15 digits hold a day to the nanosecond. */
void json_key_seconds(struct json *j, const char *key, uint64_t ns)
{
	json_key_double(j, key, (double)ns / 1e9);
}

void json_key_bool(struct json *j, const char *key, bool value)
{
	json_key(j, key);
	json_bool(j, value);
}

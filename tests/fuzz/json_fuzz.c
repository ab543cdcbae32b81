// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The input is a program for the JSON writer: a byte says what comes next, strings take what
 * follows up to a NUL. The output is read back by a validator small enough to be obviously right.
 */
#include "base/json.h"
#include "base/text.h"
#include "fuzz.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct input {
	const uint8_t *at, *end;
};

/* The next bytes up to a NUL or the end, as text to be freed. */
static char *take_text(struct input *in)
{
	size_t len = strnlen((const char *)in->at, (size_t)(in->end - in->at));
	char *text = strndup((const char *)in->at, len);

	assert(text);
	in->at += len + (in->at + len < in->end);
	return text;
}

static uint64_t take_u64(struct input *in)
{
	uint64_t value = 0;

	for (int i = 0; i < 8 && in->at < in->end; i++)
		value = value << 8 | *in->at++;
	return value;
}

static void write_value(struct json *j, uint8_t what, struct input *in)
{
	char *text;
	uint64_t bits;
	double number;

	switch (what % 6) {
	case 0:
		text = take_text(in);
		json_string(j, text);
		free(text);
		break;
	case 1:
		json_u64(j, take_u64(in));
		break;
	case 2:
		json_i64(j, (int64_t)take_u64(in));
		break;
	case 3:
		json_hex(j, take_u64(in));
		break;
	case 4:
		bits = take_u64(in);
		memcpy(&number, &bits, sizeof(number));
		json_double(j, number);
		break;
	default:
		json_bool(j, what & 0x80);
		break;
	}
}

static void write_program(struct json *j, struct input *in)
{
	json_array(j);
	while (in->at < in->end) {
		uint8_t what = *in->at++;

		if (what % 9 == 8 && j->depth > 1) {
			json_end(j);
			continue;
		}
		if (j->is_object[j->depth]) {
			char *key = take_text(in);

			json_key(j, key);
			free(key);
		}
		if (what % 9 == 6 && j->depth + 1 < JSON_DEPTH)
			json_object(j);
		else if (what % 9 == 7 && j->depth + 1 < JSON_DEPTH)
			json_array(j);
		else
			write_value(j, what, in);
	}
	while (j->depth > 0)
		json_end(j);
}

static const char *read_string(const char *at)
{
	assert(*at == '"');
	for (at++; *at != '"';) {
		uint32_t code = 0;
		size_t used = text_decode(at, strlen(at), &code);

		assert(used > 0 && code >= 0x20);
		at += used;
		if (code != '\\')
			continue;
		assert(*at && strchr("\"\\u", *at));
		for (int i = 1; *at == 'u' && i <= 4; i++)
			assert(isxdigit((unsigned char)at[i]));
		at += *at == 'u' ? 5 : 1;
	}
	return at + 1;
}

static const char *read_word(const char *at)
{
	static const char *const words[] = { "true", "false", "null" };
	size_t len;

	for (size_t i = 0; i < 3; i++) {
		if (strncmp(at, words[i], strlen(words[i])) == 0)
			return at + strlen(words[i]);
	}
	at += *at == '-';
	assert(isdigit((unsigned char)*at));
	len = strspn(at, "0123456789.e+-");
	assert(at[len - 1] != '.');
	return at + len;
}

static const char *read_value(const char *at)
{
	char close = *at == '{' ? '}' : ']';

	if (*at == '"')
		return read_string(at);
	if (*at != '{' && *at != '[')
		return read_word(at);
	at++;
	if (*at == close)
		return at + 1;
	for (;;) {
		if (close == '}') {
			at = read_string(at);
			assert(*at == ':');
			at++;
		}
		at = read_value(at);
		if (*at == close)
			return at + 1;
		assert(*at == ',');
		at++;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct json j;

	assert(out);
	json_init(&j, out);
	write_program(&j, &in);
	assert(fclose(out) == 0);
	assert(strlen(text) == len && *read_value(text) == '\0');
	free(text);
	return 0;
}

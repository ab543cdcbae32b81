// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One buffer, refilled; numbers and plain runs of strings are read straight from it. */
#include "heap/json_scan.h"

#include "heap/json_scan_word.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_BYTES (256u << 10)
#define KEY_MAX	     4096
#define AT_END	     256 /* no byte */

int json_scan_init(struct json_scan *s, struct json_source source)
{
	*s = (struct json_scan){ .source = source };
	s->buf = malloc(BUFFER_BYTES);
	s->at = s->end = s->buf;
	return s->buf ? 0 : json_scan_fail(s, -ENOMEM, "out of memory");
}

void json_scan_done(struct json_scan *s)
{
	free(s->buf);
	s->buf = NULL;
}

uint64_t json_scan_offset(const struct json_scan *s)
{
	return s->base + (uint64_t)(s->at - s->buf);
}

int json_scan_fail(struct json_scan *s, int err, const char *why)
{
	if (!s->why)
		s->why = why;
	return err;
}

static int refill(struct json_scan *s)
{
	size_t got = 0;
	int err;

	s->base += (uint64_t)(s->end - s->buf);
	s->at = s->end = s->buf;
	err = s->source.read(s->source.ctx, s->buf, BUFFER_BYTES, &got);
	if (err)
		return json_scan_fail(s, err,
				      err == -EBADMSG ? "is damaged or cut off, as it is packed"
						      : "cannot be read");
	s->end = s->buf + got;
	return 0;
}

/* The next byte, which stays, or AT_END. */
static inline int look(struct json_scan *s)
{
	if (s->at == s->end) {
		int err = refill(s);

		if (err)
			return err;
		if (s->at == s->end)
			return AT_END;
	}
	return *s->at;
}

static inline bool is_blank(int c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static int skip_blanks(struct json_scan *s)
{
	int c = look(s);

	while (is_blank(c)) {
		s->at++;
		c = look(s);
	}
	return c;
}

int json_scan_peek(struct json_scan *s)
{
	int c = skip_blanks(s);

	return c == AT_END ? json_scan_fail(s, -EBADMSG, "ends in the middle") : c;
}

int json_scan_take(struct json_scan *s, unsigned char c)
{
	int got;

	if (s->at < s->end && *s->at == c) {
		s->at++;
		return 0;
	}
	got = json_scan_peek(s);

	if (got < 0)
		return got;
	if (got != c)
		return json_scan_fail(s, -EBADMSG, "is not what stands here in a snapshot");
	s->at++;
	return 0;
}

int json_scan_more(struct json_scan *s, char close, bool *is_first)
{
	int c;

	if (!*is_first && s->at < s->end && *s->at == ',') {
		s->at++;
		return 1;
	}
	c = json_scan_peek(s);
	if (c < 0)
		return c;
	if (c == close) {
		s->at++;
		return 0;
	}
	if (!*is_first) {
		if (c != ',')
			return json_scan_fail(s, -EBADMSG, "has no comma between two values");
		s->at++;
	}
	*is_first = false;
	return 1;
}

int json_scan_u64(struct json_scan *s, uint64_t *ret_value)
{
	uint64_t value = 0;
	int c = json_scan_peek(s);

	if (c < 0)
		return c;
	if (c < '0' || c > '9')
		return json_scan_fail(s, -EBADMSG, "has no whole number where one is due");
	while (c >= '0' && c <= '9') {
		uint64_t digit = (uint64_t)(c - '0');

		if (value > (UINT64_MAX - digit) / 10)
			return json_scan_fail(s, -EBADMSG, "has a number of more than 64 bits");
		value = value * 10 + digit;
		s->at++;
		c = look(s);
	}
	if (c < 0)
		return c;
	if (c == AT_END)
		return json_scan_fail(s, -EBADMSG, "ends in the middle");
	if (c == '.' || c == 'e' || c == 'E')
		return json_scan_fail(s, -EBADMSG, "has a fraction where a whole number is due");
	*ret_value = value;
	return 0;
}

/* --- strings ---------------------------------------------------------------------------------- */

static int append(struct json_scan *s, struct json_text *t, const void *bytes, size_t len)
{
	size_t want = t->cap ? t->cap : 256;
	char *grown;

	if (len > t->max - t->len)
		return json_scan_fail(s, -E2BIG, "has more text than is read");
	while (want - t->len < len)
		want += want / 2 + len;
	if (want > t->cap) {
		grown = realloc(t->at, want);
		if (!grown)
			return json_scan_fail(s, -ENOMEM, "out of memory");
		t->at = grown;
		t->cap = want;
	}
	if (len)
		memcpy(t->at + t->len, bytes, len);
	t->len += len;
	return 0;
}

static int append_code(struct json_scan *s, struct json_text *t, uint32_t code)
{
	uint8_t utf8[4];
	size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	if (!code)
		code = ' ';
	for (size_t i = len; i-- > 1; code >>= 6)
		utf8[i] = (uint8_t)(0x80 | (code & 0x3f));
	utf8[0] = (uint8_t)(lead[len] | code);
	return append(s, t, utf8, len);
}

static int next_byte(struct json_scan *s)
{
	int c = look(s);

	if (c == AT_END)
		return json_scan_fail(s, -EBADMSG, "ends in a string");
	if (c >= 0)
		s->at++;
	return c;
}

static int hex_digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int take_unit(struct json_scan *s, uint32_t *ret_unit)
{
	uint32_t unit = 0;

	for (int i = 0; i < 4; i++) {
		int c = next_byte(s), digit;

		if (c < 0)
			return c;
		digit = hex_digit(c);
		if (digit < 0)
			return json_scan_fail(s, -EBADMSG, "has a bad \\u in a string");
		unit = unit << 4 | (uint32_t)digit;
	}
	*ret_unit = unit;
	return 0;
}

static inline bool is_high(uint32_t unit)
{
	return unit >= 0xd800 && unit < 0xdc00;
}

static inline bool is_low(uint32_t unit)
{
	return unit >= 0xdc00 && unit < 0xe000;
}

static int take_escape(struct json_scan *s, struct json_text *t, uint32_t *high)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	int c = next_byte(s);
	uint32_t unit = 0;
	const char *known;
	int err;

	if (c < 0)
		return c;
	if (c != 'u') {
		known = c ? strchr(from, c) : NULL;
		if (!known)
			return json_scan_fail(s, -EBADMSG, "has an unknown escape in a string");
		return append(s, t, to + (known - from), 1);
	}
	err = take_unit(s, &unit);
	if (err)
		return err;
	if (is_high(unit)) {
		*high = unit;
		return 0;
	}
	return append_code(s, t, is_low(unit) ? 0xfffd : unit);
}

/* The second half of a pair, when that is what comes; U+FFFD stands for a first half alone. */
static int take_low(struct json_scan *s, struct json_text *t, uint32_t *high)
{
	uint32_t first = *high, unit = 0;
	int c = look(s), err;

	*high = 0;
	if (c != '\\')
		return c < 0 ? c : append_code(s, t, 0xfffd);
	s->at++;
	c = look(s);
	if (c != 'u') {
		err = append_code(s, t, 0xfffd);
		return err ? err : take_escape(s, t, high);
	}
	s->at++;
	err = take_unit(s, &unit);
	if (err)
		return err;
	if (is_low(unit))
		return append_code(s, t, 0x10000 + ((first - 0xd800) << 10) + (unit - 0xdc00));
	err = append_code(s, t, 0xfffd);
	if (is_high(unit))
		*high = unit;
	return err || *high ? err : append_code(s, t, unit);
}

/* The first byte at which a run of plain ones ends: a quote, a backslash, a control character. */
static const uint8_t *find_run_end(const uint8_t *p, const uint8_t *end)
{
	for (; end - p >= WORD_BYTES; p += WORD_BYTES) {
		uint64_t word = load_word(p);
		uint64_t quote = word ^ EVERY_BYTE('"'), backslash = word ^ EVERY_BYTE('\\');
		/* What is below 0x20, or 0, borrows its highest bit; a wrong mark is never the
		 * first. */
		uint64_t marks = ((word - EVERY_BYTE(0x20)) & ~word) |
				 ((quote - EVERY_BYTE(1)) & ~quote) |
				 ((backslash - EVERY_BYTE(1)) & ~backslash);

		marks &= EVERY_BYTE(0x80);
		if (marks)
			return p + first_marked(marks);
	}
	while (p < end && *p != '"' && *p != '\\' && *p >= 0x20)
		p++;
	return p;
}

/* What needs no second look, as far as the buffer has it. */
static int take_run(struct json_scan *s, struct json_text *t)
{
	const uint8_t *start = s->at;

	s->at = find_run_end(start, s->end);
	return append(s, t, start, (size_t)(s->at - start));
}

int json_scan_string(struct json_scan *s, struct json_text *text)
{
	uint32_t high = 0;
	int err = json_scan_take(s, '"');

	while (!err) {
		int c;

		if (high) {
			err = take_low(s, text, &high);
			continue;
		}
		c = next_byte(s);
		if (c < 0)
			return c;
		if (c == '"')
			return 0;
		if (c < 0x20)
			return json_scan_fail(s, -EBADMSG, "has a control character in a string");
		if (c == '\\') {
			err = take_escape(s, text, &high);
			continue;
		}
		s->at--; /* it came from the buffer just now */
		err = take_run(s, text);
	}
	return err;
}

int json_scan_key(struct json_scan *s, char *buf, size_t size)
{
	struct json_text key = { .max = KEY_MAX };
	int err = json_scan_string(s, &key);
	size_t len = key.len < size - 1 ? key.len : size - 1;

	if (!err && len)
		memcpy(buf, key.at, len);
	buf[err ? 0 : len] = '\0';
	free(key.at);
	return err ? err : json_scan_take(s, ':');
}

/* --- values nobody asks for ------------------------------------------------------------------- */

static int skip_string(struct json_scan *s)
{
	int c = next_byte(s);

	while (c >= 0 && c != '"') {
		if (c == '\\')
			c = next_byte(s);
		if (c >= 0)
			c = next_byte(s);
	}
	return c < 0 ? c : 0;
}

/* true, null, -1.5e3: not looked at closely. */
static int skip_word(struct json_scan *s)
{
	size_t len = 0;
	int c = look(s);

	while ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == 'E' || c == '.' ||
	       c == '+' || c == '-') {
		len++;
		s->at++;
		c = look(s);
	}
	if (c < 0)
		return c;
	return len ? 0 : json_scan_fail(s, -EBADMSG, "has something that is no value");
}

int json_scan_skip(struct json_scan *s)
{
	uint8_t objects[JSON_SCAN_MAX_DEPTH / 8] = { 0 }; /* a bit for each level */
	size_t depth = 0;

	do {
		int c = json_scan_peek(s), err = 0;

		if (c < 0)
			return c;
		if (c == ',' || c == ':') {
			if (!depth)
				return json_scan_fail(s, -EBADMSG, "has no value where one is due");
			s->at++;
			continue;
		}
		if (c == '[' || c == '{') {
			uint8_t bit = (uint8_t)(1u << depth % 8);

			if (depth == JSON_SCAN_MAX_DEPTH)
				return json_scan_fail(s, -E2BIG, "is nested too deep");
			s->at++;
			objects[depth / 8] =
				(uint8_t)((objects[depth / 8] & ~bit) | (c == '{' ? bit : 0));
			depth++;
			continue;
		}
		if (c == ']' || c == '}') {
			bool is_object;

			if (!depth)
				return json_scan_fail(s, -EBADMSG, "has no value where one is due");
			depth--;
			is_object = objects[depth / 8] >> depth % 8 & 1;
			if (is_object != (c == '}'))
				return json_scan_fail(s, -EBADMSG, "has brackets that do not fit");
			s->at++;
			continue;
		}
		if (c == '"') {
			s->at++;
			err = skip_string(s);
		} else {
			err = skip_word(s);
		}
		if (err)
			return err;
	} while (depth);
	return 0;
}

int json_scan_end(struct json_scan *s)
{
	int c = skip_blanks(s);

	if (c < 0 || c == AT_END)
		return c < 0 ? c : 0;
	return json_scan_fail(s, -EBADMSG, "has something behind its end");
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The inspector's answers; see the header. */
#include "heap/cdp.h"

#include "base/parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define KEY_SIZE   64
#define STATUS_LEN 3

/* --- HTTP ------------------------------------------------------------------------------------- */

static const char *find(struct bytes in, const char *what)
{
	return in.len ? memmem(in.at, in.len, what, strlen(what)) : NULL;
}

/* @len characters at @text as a number. */
static int number_of(const char *text, size_t len, uint64_t *ret)
{
	char number[24];

	if (!len || len >= sizeof(number))
		return -EBADMSG;
	memcpy(number, text, len);
	number[len] = '\0';
	return parse_u64(number, CDP_HTTP_MAX, ret) ? -EBADMSG : 0;
}

struct bytes http_header(struct bytes head, const char *name)
{
	const char *line = find(head, "\r\n"), *end = (const char *)head.at + head.len;
	size_t len = strlen(name);

	while (line) {
		const char *at = line + 2;
		struct bytes rest = { (const uint8_t *)at, (size_t)(end - at) };

		line = find(rest, "\r\n");
		if (!line)
			line = end;
		if ((size_t)(line - at) > len && at[len] == ':' &&
		    strncasecmp(at, name, len) == 0) {
			for (at += len + 1; at < line && *at == ' ';)
				at++;
			while (line > at && line[-1] == ' ')
				line--;
			return (struct bytes){ (const uint8_t *)at, (size_t)(line - at) };
		}
		if (line == end)
			break;
	}
	return (struct bytes){ 0 };
}

int http_answer_read(struct bytes in, struct http_answer *ret)
{
	static const char version[] = "HTTP/1.";
	const char *end = find(in, "\r\n\r\n"), *text = (const char *)in.at;
	size_t status_at = sizeof(version) + 1; /* "HTTP/1.1 " */
	struct http_answer a = { 0 };
	uint64_t status, body_len = 0;
	struct bytes length;

	if (!end)
		return in.len > CDP_HTTP_MAX ? -E2BIG : -EAGAIN;
	a.head = (struct bytes){ in.at, (size_t)(end - text) };
	if (a.head.len < status_at + STATUS_LEN ||
	    memcmp(text, version, sizeof(version) - 1) != 0 ||
	    number_of(text + status_at, STATUS_LEN, &status))
		return -EBADMSG;
	a.status = (unsigned int)status;
	length = http_header(a.head, "Content-Length");
	if (length.len && number_of((const char *)length.at, length.len, &body_len))
		return -EBADMSG;
	if (in.len - a.head.len - 4 < body_len)
		return -EAGAIN;
	a.body = (struct bytes){ in.at + a.head.len + 4, (size_t)body_len };
	*ret = a;
	return 0;
}

/* --- JSON ------------------------------------------------------------------------------------- */

static int read_bytes(void *ctx, void *buf, size_t cap, size_t *ret_len)
{
	struct bytes *rest = ctx;
	size_t len = rest->len < cap ? rest->len : cap;

	if (len)
		memcpy(buf, rest->at, len);
	rest->at += len;
	rest->len -= len;
	*ret_len = len;
	return 0;
}

/* What is done with the member @key of an object, whose value is next. */
typedef int (*member_fn)(struct json_scan *s, const char *key, void *ctx);

static int read_object(struct json_scan *s, member_fn member, void *ctx)
{
	char key[KEY_SIZE];
	bool is_first = true;
	int err = json_scan_take(s, '{');

	while (!err) {
		err = json_scan_more(s, '}', &is_first);
		if (err <= 0)
			return err;
		err = json_scan_key(s, key, sizeof(key));
		if (!err)
			err = member(s, key, ctx);
	}
	return err;
}

/* A string to @buf with a NUL; one that is too long is no such string. */
static int read_short(struct json_scan *s, char *buf, size_t size)
{
	struct json_text text = { .max = size - 1 };
	int err = json_scan_string(s, &text);

	if (!err && text.len)
		memcpy(buf, text.at, text.len);
	if (!err)
		buf[text.len] = '\0';
	free(text.at);
	return err;
}

/* A string to @text, from its start; anything else is skipped. */
static int read_text(struct json_scan *s, struct json_text *text)
{
	int c = json_scan_peek(s);

	if (c < 0)
		return c;
	text->len = 0;
	return c == '"' ? json_scan_string(s, text) : json_scan_skip(s);
}

static int target_member(struct json_scan *s, const char *key, void *ctx)
{
	return strcmp(key, "id") == 0 ? read_short(s, ctx, CDP_ID_MAX) : json_scan_skip(s);
}

/* Letters, digits and "-": it becomes part of a request. */
static bool is_id(const char *id)
{
	static const char known[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ-";

	return *id && !id[strspn(id, known)];
}

int cdp_target_read(struct bytes body, char ret_id[CDP_ID_MAX])
{
	char id[CDP_ID_MAX] = "";
	struct json_scan s;
	int err = json_scan_init(&s, (struct json_source){ read_bytes, &body });

	if (!err)
		err = json_scan_take(&s, '[');
	if (!err)
		err = read_object(&s, target_member, id);
	json_scan_done(&s);
	if (err)
		return err;
	if (!is_id(id))
		return -EBADMSG;
	memcpy(ret_id, id, CDP_ID_MAX);
	return 0;
}

static int value_member(struct json_scan *s, const char *key, void *ctx)
{
	struct cdp_message *m = ctx;

	if (strcmp(key, "value") == 0 || strcmp(key, "message") == 0)
		return read_text(s, &m->value);
	return json_scan_skip(s);
}

static int result_member(struct json_scan *s, const char *key, void *ctx)
{
	struct cdp_message *m = ctx;

	if (strcmp(key, "exceptionDetails") == 0)
		m->is_error = true;
	if (strcmp(key, "result") == 0 && json_scan_peek(s) == '{')
		return read_object(s, value_member, m);
	return json_scan_skip(s);
}

static int params_member(struct json_scan *s, const char *key, void *ctx)
{
	struct cdp_message *m = ctx;

	return strcmp(key, "chunk") == 0 ? read_text(s, &m->chunk) : json_scan_skip(s);
}

static int message_member(struct json_scan *s, const char *key, void *ctx)
{
	struct cdp_message *m = ctx;

	if (strcmp(key, "id") == 0)
		return json_scan_u64(s, &m->id);
	if (strcmp(key, "method") == 0)
		return read_short(s, m->method, sizeof(m->method));
	if (strcmp(key, "params") == 0)
		return read_object(s, params_member, m);
	if (strcmp(key, "result") == 0)
		return read_object(s, result_member, m);
	if (strcmp(key, "error") != 0)
		return json_scan_skip(s);
	m->is_error = true;
	return read_object(s, value_member, m);
}

int cdp_message_read(struct bytes text, struct cdp_message *ret)
{
	struct json_scan s;
	int err = json_scan_init(&s, (struct json_source){ read_bytes, &text });

	ret->id = 0;
	ret->method[0] = '\0';
	ret->is_error = false;
	ret->chunk.len = ret->value.len = 0;
	ret->chunk.max = CDP_CHUNK_MAX;
	ret->value.max = CDP_VALUE_MAX;
	if (!err)
		err = read_object(&s, message_member, ret);
	if (!err)
		err = json_scan_end(&s);
	json_scan_done(&s);
	return err;
}

void cdp_message_done(struct cdp_message *m)
{
	free(m->chunk.at);
	free(m->value.at);
	*m = (struct cdp_message){ 0 };
}

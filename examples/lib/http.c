// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* HTTP/1.1 request heads and replies, as bytes. Only what the servers act on is looked at. */
#include "http.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What the headers say, gathered line by line. */
struct head {
	bool is_http11;
	bool says_close;
	bool says_keep_alive;
	bool has_body;
	unsigned int hosts;
};

bool http_text_is(struct http_text text, const char *expected)
{
	return text.len == strlen(expected) && memcmp(text.at, expected, text.len) == 0;
}

static bool text_is_nocase(struct http_text text, const char *expected)
{
	return text.len == strlen(expected) && strncasecmp(text.at, expected, text.len) == 0;
}

/* Cuts @rest at the first @delimiter and returns what was before it; false when there is none. */
static bool text_cut(struct http_text *rest, const char *delimiter, struct http_text *ret_before)
{
	size_t width = strlen(delimiter);
	const char *end = rest->len ? memmem(rest->at, rest->len, delimiter, width) : NULL;

	if (!end)
		return false;
	ret_before->at = rest->at;
	ret_before->len = (size_t)(end - rest->at);
	rest->at = end + width;
	rest->len -= ret_before->len + width;
	return true;
}

/* As text_cut, but the last piece, up to the end, is one too. False when nothing is left. */
static bool text_next(struct http_text *rest, const char *delimiter, struct http_text *ret_piece)
{
	if (!rest->len)
		return false;
	if (!text_cut(rest, delimiter, ret_piece)) {
		*ret_piece = *rest;
		rest->len = 0;
	}
	return true;
}

static struct http_text text_trim(struct http_text text)
{
	while (text.len && (text.at[0] == ' ' || text.at[0] == '\t')) {
		text.at++;
		text.len--;
	}
	while (text.len && (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\t'))
		text.len--;
	return text;
}

/* Every byte within [low, high], or the one exception. */
static bool text_within(struct http_text text, unsigned char low, unsigned char high,
			unsigned char exception)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if ((c < low || c > high) && c != exception)
			return false;
	}
	return true;
}

static int parse_request_line(struct http_text line, struct http_request *request,
			      struct head *head)
{
	struct http_text target = { 0 };

	if (!text_cut(&line, " ", &request->method) || !text_cut(&line, " ", &target))
		return -EBADMSG;
	if (!request->method.len || !text_within(request->method, 'A', 'Z', 'A'))
		return -EBADMSG;
	if (!target.len || target.at[0] != '/' || !text_within(target, '!', '~', '!'))
		return -EBADMSG;
	head->is_http11 = http_text_is(line, "HTTP/1.1");
	if (!head->is_http11 && !http_text_is(line, "HTTP/1.0"))
		return -EBADMSG;
	if (!text_cut(&target, "?", &request->path)) {
		request->path = target;
		target.len = 0;
	}
	request->query = target;
	return 0;
}

static void read_connection_options(struct http_text value, struct head *head)
{
	struct http_text option = { 0 };

	while (text_next(&value, ",", &option)) {
		option = text_trim(option);
		head->says_close |= text_is_nocase(option, "close");
		head->says_keep_alive |= text_is_nocase(option, "keep-alive");
	}
}

static int parse_header(struct http_text line, struct head *head)
{
	struct http_text name = { 0 };
	struct http_text value;

	if (!text_cut(&line, ":", &name) || !name.len || !text_within(name, '!', '~', '!'))
		return -EBADMSG;
	value = text_trim(line);
	if (!text_within(value, ' ', 0xff, '\t') || memchr(value.at, 0x7f, value.len))
		return -EBADMSG;
	if (text_is_nocase(name, "Connection"))
		read_connection_options(value, head);
	else if (text_is_nocase(name, "Host"))
		head->hosts++;
	else if (text_is_nocase(name, "Transfer-Encoding"))
		head->has_body = true;
	else if (text_is_nocase(name, "Content-Length"))
		head->has_body |= !http_text_is(value, "0");
	return 0;
}

int http_parse(const char *bytes, size_t len, struct http_request *ret_request, size_t *ret_used)
{
	struct http_text rest = { bytes, len < HTTP_HEAD_MAX ? len : HTTP_HEAD_MAX };
	struct http_request request = { 0 };
	struct http_text lines = { 0 };
	struct http_text line = { 0 };
	struct head head = { 0 };
	int err;

	if (!text_cut(&rest, "\r\n\r\n", &lines))
		return len < HTTP_HEAD_MAX ? -EAGAIN : -E2BIG;
	err = text_next(&lines, "\r\n", &line) ? parse_request_line(line, &request, &head)
					       : -EBADMSG;
	while (!err && text_next(&lines, "\r\n", &line))
		err = parse_header(line, &head);
	if (!err && head.hosts != 1 && (head.is_http11 || head.hosts > 1))
		err = -EBADMSG;
	if (err)
		return err;
	request.keep_alive = !head.says_close && (head.is_http11 || head.says_keep_alive);
	request.has_body = head.has_body;
	*ret_request = request;
	*ret_used = (size_t)(rest.at - bytes);
	return 0;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)((at - digits) % 16) : -1;
}

/* One decoded byte from the front of @text, or -EBADMSG. */
static int decode_byte(struct http_text *text)
{
	size_t width = text->at[0] == '%' ? 3 : 1;
	int high, low;
	char c = text->at[0];

	if (text->len < width)
		return -EBADMSG;
	if (width == 3) {
		high = hex_digit(text->at[1]);
		low = hex_digit(text->at[2]);
		if (high < 0 || low < 0 || high + low == 0)
			return -EBADMSG;
		c = (char)(high * 16 + low);
	} else if (c == '+') {
		c = ' ';
	}
	text->at += width;
	text->len -= width;
	return (unsigned char)c;
}

static int decode(struct http_text text, char *ret_value, size_t size)
{
	size_t n = 0;

	while (text.len) {
		int c = decode_byte(&text);

		if (c < 0)
			return c;
		if (n + 1 >= size)
			return -E2BIG;
		ret_value[n++] = (char)c;
	}
	ret_value[n] = '\0';
	return 0;
}

int http_query(const struct http_request *request, const char *name, char *ret_value, size_t size)
{
	struct http_text rest = request->query;
	struct http_text pair = { 0 };
	struct http_text key = { 0 };

	while (text_next(&rest, "&", &pair)) {
		if (text_cut(&pair, "=", &key) && http_text_is(key, name))
			return decode(pair, ret_value, size);
	}
	return -ENOENT;
}

void http_reply_printf(struct http_reply *reply, int status, const char *type, const char *format,
		       ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(reply->body, sizeof(reply->body), format, args);
	va_end(args);
	reply->status = status;
	reply->type = type;
	reply->len = (size_t)len;
	if (len < 0 || (size_t)len >= sizeof(reply->body)) {
		reply->status = 500;
		reply->len = 0;
	}
}

static const char *reason(int status)
{
	static const struct {
		int status;
		const char *text;
	} reasons[] = {
		{ 200, "OK" },
		{ 400, "Bad Request" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 408, "Request Timeout" },
		{ 413, "Content Too Large" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 503, "Service Unavailable" },
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (reasons[i].status == status)
			return reasons[i].text;
	}
	return "Status";
}

size_t http_reply_write(const struct http_reply *reply, bool closing, char *out)
{
	const char *allow = reply->allow;
	int len = snprintf(
		out, HTTP_REPLY_MAX - HTTP_BODY_MAX,
		"HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s%s%s%s\r\n",
		reply->status, reason(reply->status), reply->type, reply->len,
		*allow ? "Allow: " : "", allow, *allow ? "\r\n" : "",
		closing ? "Connection: close\r\n" : "");

	memcpy(out + len, reply->body, reply->len);
	return (size_t)len + reply->len;
}

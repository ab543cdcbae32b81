/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * HTTP/1.1 as bytes: a request head parsed in place, a reply written into a buffer. Nothing is
 * allocated and no descriptor is touched here.
 */
#ifndef EXAMPLE_HTTP_H
#define EXAMPLE_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#define HTTP_HEAD_MAX  8192 /* request line and headers, with the empty line that ends them */
#define HTTP_BODY_MAX  4096 /* of a reply */
#define HTTP_REPLY_MAX (HTTP_BODY_MAX + 512)
#define HTTP_ALLOW_MAX 64

struct http_text {
	const char *at; /* not terminated */
	size_t len;
};

/* Borrows the parsed bytes. */
struct http_request {
	struct http_text method;
	struct http_text path;	/* as sent, without the query */
	struct http_text query; /* after '?', may be empty */
	bool keep_alive;	/* the client wants the connection to stay */
	bool has_body;		/* a body follows: the examples take none */
};

struct http_reply {
	int status;
	const char *type;	    /* of the body, a static string */
	char allow[HTTP_ALLOW_MAX]; /* methods, for 405; else empty */
	size_t len;
	char body[HTTP_BODY_MAX];
};

bool http_text_is(struct http_text text, const char *expected);

/*
 * Reads the first request head of @bytes. 0 with *ret_used bytes taken, -EAGAIN when the head is
 * not complete yet, -E2BIG when it is longer than HTTP_HEAD_MAX, -EBADMSG when it is not HTTP/1.x.
 */
int http_parse(const char *bytes, size_t len, struct http_request *ret_request, size_t *ret_used);

/*
 * Copies the decoded value of query parameter @name, terminated, into @ret_value. -ENOENT when
 * there is none, -E2BIG when it does not fit, -EBADMSG for a broken %xx or an encoded NUL.
 */
int http_query(const struct http_request *request, const char *name, char *ret_value, size_t size);

/* Fills @reply; a body longer than HTTP_BODY_MAX becomes a plain 500. */
__attribute__((format(printf, 4, 5))) void
http_reply_printf(struct http_reply *reply, int status, const char *type, const char *format, ...);

/* Writes head and body; @out has HTTP_REPLY_MAX bytes. Returns the length. */
size_t http_reply_write(const struct http_reply *reply, bool closing, char *out);

#endif

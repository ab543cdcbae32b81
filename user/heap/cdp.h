/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What node's inspector says: the answers of its HTTP side and the messages of the Chrome DevTools
 * Protocol, read from bytes that nobody vouches for.
 */
#ifndef HEAP_CDP_H
#define HEAP_CDP_H

#include "base/bytes.h"
#include "heap/json_scan.h"

#include <stdbool.h>

#define CDP_ID_MAX     64
#define CDP_METHOD_MAX 64
#define CDP_VALUE_MAX  4096
#define CDP_CHUNK_MAX  (16u << 20)
#define CDP_HTTP_MAX   65536 /* head and body */

struct http_answer {
	unsigned int status;
	struct bytes head, body; /* of the input */
};

/*
 * A whole answer (101 has no body). 0; -EAGAIN: more has to come; -EBADMSG; -E2BIG: over
 * CDP_HTTP_MAX.
 */
int http_answer_read(struct bytes in, struct http_answer *ret);

/* The value of the header @name, of any case, without blanks around it; len 0: there is none. */
struct bytes http_header(struct bytes head, const char *name);

/* The id of the first target that /json/list names. 0, -EBADMSG, -ENOMEM. */
int cdp_target_read(struct bytes body, char ret_id[CDP_ID_MAX]);

/* A message; zeroed at birth, ended by cdp_message_done, and may be read into again. */
struct cdp_message {
	uint64_t id;		     /* of the request that it answers, 0: an event */
	char method[CDP_METHOD_MAX]; /* of an event */
	bool is_error;		     /* the request was refused, or what was evaluated has thrown */
	struct json_text chunk;	     /* params.chunk: a piece of a snapshot */
	struct json_text value;	     /* result.result.value when it is a string; error.message */
};

/* 0; -EBADMSG: no such message; -E2BIG; -ENOMEM. */
int cdp_message_read(struct bytes text, struct cdp_message *ret);
void cdp_message_done(struct cdp_message *m);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The link to a Redis that may be away, slow or back again. A call waits for REDIS_WAIT_MS at most;
 * one that lost its connection is tried again, with backoff; after some failures in a row the
 * breaker opens and calls fail at once. One thread.
 */
#ifndef EXAMPLE_REDIS_LINK_H
#define EXAMPLE_REDIS_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "breaker.h"

#define REDIS_WAIT_MS  100
#define REDIS_HOST_MAX 64

struct redisContext;
struct redisReply;

struct redis_address {
	char host[REDIS_HOST_MAX];
	uint16_t port;
};

struct redis_link {
	struct redis_address address;
	struct breaker breaker;
	struct redisContext *context; /* NULL: not connected */
	uint64_t errors;	      /* calls that failed, not those the breaker kept back */
	uint64_t retries;
	uint64_t connects; /* that worked */
	bool is_up;	   /* the last call went well */
	char why[160];	   /* it did not */
};

/* HOST:PORT, the value of --redis; -EINVAL. */
int redis_address_parse(const char *text, struct redis_address *ret_address);

void redis_link_init(struct redis_link *link, const struct redis_address *address);
void redis_link_done(struct redis_link *link); /* disconnects; the next call connects again */

/* One command. NULL: it failed, or the breaker is open. Ended by freeReplyObject. */
struct redisReply *redis_link_ask(struct redis_link *link, int argc, const char **argv);

/* Asks for nothing: is_up is true to what is, and the breaker moves when nobody calls. */
void redis_link_ping(struct redis_link *link);

#endif

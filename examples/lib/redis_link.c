// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* hiredis' blocking calls with a timeout, a retry and a breaker around them. */
#include "redis_link.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/time.h>

#include "backoff.h"
#include "ledger.h"
#include "number.h"
#include "pause.h"
#include "timers.h"

#define ATTEMPTS	 3
#define FAILURES_TO_OPEN 3

static const struct backoff backoff = { .base_ns = 2 * NS_PER_MS, .cap_ns = 10 * NS_PER_MS };

int redis_address_parse(const char *text, struct redis_address *ret_address)
{
	const char *colon = strrchr(text, ':');
	uint32_t port;

	if (!colon || colon == text || (size_t)(colon - text) >= sizeof(ret_address->host) ||
	    number_parse(colon + 1, UINT16_MAX, &port))
		return -EINVAL;
	memset(ret_address->host, 0, sizeof(ret_address->host));
	memcpy(ret_address->host, text, (size_t)(colon - text));
	ret_address->port = (uint16_t)port;
	return 0;
}

static redisContext *redis_connect(const struct redis_address *address)
{
	struct timeval wait = { .tv_usec = (suseconds_t)REDIS_WAIT_MS * 1000 };
	redisContext *context = redisConnectWithTimeout(address->host, address->port, wait);

	if (context && !context->err)
		(void)redisSetTimeout(context, wait); /* a failure is seen by the call */
	return context;
}

void redis_link_init(struct redis_link *link, const struct redis_address *address)
{
	*link = (struct redis_link){
		.address = *address,
		.breaker = { .failures_to_open = FAILURES_TO_OPEN, .open_ns = NS_PER_SEC },
	};
	/* hiredis writes without MSG_NOSIGNAL. */
	(void)signal(SIGPIPE, SIG_IGN);
}

static void link_drop(struct redis_link *link)
{
	if (link->context)
		redisFree(link->context);
	link->context = NULL;
}

void redis_link_done(struct redis_link *link)
{
	link_drop(link);
}

/* NULL with *ret_again: whether to try again makes sense. What waited in vain does not wait twice.
 */
static redisReply *attempt(struct redis_link *link, int argc, const char **argv, bool *ret_again)
{
	redisReply *reply = NULL;
	int err;

	*ret_again = true;
	if (!link->context) {
		link->context = redis_connect(&link->address);
		link->connects += link->context && !link->context->err;
	}
	errno = 0;
	if (link->context && !link->context->err)
		reply = redisCommandArgv(link->context, argc, argv, NULL);
	err = errno;
	if (reply)
		return reply;
	if (err == EAGAIN || err == ETIMEDOUT)
		*ret_again = false;
	(void)snprintf(link->why, sizeof(link->why), "%s",
		       !*ret_again     ? "no answer in time"
		       : link->context ? link->context->errstr
				       : "out of memory");
	link_drop(link); /* an answer that comes late must not be taken for the next one */
	return NULL;
}

static void pause_before_retry(unsigned int retry)
{
	uint32_t chance = UINT32_MAX;

	(void)!getrandom(&chance, sizeof(chance), GRND_NONBLOCK); /* without: the longest pause */
	pause_ns(backoff_ns(&backoff, retry, chance));
}

struct redisReply *redis_link_ask(struct redis_link *link, int argc, const char **argv)
{
	redisReply *reply;
	bool again;

	if (!breaker_allows(&link->breaker, wall_ns()))
		return NULL;
	reply = attempt(link, argc, argv, &again);
	/* The breaker's one try is one. */
	for (unsigned int i = 0;
	     !reply && again && i < ATTEMPTS - 1 && link->breaker.state == BREAKER_CLOSED; i++) {
		pause_before_retry(i);
		link->retries++;
		reply = attempt(link, argc, argv, &again);
	}
	link->is_up = reply != NULL;
	if (reply) {
		breaker_succeeded(&link->breaker);
	} else {
		link->errors++;
		breaker_failed(&link->breaker, wall_ns());
	}
	return reply;
}

void redis_link_ping(struct redis_link *link)
{
	redisReply *reply = redis_link_ask(link, 1, (const char *[]){ "PING" });

	if (reply)
		freeReplyObject(reply);
}

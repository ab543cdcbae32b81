// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Each request works on some messages, each in a buffer. /slow takes the buffers from the allocator
 * and gives them back, /fast keeps them for the next request.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "ledger.h"
#include "server.h"
#include "site.h"

#define MESSAGES      64
#define MESSAGE_BYTES 16384 /* room for the longest; most are short */
#define USED_BYTES    200

enum entry {
	ENTRY_SLOW,
	ENTRY_FAST,
	ENTRIES,
};

static struct ledger_entry ledger[ENTRIES] = {
	[ENTRY_SLOW] = { .function = "handle_anew", .route = "/slow" },
	[ENTRY_FAST] = { .function = "handle_reused", .route = "/fast" },
};

struct message {
	size_t len;
	char text[MESSAGE_BYTES];
};

static struct {
	uint64_t made;
	uint64_t reused;
} messages;

/* --- the work ----------------------------------------------------------------------------------
 */

static uint64_t message_work(struct message *message, unsigned int number, uint64_t digest)
{
	int len = snprintf(message->text, MESSAGE_BYTES, "message %u:", number);

	message->len = USED_BYTES;
	memset(message->text + len, 'a' + (int)(number % 26), USED_BYTES - (size_t)len);
	return digest_add(digest, message->text, message->len);
}

/* All are alive at a time, as those of one request are. */
static uint64_t messages_work(struct message **all)
{
	uint64_t digest = DIGEST_START;

	for (unsigned int i = 0; i < MESSAGES; i++)
		digest = message_work(all[i], i, digest);
	return digest;
}

/* --- /slow and /fast ---------------------------------------------------------------------------
 */

/* As careful code does: no message shows what was in memory before it. */
static struct message *message_new(void)
{
	struct message *message = calloc(1, sizeof(*message));

	messages.made += message != NULL;
	return message;
}

TRUTH_SITE static bool handle_anew(uint64_t *ret_digest)
{
	struct message *all[MESSAGES];
	size_t count = 0;

	while (count < MESSAGES && (all[count] = message_new()))
		count++;
	if (count == MESSAGES)
		*ret_digest = messages_work(all);
	for (size_t i = 0; i < count; i++)
		free(all[i]);
	return count == MESSAGES;
}

/* What is read of a message is what was written for it: only its length starts anew. */
TRUTH_SITE static bool handle_reused(uint64_t *ret_digest)
{
	static struct message *kept[MESSAGES];

	for (size_t i = 0; i < MESSAGES; i++) {
		if (kept[i])
			messages.reused++;
		else
			kept[i] = message_new();
		if (!kept[i])
			return false;
		kept[i]->len = 0;
	}
	*ret_digest = messages_work(kept);
	return true;
}

/* --- routes ------------------------------------------------------------------------------------
 */

static void answer(struct exchange *exchange, enum entry entry,
		   bool (*handle)(uint64_t *ret_digest))
{
	struct stopwatch started = stopwatch_start();
	uint64_t digest = 0;
	bool is_done = handle(&digest);

	ledger_add(&ledger[entry], &started);
	if (is_done)
		http_reply_printf(exchange->reply, 200, "text/plain",
				  "%d messages, digest %016" PRIx64 "\n", MESSAGES, digest);
	else
		exchange_out_of_memory(exchange);
}

static void slow_route(struct exchange *exchange)
{
	answer(exchange, ENTRY_SLOW, handle_anew);
}

static void fast_route(struct exchange *exchange)
{
	answer(exchange, ENTRY_FAST, handle_reused);
}

static void print_truth(FILE *out)
{
	(void)fputs("{\"routes\":", out);
	ledger_print(ledger, ENTRIES, out);
	(void)fprintf(out, ",\"objects\":{\"made\":%" PRIu64 ",\"reused\":%" PRIu64 "}}\n",
		      messages.made, messages.reused);
}

static const struct server_route routes[] = {
	{ "GET", "/slow", slow_route },
	{ "GET", "/fast", fast_route },
};

int main(int argc, char **argv)
{
	static const struct server_app app = {
		.name = "object-reuse",
		.summary = "Buffers made anew for each request (/slow), or kept (/fast).",
		.routes = routes,
		.route_count = sizeof(routes) / sizeof(routes[0]),
		.truth = print_truth,
	};

	return server_main(&app, argc, argv);
}

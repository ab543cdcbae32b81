// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The same list of articles as JSON: /slow builds a tree of values (jansson) and prints it, /fast
 * knows the shape beforehand and writes what is between the values as it is.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "ledger.h"
#include "server.h"
#include "site.h"

#define ARTICLES     24
#define ARTICLE_NAME 48

enum entry {
	ENTRY_SLOW,
	ENTRY_FAST,
	ENTRIES,
};

static struct ledger_entry ledger[ENTRIES] = {
	[ENTRY_SLOW] = { .function = "write_tree", .route = "/slow" },
	[ENTRY_FAST] = { .function = "write_template", .route = "/fast" },
};

struct article {
	unsigned int id;
	char name[ARTICLE_NAME];
	unsigned int price_cents;
	bool in_stock;
	unsigned int sizes[3];
};

static struct article articles[ARTICLES];

/* --- /slow -------------------------------------------------------------------------------------
 */

/* NULL when memory is short; jansson's setters take what they are given, also NULL, which fails. */
static json_t *article_tree(const struct article *article)
{
	json_t *sizes = json_array();
	json_t *tree = json_object();
	int failed = 0;

	for (size_t i = 0; i < 3; i++)
		failed |= json_array_append_new(sizes, json_integer(article->sizes[i]));
	failed |= json_object_set_new(tree, "id", json_integer(article->id));
	failed |= json_object_set_new(tree, "name", json_string(article->name));
	failed |= json_object_set_new(tree, "price_cents", json_integer(article->price_cents));
	failed |= json_object_set_new(tree, "in_stock", json_boolean(article->in_stock));
	failed |= json_object_set_new(tree, "sizes", sizes);
	if (failed) {
		json_decref(tree);
		return NULL;
	}
	return tree;
}

TRUTH_SITE static size_t write_tree(char *out, size_t size)
{
	json_t *list = json_array();
	int failed = 0;
	size_t len;

	for (size_t i = 0; i < ARTICLES; i++)
		failed |= json_array_append_new(list, article_tree(&articles[i]));
	len = failed ? 0 : json_dumpb(list, out, size, JSON_COMPACT);
	json_decref(list);
	return len <= size ? len : 0;
}

/* --- /fast -------------------------------------------------------------------------------------
 * The caller has room for the longest list: LONGEST_ARTICLE is what one can be.
 */

#define LONGEST_ARTICLE                                                                            \
	(sizeof("{'id':,'name':'','price_cents':,'in_stock':false,'sizes':[,,]},") + 5UL * 10 +    \
	 6UL * ARTICLE_NAME)

#define PUT_LITERAL(out, text) put_bytes(out, text, sizeof(text) - 1)

static char *put_bytes(char *out, const char *at, size_t len)
{
	memcpy(out, at, len);
	return out + len;
}

static char *put_number(char *out, unsigned int number)
{
	char digits[10];
	size_t i = sizeof(digits);

	do
		digits[--i] = (char)('0' + number % 10);
	while (number /= 10);
	return put_bytes(out, digits + i, sizeof(digits) - i);
}

/* What JSON wants escaped: quotes, backslashes and control characters. UTF-8 stays as it is. */
static char *put_escaped(char *out, unsigned char c)
{
	static const char letters[] = "\b\f\n\r\t\"\\", names[] = "bfnrt\"\\";
	const char *at = c ? strchr(letters, c) : NULL;

	*out++ = '\\';
	if (at) {
		*out++ = names[at - letters];
		return out;
	}
	out = PUT_LITERAL(out, "u00");
	*out++ = "0123456789ABCDEF"[c >> 4];
	*out++ = "0123456789ABCDEF"[c & 15];
	return out;
}

static char *put_string(char *out, const char *text)
{
	*out++ = '"';
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < ' ' || c == '"' || c == '\\')
			out = put_escaped(out, c);
		else
			*out++ = *text;
	}
	*out++ = '"';
	return out;
}

static char *put_article(char *out, const struct article *article)
{
	out = PUT_LITERAL(out, "{\"id\":");
	out = put_number(out, article->id);
	out = PUT_LITERAL(out, ",\"name\":");
	out = put_string(out, article->name);
	out = PUT_LITERAL(out, ",\"price_cents\":");
	out = put_number(out, article->price_cents);
	out = article->in_stock ? PUT_LITERAL(out, ",\"in_stock\":true,\"sizes\":[")
				: PUT_LITERAL(out, ",\"in_stock\":false,\"sizes\":[");
	for (size_t i = 0; i < 3; i++) {
		if (i)
			*out++ = ',';
		out = put_number(out, article->sizes[i]);
	}
	return PUT_LITERAL(out, "]}");
}

TRUTH_SITE static size_t write_template(char *out, size_t size)
{
	char *at = out;

	for (size_t i = 0; i < ARTICLES; i++) {
		if (size - (size_t)(at - out) < LONGEST_ARTICLE + 1)
			return 0;
		*at++ = i ? ',' : '[';
		at = put_article(at, &articles[i]);
	}
	*at++ = ']';
	return (size_t)(at - out);
}

/* --- routes ------------------------------------------------------------------------------------
 */

static void answer(struct exchange *exchange, enum entry entry, size_t (*write)(char *, size_t))
{
	struct stopwatch started = stopwatch_start();
	struct http_reply *reply = exchange->reply;

	reply->type = "application/json";
	reply->len = write(reply->body, sizeof(reply->body));
	ledger_add(&ledger[entry], &started);
	if (!reply->len)
		exchange_out_of_memory(exchange);
}

static void slow_route(struct exchange *exchange)
{
	answer(exchange, ENTRY_SLOW, write_tree);
}

static void fast_route(struct exchange *exchange)
{
	answer(exchange, ENTRY_FAST, write_template);
}

static void print_truth(FILE *out)
{
	(void)fputs("{\"routes\":", out);
	ledger_print(ledger, ENTRIES, out);
	(void)fputs("}\n", out);
}

/* Names with all that has to be escaped. */
static int start(struct server *server)
{
	static const char *const names[] = { "tea pot, 1.5 l", "\"best\" cup",
					     "back\\slash",    "two\nlines",
					     "tab\tand \x01",  "caf\303\251 cr\303\250me" };

	(void)server;
	for (unsigned int i = 0; i < ARTICLES; i++) {
		articles[i] = (struct article){ .id = i + 1,
						.price_cents = 7919 * i % 10007,
						.in_stock = i % 3 != 0,
						.sizes = { i, 10 * i, 1000 * i } };
		(void)snprintf(articles[i].name, ARTICLE_NAME, "%s", names[i % 6]);
	}
	return 0;
}

static const struct server_route routes[] = {
	{ "GET", "/slow", slow_route },
	{ "GET", "/fast", fast_route },
};

int main(int argc, char **argv)
{
	static const struct server_app app = {
		.name = "fast-json",
		.summary = "A list as JSON: by a tree of values (/slow), by a template (/fast).",
		.routes = routes,
		.route_count = sizeof(routes) / sizeof(routes[0]),
		.start = start,
		.truth = print_truth,
	};

	return server_main(&app, argc, argv);
}

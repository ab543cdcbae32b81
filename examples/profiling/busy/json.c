// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A catalogue of 20,000 articles as one JSON document, and a small recursive parser. The question
 * is always for the price of one article: the fault is to parse the whole document for it, the
 * repair is to know where each record begins.
 */
#include "faults.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "site.h"

#define RECORD_BYTES_MAX 160
#define DEPTH_MAX	 16

struct parser {
	const char *at;
	const char *end;
	unsigned int depth;
	uint32_t wanted_id;
	uint64_t last_id; /* of the record being parsed */
	uint64_t price;
	bool is_found;
};

static char *catalog;
static size_t catalog_len;
static size_t record_begins[CATALOG_ARTICLES + 1]; /* the last: the closing bracket */

int catalog_start(void)
{
	size_t size = (size_t)CATALOG_ARTICLES * RECORD_BYTES_MAX;
	size_t len = 1;

	catalog = malloc(size);
	if (!catalog)
		return -ENOMEM;
	catalog[0] = '[';
	for (unsigned int id = 0; id < CATALOG_ARTICLES; id++) {
		record_begins[id] = len;
		len += (size_t)snprintf(catalog + len, size - len,
					"{\"id\":%u,\"name\":\"article number %u\",\"price\":%u,"
					"\"tags\":[\"new\",\"in stock\"],\"weight\":%u.5}%s",
					id, id, id * 7 + 100, id % 90,
					id + 1 < CATALOG_ARTICLES ? "," : "");
	}
	record_begins[CATALOG_ARTICLES] = len;
	catalog[len++] = ']';
	catalog_len = len;
	return 0;
}

size_t catalog_bytes(void)
{
	return catalog_len;
}

/* --- the parser --------------------------------------------------------------------------------
 */

static int parse_value(struct parser *parser, uint64_t *ret_number);

static bool take(struct parser *parser, char c)
{
	if (parser->at == parser->end || *parser->at != c)
		return false;
	parser->at++;
	return true;
}

TRUTH_SITE static int parse_string(struct parser *parser, const char **ret_at, size_t *ret_len)
{
	const char *begin = parser->at + 1;

	if (!take(parser, '"'))
		return -EBADMSG;
	while (parser->at < parser->end && *parser->at != '"')
		parser->at += *parser->at == '\\' && parser->end - parser->at > 1 ? 2 : 1;
	*ret_at = begin;
	*ret_len = (size_t)(parser->at - begin);
	return take(parser, '"') ? 0 : -EBADMSG;
}

/* Digits and one point, as the document has them; the whole part is the value. */
TRUTH_SITE static int parse_number(struct parser *parser, uint64_t *ret_number)
{
	const char *begin = parser->at;
	uint64_t number = 0;

	while (parser->at < parser->end && *parser->at >= '0' && *parser->at <= '9')
		number = number * 10 + (uint64_t)(*parser->at++ - '0');
	if (take(parser, '.')) {
		while (parser->at < parser->end && *parser->at >= '0' && *parser->at <= '9')
			parser->at++;
	}
	*ret_number = number;
	return parser->at > begin ? 0 : -EBADMSG;
}

TRUTH_SITE static int parse_member(struct parser *parser)
{
	const char *key = NULL;
	uint64_t number = 0;
	size_t len = 0;

	if (parse_string(parser, &key, &len) || !take(parser, ':') || parse_value(parser, &number))
		return -EBADMSG;
	if (len == 2 && memcmp(key, "id", 2) == 0)
		parser->last_id = number;
	if (len == 5 && memcmp(key, "price", 5) == 0 && parser->last_id == parser->wanted_id) {
		parser->price = number;
		parser->is_found = true;
	}
	return 0;
}

/* What stands between brackets, with commas between. */
TRUTH_SITE static int parse_list(struct parser *parser, char close)
{
	uint64_t unused;

	parser->at++;
	if (take(parser, close))
		return 0;
	do {
		if (close == '}' ? parse_member(parser) : parse_value(parser, &unused))
			return -EBADMSG;
	} while (take(parser, ','));
	return take(parser, close) ? 0 : -EBADMSG;
}

TRUTH_SITE static int parse_value(struct parser *parser, uint64_t *ret_number)
{
	const char *text;
	size_t len;
	int err;

	if (parser->at == parser->end || parser->depth == DEPTH_MAX)
		return -EBADMSG;
	parser->depth++;
	if (*parser->at == '{')
		err = parse_list(parser, '}');
	else if (*parser->at == '[')
		err = parse_list(parser, ']');
	else if (*parser->at == '"')
		err = parse_string(parser, &text, &len);
	else
		err = parse_number(parser, ret_number);
	parser->depth--;
	return err;
}

static int find_price(uint32_t id, const char *at, const char *end, uint64_t *ret_price)
{
	struct parser parser = { .at = at, .end = end, .wanted_id = id, .last_id = UINT64_MAX };
	uint64_t unused;

	if (parse_value(&parser, &unused) || parser.at != end)
		return -EBADMSG;
	if (!parser.is_found)
		return -ENODATA;
	*ret_price = parser.price;
	return 0;
}

TRUTH_SITE int find_price_in_catalog(uint32_t id, uint64_t *ret_price)
{
	return find_price(id, catalog, catalog + catalog_len, ret_price);
}

TRUTH_SITE int find_price_in_record(uint32_t id, uint64_t *ret_price)
{
	const char *end;

	if (id >= CATALOG_ARTICLES)
		return -ENODATA;
	end = catalog + record_begins[id + 1];
	if (id + 1 < CATALOG_ARTICLES)
		end--; /* the comma */
	return find_price(id, catalog + record_begins[id], end, ret_price);
}

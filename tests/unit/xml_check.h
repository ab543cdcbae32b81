/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Is that XML? Enough of a check for what our own writer makes: tags balance, attributes are
 * quoted, references are known, text is UTF-8 without controls, CDATA sections end.
 */
#ifndef TESTS_UNIT_XML_CHECK_H
#define TESTS_UNIT_XML_CHECK_H

#include "base/text.h"

#include <stdbool.h>
#include <string.h>

#define XML_CHECK_DEPTH 16
#define XML_CHECK_NAME	32

struct xml_check {
	const char *at, *end;
	char open[XML_CHECK_DEPTH][XML_CHECK_NAME];
	int depth;
	int scripts; /* elements of that name */
};

static inline bool xml_check_reference(struct xml_check *x)
{
	static const char *const known[] = { "&amp;", "&lt;", "&gt;", "&quot;",
					     "&#39;", "&#9;", "&#10;" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t len = strlen(known[i]);

		if ((size_t)(x->end - x->at) >= len && memcmp(x->at, known[i], len) == 0) {
			x->at += len;
			return true;
		}
	}
	return false;
}

/* One character of text, or of an attribute that ends at @quote. */
static inline bool xml_check_char(struct xml_check *x)
{
	uint32_t code = 0;
	size_t used = text_decode(x->at, (size_t)(x->end - x->at), &code);

	if (*x->at == '&')
		return xml_check_reference(x);
	if (!used || *x->at == '<' || (code < 0x20 && code != '\n' && code != '\t') ||
	    code == 0xfffe || code == 0xffff)
		return false;
	x->at += used;
	return true;
}

static inline bool xml_check_skip(struct xml_check *x, const char *end)
{
	const char *found = memmem(x->at, (size_t)(x->end - x->at), end, strlen(end));

	if (found)
		x->at = found + strlen(end);
	return found != NULL;
}

static inline bool xml_check_close(struct xml_check *x)
{
	size_t len = strcspn(x->at + 2, ">");
	bool is_same = x->depth > 0 && strlen(x->open[x->depth - 1]) == len &&
		       memcmp(x->open[x->depth - 1], x->at + 2, len) == 0;

	x->depth--;
	x->at += len + 3;
	return is_same;
}

static inline bool xml_check_attribute(struct xml_check *x)
{
	x->at += strcspn(x->at, "=<>/\"");
	if (x->at[0] != '=' || x->at[1] != '"')
		return false;
	for (x->at += 2; *x->at != '"';) {
		if (x->at == x->end || !xml_check_char(x))
			return false;
	}
	x->at++;
	return true;
}

static inline bool xml_check_open(struct xml_check *x)
{
	size_t len = strcspn(++x->at, " \n>/");

	if (len == 0 || len >= XML_CHECK_NAME || x->depth == XML_CHECK_DEPTH)
		return false;
	memcpy(x->open[x->depth], x->at, len);
	x->open[x->depth][len] = '\0';
	x->scripts += strcmp(x->open[x->depth], "script") == 0;
	x->at += len;
	for (;;) {
		x->at += strspn(x->at, " \n");
		if (*x->at == '>') {
			x->at++;
			x->depth++;
			return true;
		}
		if (x->at[0] == '/' && x->at[1] == '>') {
			x->at += 2;
			return true;
		}
		if (!xml_check_attribute(x))
			return false;
	}
}

/* @text is NUL-terminated. Where it stopped is in @x->at. */
static inline bool xml_check(struct xml_check *x, const char *text)
{
	*x = (struct xml_check){ .at = text, .end = text + strlen(text) };
	while (x->at < x->end) {
		bool is_right;

		if (strncmp(x->at, "<?", 2) == 0)
			is_right = xml_check_skip(x, "?>");
		else if (strncmp(x->at, "<!--", 4) == 0)
			is_right = xml_check_skip(x, "-->");
		else if (strncmp(x->at, "<![CDATA[", 9) == 0)
			is_right = xml_check_skip(x, "]]>");
		else if (strncmp(x->at, "</", 2) == 0)
			is_right = xml_check_close(x);
		else if (*x->at == '<')
			is_right = xml_check_open(x);
		else
			is_right = xml_check_char(x);
		if (!is_right)
			return false;
	}
	return x->depth == 0;
}

#endif

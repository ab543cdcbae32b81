// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Lists with parameters, taken apart in place: nothing is copied and nothing allocated. */
#include "base/http_headers.h"

#include "base/bytes.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

struct span {
	const char *at;
	size_t len;
};

static struct span trimmed(struct span s)
{
	while (s.len && (*s.at == ' ' || *s.at == '\t')) {
		s.at++;
		s.len--;
	}
	while (s.len && (s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* What stands before @mark, without blanks around it; @rest is then what follows it. */
static struct span take_until(struct span *rest, char mark)
{
	const char *end = memchr(rest->at, mark, rest->len);
	struct span before = { rest->at, end ? (size_t)(end - rest->at) : rest->len };
	size_t used = before.len + (end ? 1 : 0);

	rest->at += used;
	rest->len -= used;
	return trimmed(before);
}

static bool is_same(struct span s, const char *text)
{
	return s.len == strlen(text) && strncasecmp(s.at, text, s.len) == 0;
}

static struct span unquoted(struct span s)
{
	if (s.len >= 2 && s.at[0] == '"' && s.at[s.len - 1] == '"')
		return (struct span){ s.at + 1, s.len - 2 };
	return s;
}

/* "0.75" is 750. What is no quality (0 to 1, three digits) is none: 0. */
static unsigned int quality_of(struct span s)
{
	unsigned int value = 0, scale = 1000;

	if (s.len == 0 || s.len > 5 || (s.at[0] != '0' && s.at[0] != '1') ||
	    (s.len > 1 && s.at[1] != '.'))
		return 0;
	value = (unsigned int)(s.at[0] - '0') * 1000;
	for (size_t i = 2; i < s.len; i++) {
		if (!isdigit((unsigned char)s.at[i]))
			return 0;
		scale /= 10;
		value += (unsigned int)(s.at[i] - '0') * scale;
	}
	return value > 1000 ? 0 : value;
}

/* Of the parameters of one range: its quality, or 0 when its version is another one. */
static unsigned int weight_of(struct span parameters, const char *version)
{
	unsigned int weight = 1000;

	while (parameters.len) {
		struct span value = take_until(&parameters, ';');
		struct span name = take_until(&value, '=');

		value = unquoted(trimmed(value));
		if (is_same(name, "q"))
			weight = quality_of(value);
		else if (version && is_same(name, "version") && !is_same(value, version))
			return 0;
	}
	return weight;
}

/* How closely a range fits: 0 not at all, 1 star, 2 "type" and star, 3 all of it. */
static int fit_of(struct span range, const char *type)
{
	size_t main_len = strcspn(type, "/") + 1; /* with the slash */

	if (is_same(range, type))
		return 3;
	if (range.len == main_len + 1 && range.at[main_len] == '*' &&
	    strncasecmp(range.at, type, main_len) == 0)
		return 2;
	return is_same(range, "*/*") || is_same(range, "*") ? 1 : 0;
}

/* Of several ranges that fit equally well, the one that wants it most: versions are such. */
static unsigned int list_weight(const char *list, const char *type, const char *version)
{
	struct span rest = { list, strlen(list) };
	unsigned int best = 0;
	int best_fit = 0;

	while (rest.len) {
		struct span parameters = take_until(&rest, ',');
		struct span range = take_until(&parameters, ';');
		int fit = fit_of(range, type);
		unsigned int weight = fit ? weight_of(parameters, version) : 0;

		if (fit > best_fit || (fit == best_fit && weight > best)) {
			best_fit = fit;
			best = weight;
		}
	}
	return best;
}

unsigned int http_accept_weight(const char *accept, const char *type, const char *version)
{
	return accept ? list_weight(accept, type, version) : 1000;
}

unsigned int http_encoding_weight(const char *accept_encoding, const char *coding)
{
	return accept_encoding ? list_weight(accept_encoding, coding, NULL) : 0;
}

/* 127.x.y.z, each of at most three digits. */
static bool is_loopback_v4(struct span s)
{
	int dots = 0, digits = 0;

	if (s.len < 9 || strncmp(s.at, "127.", 4) != 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		bool is_dot = s.at[i] == '.';

		if (is_dot ? digits == 0 : !isdigit((unsigned char)s.at[i]) || digits == 3)
			return false;
		dots += is_dot;
		digits = is_dot ? 0 : digits + 1;
	}
	return dots == 3 && digits > 0;
}

static bool is_digits(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!isdigit((unsigned char)s.at[i]))
			return false;
	return true;
}

bool http_host_is_loopback(const char *host)
{
	struct span port, name;

	if (!host)
		return false;
	port = trimmed((struct span){ host, strlen(host) });
	if (port.len >= 5 && strncmp(port.at, "[::1]", 5) == 0) {
		port = (struct span){ port.at + 5, port.len - 5 };
		return port.len == 0 ||
		       (*port.at == ':' && is_digits((struct span){ port.at + 1, port.len - 1 }));
	}
	name = take_until(&port, ':');
	return is_digits(port) && (is_same(name, "localhost") || is_loopback_v4(name));
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Takes V8's names apart: what kind, which compiler, function, file, line. */
#include "symbol/perfmap.h"

#include <string.h>

#define MAX_DIGITS 9 /* a line number that fits */

struct slice {
	const char *at;
	size_t len;
};

static bool starts_with(struct slice s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && memcmp(s.at, prefix, len) == 0;
}

static struct slice after(struct slice s, size_t len)
{
	return (struct slice){ s.at + len, s.len - len };
}

/* Cuts ":NUMBER" off the end of @s; 0 when there is none. */
static uint32_t cut_number(struct slice *s)
{
	size_t start = s->len;
	uint32_t value = 0;

	while (start > 0 && s->at[start - 1] >= '0' && s->at[start - 1] <= '9')
		start--;
	if (start == 0 || start == s->len || s->len - start > MAX_DIGITS || s->at[start - 1] != ':')
		return 0;
	for (size_t i = start; i < s->len; i++)
		value = value * 10 + (uint32_t)(s->at[i] - '0');
	s->len = start - 1;
	return value;
}

static bool is_file_start(struct slice s)
{
	static const char *const starts[] = {
		"/",	 "node:",  "file:", "http:",	   "https:",	    "data:",
		"blob:", "[eval]", "[std",  "evalmachine", "[worker eval]",
	};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		if (starts_with(s, starts[i]))
			return true;
	}
	return false;
}

/* Where the blank between function and file is; the length of @s when there is no file. */
static size_t find_file(struct slice s)
{
	/* An accessor is called "get x". */
	size_t first = starts_with(s, "get ") || starts_with(s, "set ") ? 4 : 0;
	const char *blank;

	if (s.len > 0 && s.at[s.len - 1] == ' ')
		return s.len - 1; /* a script without a name */
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] == ' ' && is_file_start(after(s, i + 1)))
			return i;
	}
	blank = memchr(s.at + first, ' ', s.len - first);
	return blank ? (size_t)(blank - s.at) : s.len;
}

static void copy(char to[TEXT_MAX], struct slice s)
{
	/* It is a part of a text that fits, unless somebody passed what was never cleaned. */
	if (s.len >= TEXT_MAX)
		s.len = TEXT_MAX - 1;
	memcpy(to, s.at, s.len);
	to[s.len] = '\0';
}

/* Cuts the kind and the mark of the compiler off the front of @s. False: it is no function. */
static bool cut_kind(struct slice *s, char *ret_tier, bool *ret_is_script)
{
	static const char *const kinds[] = { "Script:", "Eval:", "JS:", "LazyCompile:",
					     "Function:" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!starts_with(*s, kinds[i]))
			continue;
		*s = after(*s, strlen(kinds[i]));
		if (s->len == 0 || !strchr("*+^~", s->at[0]))
			return false;
		*ret_tier = s->at[0];
		*ret_is_script = i < 2;
		*s = after(*s, 1);
		if ((*ret_tier == '*' || *ret_tier == '+') && starts_with(*s, "'"))
			*s = after(*s, 1);
		return true;
	}
	return false;
}

bool perfmap_js_name(const char *name, struct perfmap_js *ret_js)
{
	struct slice s = { name, strlen(name) };
	uint32_t number;
	size_t blank;
	bool is_script;
	char tier;

	if (!cut_kind(&s, &tier, &is_script))
		return false;
	ret_js->tier = tier;
	number = cut_number(&s);
	ret_js->line = number ? cut_number(&s) : 0;
	ret_js->column = ret_js->line ? number : 0;
	if (!ret_js->line)
		ret_js->line = number;
	blank = find_file(s);
	copy(ret_js->function, (struct slice){ s.at, blank });
	copy(ret_js->file, blank < s.len ? after(s, blank + 1) : (struct slice){ "", 0 });
	if (blank == 0) {
		const char *none = is_script ? "(top level)" : "(anonymous)";

		copy(ret_js->function, (struct slice){ none, strlen(none) });
	}
	return true;
}

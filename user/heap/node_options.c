// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Node takes "--name=value" and "--name value", with - and _ alike, up to the script. Where it is
 * not known whether an option takes the next word, that word is taken for the script: what stands
 * behind is then not believed.
 */
#include "heap/node_options.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define VARIABLE "NODE_OPTIONS="

static const char *const with_value[] = {
	"-r",
	"--require",
	"--import",
	"-e",
	"--eval",
	"-p",
	"-pe",
	"--print",
	"-C",
	"--conditions",
	"--loader",
	"--experimental-loader",
	"--env-file",
	"--title",
	"--input-type",
	"--inspect-port",
	"--diagnostic-dir",
	"--heapsnapshot-signal",
	"--report-signal",
	"--redirect-warnings",
	"--unhandled-rejections",
	"--disable-warning",
};

struct word {
	const char *at;
	size_t len;
};

/* How much of @w is option @name, by itself or before "="; 0: it is another word. */
static size_t match(struct word w, const char *name)
{
	size_t len = strlen(name);

	if (w.len < len || (w.len > len && w.at[len] != '='))
		return 0;
	for (size_t i = 0; i < len; i++) {
		char c = w.at[i] == '_' ? '-' : w.at[i];

		if (c != name[i])
			return 0;
	}
	return len;
}

static bool takes_next(struct word w)
{
	for (size_t i = 0; i < sizeof(with_value) / sizeof(*with_value); i++) {
		if (match(w, with_value[i]) == w.len)
			return true;
	}
	return false;
}

/* The next of words that end with a NUL; a last one without it is one too. */
static bool next_word(struct bytes *text, struct word *ret)
{
	const char *at = (const char *)text->at;
	size_t len, step;

	if (!text->len)
		return false;
	len = strnlen(at, text->len);
	step = len < text->len ? len + 1 : len;
	*ret = (struct word){ at, len };
	*text = (struct bytes){ text->at + step, text->len - step };
	return true;
}

static struct word value_of(struct word w, size_t name_len)
{
	return (struct word){ w.at + name_len + 1, w.len - name_len - 1 };
}

/* @has_script: the first word that is no option, and what stands behind it, is the script's. */
static bool find_in_words(struct bytes words, const char *name, bool has_script, struct word *ret)
{
	struct word w, value;
	bool is_found = false;

	while (next_word(&words, &w)) {
		size_t name_len = match(w, name);

		if (has_script && (w.len < 2 || w.at[0] != '-' || strncmp(w.at, "--", w.len) == 0))
			break;
		if (name_len && name_len < w.len) {
			*ret = value_of(w, name_len);
			is_found = true;
		} else if (takes_next(w) && next_word(&words, &value) && name_len) {
			*ret = value;
			is_found = true;
		}
	}
	return is_found;
}

/*
 * Blanks part words, "..." holds one together, and \ in it keeps the next character. @words has
 * room for as much as @text and a NUL. How much there is of it.
 */
static size_t split_quoted(struct word text, char *words)
{
	bool is_quoted = false, is_open = false;
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (c == ' ' && !is_quoted) {
			if (is_open)
				words[len++] = '\0';
			is_open = false;
			continue;
		}
		is_open = true;
		if (c == '"')
			is_quoted = !is_quoted;
		else if (is_quoted && c == '\\' && i + 1 < text.len)
			words[len++] = text.at[++i];
		else
			words[len++] = c;
	}
	words[len++] = '\0';
	return len;
}

static bool find_in_variable(struct bytes environment, const char *name, char *words,
			     struct word *ret)
{
	struct word w;

	while (next_word(&environment, &w)) {
		struct word value = { w.at + strlen(VARIABLE), w.len - strlen(VARIABLE) };
		size_t len;

		if (w.len < strlen(VARIABLE) || strncmp(w.at, VARIABLE, strlen(VARIABLE)) != 0)
			continue;
		if (value.len >= NODE_OPTIONS_MAX)
			return false;
		len = split_quoted(value, words);
		return find_in_words((struct bytes){ (const uint8_t *)words, len }, name, false,
				     ret);
	}
	return false;
}

int node_option(struct bytes cmdline, struct bytes environment, const char *name, char *buf,
		size_t size)
{
	char words[NODE_OPTIONS_MAX] = "";
	struct word program, value;

	(void)next_word(&cmdline, &program);
	if (!find_in_words(cmdline, name, true, &value) &&
	    !find_in_variable(environment, name, words, &value))
		return -ENODATA;
	if (value.len >= size)
		return -E2BIG;
	memcpy(buf, value.at, value.len);
	buf[value.len] = '\0';
	return 0;
}
